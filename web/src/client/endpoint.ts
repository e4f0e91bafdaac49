// Where the SDK finds /init: at our own origin.
//
// Only the origin of this string counts, but the SDK throws unless it contains "https://". On
// plain HTTP a fragment provides that, and is dropped when the SDK builds the address.
export function initEndpoint(origin: string): string {
  return origin.startsWith('https://') ? origin : `${origin}/#https://`;
}
