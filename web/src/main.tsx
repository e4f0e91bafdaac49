import { createRoot } from 'react-dom/client';

import { App } from './app';
import { loadLanguage } from './text';
import './styles/tokens.css';
import './styles/base.css';
import './styles/landing.css';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');

// A language which does not load is no reason to show nothing: English is built in.
await loadLanguage(navigator.languages).catch(() => undefined);
createRoot(root).render(<App />);
