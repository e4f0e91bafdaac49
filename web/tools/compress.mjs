// Writes a .br and a .gz variant next to every text file of the build, so that the server only
// has to choose one. A variant which saves nothing is not written.
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { listFiles } from './files.mjs';

const TEXT = /\.(html|js|css|svg|json|txt)$/;

function brotli(bytes) {
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params });
}

for (const path of listFiles().filter((path) => TEXT.test(path))) {
  const bytes = readFileSync(path);
  const variants = { '.br': brotli(bytes), '.gz': gzipSync(bytes, { level: 9 }) };
  for (const [suffix, packed] of Object.entries(variants)) {
    if (packed.length < bytes.length) writeFileSync(path + suffix, packed);
  }
}
