// How large tiles may be, and in how many columns, so that a number of people fill a stage.

export interface Grid {
  columns: number;
  rows: number;
  tileWidth: number; // whole CSS pixels
  tileHeight: number;
}

// Cameras send 16:9. A tile may be narrower, and then crops the sides, down to a shape in which
// a face still sits well: 4:3 on a wide stage, 3:4 on a phone held upright.
const WIDEST = 16 / 9;
const NARROWEST_ON_WIDE = 4 / 3;
const NARROWEST_ON_TALL = 3 / 4;

export function bestGrid(count: number, width: number, height: number, gap: number): Grid {
  const narrowest = width >= height ? NARROWEST_ON_WIDE : NARROWEST_ON_TALL;
  let best: Grid = { columns: 1, rows: 1, tileWidth: 0, tileHeight: 0 };

  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;

    const shape = Math.min(WIDEST, Math.max(narrowest, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * shape));
    const tileHeight = Math.floor(Math.min(cellHeight, cellWidth / shape));
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) {
      best = { columns, rows, tileWidth, tileHeight };
    }
  }
  return best;
}

export function pageCount(count: number, perPage: number): number {
  return Math.max(1, Math.ceil(count / perPage));
}
