import { lazy, Suspense, useEffect } from 'react';

import { parseCode } from './client/code';
import { problem } from './client/problem';
import { Page } from './parts/page';
import { ProblemCard } from './parts/problem-card';
import { navigate, usePath } from './router';
import { parseRoute, type Route } from './client/route';
import { Landing } from './screens/landing';
import { Links } from './screens/links';
import { t } from './text';

// The SDK is five times the size of everything else, so only a meeting loads it.
const Call = lazy(() => import('./screens/call'));
const Docs = lazy(() => import('./screens/docs'));

export function App() {
  const route = parseRoute(usePath());
  useEffect(() => {
    document.title = t('app.name');
  }, [route.screen]);
  return <Screen route={route} />;
}

function Screen({ route }: { route: Route }) {
  switch (route.screen) {
    case 'landing':
      return <Landing />;
    case 'links':
      return <Links room={route.room} />;
    case 'call':
      return <CallByCode typed={route.code} />;
    case 'docs':
      return (
        <Suspense fallback={<Page busy>{null}</Page>}>
          <Docs />
        </Suspense>
      );
    case 'missing':
      return (
        <Page>
          <ProblemCard problem={problem('missing-page')} onAction={() => navigate('/')} />
        </Page>
      );
  }
}

function CallByCode({ typed }: { typed: string }) {
  const code = parseCode(typed);
  if (code === null) {
    return (
      <Page>
        <ProblemCard
          problem={problem('wrong-code', '404')}
          onAction={() => navigate('/', { code: typed })}
        />
      </Page>
    );
  }
  return (
    <Suspense fallback={<Page busy>{null}</Page>}>
      <Call key={code} code={code} />
    </Suspense>
  );
}
