// Language and colours.

import { useState } from 'react';

import { chooseLanguage, LANGUAGES, t, useLanguage, type Language } from './text';
import { chooseTheme, keptTheme, THEMES, type Theme } from './theme';
import styles from './admin.module.css';

export function Preferences() {
  const language = useLanguage();
  const [theme, setTheme] = useState(keptTheme);
  return (
    <div className={styles.preferences}>
      <select
        aria-label={t('language')}
        value={language}
        onChange={(event) => chooseLanguage(event.target.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={t('theme')}
        value={theme}
        onChange={(event) => {
          const chosen = event.target.value as Theme;
          setTheme(chosen);
          chooseTheme(chosen);
        }}
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {t(`theme.${one}`)}
          </option>
        ))}
      </select>
    </div>
  );
}
