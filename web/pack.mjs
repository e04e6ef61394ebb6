// pack.mjs - what Vite has built, compressed, and listed for the program that it becomes part of
// (src/server/page_store.c).

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../build/web', import.meta.url));

function filesIn(path) {
    return readdirSync(path).sort().map(name => join(path, name))
        .flatMap(file => statSync(file).isDirectory() ? filesIn(file) : [file]);
}

// One line of pages.inc.
function pack(file, number) {
    const plain = readFileSync(file);
    const gzip = gzipSync(plain, { level: 9 });
    const br = brotliCompressSync(plain, { params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    } });
    writeFileSync(`${file}.gz`, gzip);
    writeFileSync(`${file}.br`, br);
    const version = createHash('sha256').update(plain).digest('hex').slice(0, 24);
    const path = `/${relative(folder, file)}`;
    console.log(`${path}  ${plain.length}, gzip ${gzip.length}, br ${br.length}`);
    return `PAGE(page_${number}, "${path}", "${version}", ${plain.length}, ${gzip.length}, ${br.length})\n`;
}

writeFileSync(join(folder, 'pages.inc'), filesIn(folder).map(pack).join(''));
