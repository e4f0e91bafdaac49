// What ESLint says of the test modules, the tools and the web client. Run from the top of the tree:
//
//     tests/lint/node_modules/.bin/eslint --config tests/lint/eslint.config.mjs --max-warnings 0 .
//
// Spacing is prettier's (web/) or left alone. What matters here: nothing newer than Debian 12's own Node,
// no variable that nobody reads, no name that nobody defined.
import node from 'eslint-plugin-n';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import js from '@eslint/js';
import typescript from 'typescript-eslint';

const OLDEST_NODE = '>=18.18.0';

export default [
  { ignores: ['**/node_modules/', '**/dist/', 'build*/', 'data/', 'tests/vectors/'] },
  js.configs.recommended,
  ...typescript.configs.recommended.map((rules) => ({ ...rules, files: ['web/**/*.ts', 'web/**/*.tsx'] })),
  {
    files: ['tests/**/*.mjs', 'web/tools/*.mjs', 'web/*.ts'],
    plugins: { n: node },
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: {
      'n/no-unsupported-features/node-builtins': ['error', { version: OLDEST_NODE, allowExperimental: true,
        // As an export of its own the first is there since 18.6; the others are the page's.
        ignores: ['test.describe', 'navigator', 'CloseEvent'] }],
      'n/no-unsupported-features/es-builtins': ['error', { version: OLDEST_NODE }],
      'n/no-unsupported-features/es-syntax': ['error', { version: OLDEST_NODE, ignores: ['modules'] }],
    },
  },
  { files: ['tests/browser/*-page.js'], languageOptions: { globals: globals.browser } },
  {
    files: ['web/src/**/*.ts', 'web/src/**/*.tsx'],
    plugins: { 'react-hooks': hooks },
    languageOptions: { globals: globals.browser },
    rules: hooks.configs.recommended.rules,
  },
];
