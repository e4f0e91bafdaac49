// Which screen an address shows. The server answers these paths, and no others, with the page.

export type Route =
  | { screen: 'landing' }
  | { screen: 'call'; code: string }
  | { screen: 'links'; room: string }
  | { screen: 'docs' }
  | { screen: 'missing' };

export function parseRoute(path: string): Route {
  if (path === '/' || path === '/index.html') return { screen: 'landing' };
  if (path === '/docs') return { screen: 'docs' };
  const call = /^\/m\/([^/]+)\/?$/.exec(path);
  if (call?.[1]) return { screen: 'call', code: decode(call[1]) };
  const links = /^\/meeting\/([^/]+)\/links\/?$/.exec(path);
  if (links?.[1]) return { screen: 'links', room: decode(links[1]) };
  return { screen: 'missing' };
}

export function linksPath(room: string): string {
  return `/meeting/${encodeURIComponent(room)}/links`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % is not worth an error of its own: the code will not match
  }
}
