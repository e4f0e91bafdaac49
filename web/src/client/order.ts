// The people on the first page of the grid.

// Returns `ids` with people who speak moved onto the first page. Only as many change places as
// must: whoever is there already stays, and a newcomer takes the place of the last one who is
// silent. The first place, one's own, is never given away.
export function speakersFirst(
  ids: readonly string[],
  speaking: ReadonlySet<string>,
  perPage: number,
): string[] {
  const order = [...ids];
  for (let from = perPage; from < order.length; from++) {
    const id = order[from];
    if (id === undefined || !speaking.has(id)) continue;
    const to = lastSilent(order, speaking, perPage);
    if (to < 1) break;
    const silent = order[to];
    if (silent === undefined) break;
    order[to] = id;
    order[from] = silent;
  }
  return order;
}

function lastSilent(
  order: readonly string[],
  speaking: ReadonlySet<string>,
  perPage: number,
): number {
  for (let i = Math.min(perPage, order.length) - 1; i > 0; i--) {
    const id = order[i];
    if (id !== undefined && !speaking.has(id)) return i;
  }
  return -1;
}
