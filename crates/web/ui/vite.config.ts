// How the console is built: one folder `dist` that the binary embeds. `npm run dev` asks a running service for the data
// (HUIYIN_BACKEND, default the address of `make run`).
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const backend = process.env['HUIYIN_BACKEND'] ?? 'http://127.0.0.1:8080'
const proxy = { '/api': backend, '/sign-in': backend }

export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Inlined files would need data: sources in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Curves and maps are libraries of their own, fetched only by the pages that show them.
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  server: { proxy },
  preview: { proxy },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
