// The link that the command line printed, as it stood in the address.

import { useEffect, useState } from 'react';

const LINK = '#link=';

function tokenInAddress(): string {
  return location.hash.startsWith(LINK) ? location.hash.slice(LINK.length) : '';
}

// The link's token, which is kept in memory only: out of the address bar, nobody copies it by accident, nor finds it in
// the history. And what forgets it, once it is used.
export function useLink(): [string, () => void] {
  const [token, setToken] = useState(tokenInAddress);
  useEffect(() => {
    const take = () => {
      const found = tokenInAddress();
      if (found === '') return;
      setToken(found);
      history.replaceState(null, '', location.pathname + location.search);
    };
    take();
    window.addEventListener('hashchange', take); // opened where the dashboard stands already
    return () => window.removeEventListener('hashchange', take);
  }, []);
  return [token, () => setToken('')];
}
