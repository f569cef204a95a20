// How the console is built: one folder `dist` that the binary embeds. Development proxies the API to the mock server.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const backend = process.env['HUIYIN_BACKEND'] ?? 'http://127.0.0.1:8099'

export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Inlined files would need data: sources in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': backend, '/sign-in': backend } },
})
