import { defineConfig } from 'vitest/config';

import { ownOrigin } from './tools/own-origin';

export default defineConfig({
  plugins: [ownOrigin()],
  // The SDK reads process.env in the browser, and the page stays blank without it.
  define: { 'process.env': '{}' },
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    // The policy of the page allows no data: styles or scripts, and small files are cheap.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900, // tools/check.mjs knows the real budgets
    rollupOptions: {
      input: ['index.html', 'admin/index.html'],
      onwarn(warning, warn) {
        // radix-ui marks its modules for servers which render React; we have none.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  test: { include: ['src/**/*.test.ts', 'tools/**/*.test.ts'], reporters: ['default'] },
});
