import {
  MutationCache,
  QueryCache,
  QueryClient,
  QueryClientProvider,
} from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';

import { Refusal } from './api';
import { App } from './app';
import { keptTheme, showTheme } from './theme';
import '../styles/tokens.css';
import '../styles/base.css';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');

showTheme(keptTheme());
const isOut = (error: unknown) => error instanceof Refusal && error.status === 401;
// A session that has ended is noticed with any call: then the sign-in takes the place of the screens.
const leave = () => void client.resetQueries({ queryKey: ['session'] });
const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (isOut(error) && query.queryKey[0] !== 'session') leave();
    },
  }),
  mutationCache: new MutationCache({
    onError: (error, _given, _context, mutation) => {
      if (isOut(error) && !mutation.meta?.signsIn) leave();
    },
  }),
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
