import { expect, test } from 'vitest';

import { bestGrid, pageCount } from './grid';

// Tiles across and down on a stage of 1280 x 720 with gaps of 10.
test.each([
  [1, 1, 1],
  [2, 2, 1],
  [3, 2, 2],
  [4, 2, 2],
  [5, 3, 2],
  [6, 3, 2],
  [7, 3, 3],
  [9, 3, 3],
])('%i people sit %i across and %i down on a wide stage', (count, columns, rows) => {
  expect(bestGrid(count, 1280, 720, 10)).toMatchObject({ columns, rows });
});

test('two people sit one above the other on an upright phone', () => {
  expect(bestGrid(2, 374, 740, 8)).toMatchObject({ columns: 1, rows: 2 });
});

test('one person on a wide stage gets the whole 16:9', () => {
  expect(bestGrid(1, 1280, 720, 10)).toMatchObject({ tileWidth: 1280, tileHeight: 720 });
});

test('one person on an upright phone gets no sliver', () => {
  const { tileWidth, tileHeight } = bestGrid(1, 300, 900, 8);
  expect([tileWidth, tileHeight]).toEqual([300, 400]);
});

test('tiles never leave the stage', () => {
  for (const [width, height] of [
    [1280, 720],
    [390, 760],
    [320, 480],
    [844, 260],
    [2000, 500],
  ] as const) {
    for (let count = 1; count <= 9; count++) {
      const { columns, rows, tileWidth, tileHeight } = bestGrid(count, width, height, 10);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(tileWidth).toBeGreaterThan(0);
      expect(columns * tileWidth + (columns - 1) * 10).toBeLessThanOrEqual(width);
      expect(rows * tileHeight + (rows - 1) * 10).toBeLessThanOrEqual(height);
    }
  }
});

test('a stage without size, or without people, has no tiles', () => {
  expect(bestGrid(3, 0, 0, 10)).toMatchObject({ tileWidth: 0, tileHeight: 0 });
  expect(bestGrid(0, 1280, 720, 10)).toMatchObject({ tileWidth: 0, tileHeight: 0 });
});

test('the tenth person needs a second page', () => {
  expect(pageCount(0, 9)).toBe(1);
  expect(pageCount(9, 9)).toBe(1);
  expect(pageCount(10, 9)).toBe(2);
});
