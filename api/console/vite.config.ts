import legacy from '@vitejs/plugin-legacy';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { early } from './worker/early.ts';
import { worker } from './worker/plugin.ts';

export default defineConfig({
  base: '/',
  build: {
    cssTarget: 'chrome86',
    manifest: true,
    // One style sheet: a part of it lost on a bad line would not be asked for again.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { input: ['index.html', 'src/early.ts'] },
  },
  plugins: [
    react(),
    // Polyfills only: the floor is Chromium 86, which knows modules.
    legacy({ renderLegacyChunks: false, modernPolyfills: true, modernTargets: ['chrome >= 86'] }),
    worker(),
    early(),
  ],
});
