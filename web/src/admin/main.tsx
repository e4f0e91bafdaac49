import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';

import { Refusal } from './api';
import { App } from './app';
import { keptTheme, showTheme } from './theme';
import '../styles/tokens.css';
import '../styles/base.css';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');

showTheme(keptTheme());
const client = new QueryClient({
  defaultOptions: {
    // What was refused is refused again; a server that restarts is there a moment later.
    queries: {
      retry: (count, error) => error instanceof Refusal && error.status === 0 && count < 2,
    },
  },
});
createRoot(root).render(
  <QueryClientProvider client={client}>
    <App />
  </QueryClientProvider>,
);
