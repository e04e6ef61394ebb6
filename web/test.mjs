// test.mjs - the unit tests of what needs no browser: made plain JavaScript, then run by Node.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('test', import.meta.url));
const outdir = fileURLToPath(new URL('../build/web-test', import.meta.url));
const names = readdirSync(here).filter(name => name.endsWith('.test.ts'));

await build({
    entryPoints: names.map(name => `${here}/${name}`),
    outdir, bundle: true, platform: 'node', format: 'esm', outExtension: { '.js': '.mjs' }, logLevel: 'error',
    loader: { '.css': 'empty', '.svg': 'empty' },
});
const files = names.map(name => `${outdir}/${name.replace(/\.ts$/, '.mjs')}`);
const { status } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
