import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

// A running server, for `npm run dev`.
const server = process.env['MILLRACE_URL'] ?? 'http://127.0.0.1:8000';

// What is built in must come with its licence; the second and third are in the first.
function licences(...names: string[]): Plugin {
    const file = (name: string) =>
        readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), 'utf8').trim();
    return {
        name: 'licences',
        generateBundle() {
            const source = names.map(name => `${name}\n${'='.repeat(name.length)}\n\n${file(name)}\n`).join('\n\n');
            this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
        },
    };
}

export default defineConfig({
    plugins: [licences('mpegts.js', 'es6-promise', 'events', 'uplot')],
    build: {
        outDir: '../build/web',
        emptyOutDir: true,
        target: ['es2021', 'chrome90', 'firefox90', 'safari15'],
        assetsInlineLimit: 0,           // the pages' policy allows no data: URL
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        chunkSizeWarningLimit: 1024,
        rollupOptions: {
            input: ['index.html', 'monitor.html', 'recordings.html'],
            output: {
                entryFileNames: 'assets/[name]-[hash].js',
                chunkFileNames: 'assets/[name]-[hash].js',
                assetFileNames: 'assets/[name]-[hash][extname]',
            },
        },
    },
    server: {
        proxy: {
            '/api': server,
            '^/[^?]*\\.flv': { target: server, ws: true },
        },
    },
});
