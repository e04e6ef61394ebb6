// static.test.mjs - files below static.root: what is served, how, and what is not.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { frames } from './lib/canned.mjs';
import { isSanitized } from './lib/env.mjs';
import { fetchOnce, HttpConnection } from './lib/http.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { run } from './lib/process.mjs';
import { publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const PAGE = '<!doctype html><title>t</title>\n';
const SCRIPT = 'export const answer = 42;\n'.repeat(50);
const BIG = randomBytes(5_000_000);
const MODIFIED = new Date('2024-02-29T12:00:00Z');

// A folder with secrets beside its root, and all that should and should not be served.
function makeRoot(t) {
    const top = temporaryFolder(t), root = join(top, 'root');
    mkdirSync(root);
    const put = (name, content) => writeFileSync(join(root, name), content);
    ['sub', 'empty', 'a b:c', '.git'].forEach(name => mkdirSync(join(root, name)));
    writeFileSync(join(top, 'secret.txt'), 'secret');
    put('index.html', PAGE);
    put('sub/index.html', 'sub');
    put('a b:c/index.html', 'odd');
    put('letters.txt', LETTERS);
    put('empty.txt', '');
    put('app.js', SCRIPT);
    put('app.js.gz', gzipSync(SCRIPT));
    put('app.js.br', brotliCompressSync(Buffer.from(SCRIPT)));
    put('big.bin', BIG);
    put('.hidden', 'hidden');
    put('.git/config', 'hidden');
    put('na\u00efve \u76f4.txt', 'unicode');
    symlinkSync('letters.txt', join(root, 'inside'));
    symlinkSync('../secret.txt', join(root, 'outside'));
    symlinkSync(join(root, 'letters.txt'), join(root, 'absolute'));
    symlinkSync('..', join(root, 'parent'));
    symlinkSync('loop', join(root, 'loop'));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    utimesSync(join(root, 'letters.txt'), MODIFIED, MODIFIED);
    return { top, root };
}

async function fileServer(t, settings) {
    const folders = makeRoot(t);
    return Object.assign(await startServer(t, { 'static.root': folders.root, ...settings }), folders);
}

const get = (server, path, headers) => fetchOnce(server.httpPort, `GET ${path} HTTP/1.1`, headers);
const head = (server, path, headers) => fetchOnce(server.httpPort, `HEAD ${path} HTTP/1.1`, headers);

describe('a file', { concurrency: 4 }, () => {
    it('comes with all that a client needs to know of it', TEST, async t => {
        const server = await fileServer(t);
        const response = await get(server, '/letters.txt');
        assert.equal(response.status, 200);
        assert.equal(response.body, LETTERS);
        const { headers } = response;
        assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
        assert.equal(headers['content-length'], '26');
        assert.equal(headers['accept-ranges'], 'bytes');
        assert.match(headers.etag, /^"[0-9a-f-]+"$/);
        assert.equal(headers['last-modified'], 'Thu, 29 Feb 2024 12:00:00 GMT');
        assert.equal(headers['cache-control'], 'no-cache');
        assert.equal(headers['access-control-allow-origin'], '*');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60000);
    });

    it('is described by HEAD as GET gives it', TEST, async t => {
        const server = await fileServer(t);
        for (const path of ['/letters.txt', '/empty.txt', '/', '/nothing', '/sub', '/.hidden']) {
            const [got, described] = [await get(server, path), await head(server, path)];
            assert.equal(described.status, got.status, path);
            delete got.headers.date;
            delete described.headers.date;
            assert.deepEqual(described.headers, got.headers, path);
        }
    });

    it('may be empty, or have any name', TEST, async t => {
        const server = await fileServer(t);
        assert.equal((await get(server, '/empty.txt')).headers['content-length'], '0');
        assert.equal((await get(server, '/na%C3%AFve%20%E7%9B%B4.txt')).body, 'unicode');
        assert.equal((await get(server, '/l%65tters.txt?x=y')).body, LETTERS);
        assert.equal((await get(server, '/inside')).body, LETTERS, 'a link that stays inside');
    });

    it('is refused to other methods', TEST, async t => {
        const server = await fileServer(t);
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
            const response = await fetchOnce(server.httpPort, `${method} /letters.txt HTTP/1.1`, { 'Content-Length': 0 });
            assert.equal(response.status, 405);
            assert.equal(response.headers.allow, 'GET, HEAD, OPTIONS');
        }
        const options = await fetchOnce(server.httpPort, 'OPTIONS /letters.txt HTTP/1.1');
        assert.equal(options.headers.allow, 'GET, HEAD, OPTIONS');
    });

    it('that is large arrives whole, to several at once', TEST, async t => {
        const server = await fileServer(t);
        await Promise.all([1, 2, 3, 4].map(async () => {
            const response = await fetch(server.httpUrl('/big.bin'));
            assert.ok(Buffer.from(await response.arrayBuffer()).equals(BIG));
        }));
    });

    it('of a folder is its index, after a slash', TEST, async t => {
        const server = await fileServer(t);
        assert.equal((await get(server, '/')).body, PAGE);
        assert.equal((await get(server, '/sub/')).body, 'sub');
        for (const [path, location] of [['/sub', './sub/'], ['/sub?a=b&c', './sub/?a=b&c'], ['/a%20b:c', './a%20b%3Ac/']]) {
            const response = await get(server, path);
            assert.equal(response.status, 308);
            assert.equal(response.headers.location, location);
        }
        const followed = await fetch(server.httpUrl('/a%20b:c'));
        assert.equal(await followed.text(), 'odd');
        assert.equal((await get(server, '/empty/')).status, 404, 'no list of what is in a folder');
        assert.equal((await get(server, '/empty')).status, 404);
    });
});

describe('what is not served', { concurrency: 4 }, () => {
    for (const path of ['/.hidden', '/.git/config', '/sub/.x', '/outside', '/absolute', '/parent/secret.txt', '/loop', '/fifo',
                        '/letters.txt/', '/letters.txt/x', '//letters.txt', '/sub//index.html', '/nothing', '/sub/nothing',
                        '/sub%2findex.html', '/sub%2Findex.html', '/%2fetc/passwd', '//etc/passwd', '/sub%5c..%5cletters.txt',
                        '/...', '/..%20/letters.txt', '/%2eletters', `/${'x'.repeat(300)}`, '/live/stream']) {
        it(`${path.slice(0, 40)} is 404`, TEST, async t => {
            const server = await fileServer(t), response = await get(server, path);
            assert.equal(response.status, 404);
            assert.match(response.body, /^404 Not Found: \w+/);
        });
    }

    for (const path of ['/../secret.txt', '/sub/../../secret.txt', '/%2e%2e/secret.txt', '/%2e%2e%2fsecret.txt', '/..%2fsecret.txt',
                        '/sub/..%2f..%2fsecret.txt', '/.%2e/secret.txt', '/./letters.txt', '/letters.txt%00', '/%00',
                        '/letters.txt%00.html', '/%c0%ae%c0%ae/secret.txt', '/%zz', '/%e0%80%af', '/%ff']) {
        it(`${path} is 400 or 404`, TEST, async t => {
            const server = await fileServer(t), response = await get(server, path);
            assert.ok([400, 404].includes(response.status), `${response.status}`);
            assert.ok(!response.body.includes('secret'));
        });
    }

    it('what the server may not read is 403', { ...TEST, skip: process.getuid() === 0 && 'root may read everything' }, async t => {
        const server = await fileServer(t);
        chmodSync(join(server.root, 'letters.txt'), 0);
        assert.equal((await get(server, '/letters.txt')).status, 403);
    });

    it('anything, when there is no root', TEST, async t => {
        const server = await startServer(t);
        assert.equal((await get(server, '/letters.txt')).status, 404);
        const gone = await startServer(t, { 'static.root': '/nonexistent/folder' });
        assert.equal((await get(gone, '/letters.txt')).status, 404);
    });
});

describe('a range', { concurrency: 4 }, () => {
    for (const [range, status, body, contentRange] of [
        ['bytes=0-0', 206, 'a', 'bytes 0-0/26'],
        ['bytes=1-3', 206, 'bcd', 'bytes 1-3/26'],
        ['bytes=20-', 206, 'uvwxyz', 'bytes 20-25/26'],
        ['bytes=-2', 206, 'yz', 'bytes 24-25/26'],
        ['bytes=-100', 206, LETTERS, 'bytes 0-25/26'],
        ['bytes=24-99999999999999999999', 206, 'yz', 'bytes 24-25/26'],
        ['bytes=26-', 416, null, 'bytes */26'],
        ['bytes=99999999999999999999-', 416, null, 'bytes */26'],
        ['bytes=-0', 416, null, 'bytes */26'],
        ['bytes=5-2', 200, LETTERS],
        ['bytes=0-1,3-4', 200, LETTERS],
        ['bytes=x', 200, LETTERS],
        ['lines=1-2', 200, LETTERS],
    ]) {
        it(`${range} is ${status}`, TEST, async t => {
            const server = await fileServer(t), response = await get(server, '/letters.txt', { Range: range });
            assert.equal(response.status, status);
            assert.equal(response.headers['content-range'], contentRange);
            if (body !== null)
                assert.equal(response.body, body);
        });
    }

    it('of an empty file is everything or nothing', TEST, async t => {
        const server = await fileServer(t);
        assert.equal((await get(server, '/empty.txt', { Range: 'bytes=0-' })).status, 416);
        assert.equal((await get(server, '/empty.txt', { Range: 'bytes=-5' })).status, 200);
    });

    it('is no matter to HEAD', TEST, async t => {
        const server = await fileServer(t), response = await head(server, '/letters.txt', { Range: 'bytes=0-0' });
        assert.equal(response.status, 200);
        assert.equal(response.headers['content-length'], '26');
    });

    it('by curl, and a download that is taken up again', TEST, async t => {
        const server = await fileServer(t), file = join(server.top, 'download'), url = server.httpUrl('/big.bin');
        const part = await run('curl', ['-sS', '-r', '3-9', '-w', ' %{http_code}', server.httpUrl('/letters.txt')]);
        assert.equal(part.stdout, 'defghij 206');
        writeFileSync(file, BIG.subarray(0, 1_234_567));
        await run('curl', ['-sS', '-C', '-', '-o', file, url]);
        await run('cmp', [file, join(server.root, 'big.bin')]);
        const past = await run('curl', ['-sS', '-r', '9999999-', '-o', '/dev/null', '-w', '%{http_code}', url]);
        assert.equal(past.stdout, '416');
    });

    it('under If-Range holds for the same file alone', TEST, async t => {
        const server = await fileServer(t), Range = 'bytes=0-1';
        const { etag, 'last-modified': modified } = (await get(server, '/letters.txt')).headers;
        for (const [value, status] of [[etag, 206], [modified, 206], [`W/${etag}`, 200], ['"other"', 200],
                                       ['Thu, 29 Feb 2024 12:00:01 GMT', 200], ['nonsense', 200]])
            assert.equal((await get(server, '/letters.txt', { Range, 'If-Range': value })).status, status, value);
    });
});

describe('a condition', { concurrency: 4 }, () => {
    it('on the tag or the date spares the body', TEST, async t => {
        const server = await fileServer(t);
        const { etag, 'last-modified': modified } = (await get(server, '/letters.txt')).headers;
        for (const [headers, status] of [
            [{ 'If-None-Match': etag }, 304], [{ 'If-None-Match': `"x", W/${etag}` }, 304], [{ 'If-None-Match': '*' }, 304],
            [{ 'If-None-Match': '"x"' }, 200], [{ 'If-Modified-Since': modified }, 304],
            [{ 'If-Modified-Since': 'Thu, 29 Feb 2024 11:59:59 GMT' }, 200],
            [{ 'If-None-Match': '"x"', 'If-Modified-Since': modified }, 200],
            [{ 'If-Match': etag }, 200], [{ 'If-Match': '"x"' }, 412],
            [{ 'If-Unmodified-Since': 'Thu, 29 Feb 2024 11:59:59 GMT' }, 412],
            [{ 'If-None-Match': etag, Range: 'bytes=0-1' }, 304],
        ]) {
            const response = await get(server, '/letters.txt', headers);
            assert.equal(response.status, status, JSON.stringify(headers));
            if (status === 304) {
                assert.equal(response.headers.etag, etag);
                assert.equal(response.headers['cache-control'], 'no-cache');
                assert.equal(response.headers['content-length'], undefined);
                assert.equal(response.headers.vary, 'Accept-Encoding');
            }
        }
    });

    it('sees every change of the file', TEST, async t => {
        const server = await fileServer(t), file = join(server.root, 'letters.txt'), tags = new Set();
        const look = async () => {
            const { etag } = (await head(server, '/letters.txt')).headers;
            assert.ok(!tags.has(etag), 'a tag of its own');
            tags.add(etag);
        };
        await look();
        writeFileSync(file, LETTERS.toUpperCase());
        await look();
        writeFileSync(file, `${LETTERS}.`);
        utimesSync(file, MODIFIED, MODIFIED);
        await look();
        writeFileSync(`${file}.new`, `${LETTERS}.`);
        utimesSync(`${file}.new`, MODIFIED, MODIFIED);
        linkSync(`${file}.new`, join(server.root, 'again.txt'));
        execFileSync('mv', [`${file}.new`, file]);
        await look();
    });
});

describe('a compressed copy', { concurrency: 4 }, () => {
    it('goes to who takes it', TEST, async t => {
        const server = await fileServer(t);
        const plain = await get(server, '/app.js');
        assert.equal(plain.headers.vary, 'Accept-Encoding');
        assert.equal(plain.headers['content-encoding'], undefined);
        for (const [accepted, coding] of [['gzip', 'gzip'], ['gzip, deflate, br', 'br'], ['br;q=0, gzip', 'gzip'], ['identity', undefined],
                                          ['gzip;q=0', undefined], ['*', 'br']]) {
            const response = await head(server, '/app.js', { 'Accept-Encoding': accepted });
            assert.equal(response.headers['content-encoding'], coding, accepted);
            assert.equal(response.headers['content-type'], 'text/javascript; charset=utf-8');
            assert.equal(response.headers.vary, 'Accept-Encoding');
            assert.equal(response.headers.etag === plain.headers.etag, coding === undefined, 'a tag of its own');
        }
        assert.equal(await (await fetch(server.httpUrl('/app.js'))).text(), SCRIPT);
        const curl = await run('curl', ['-sS', '--compressed', server.httpUrl('/app.js')]);
        assert.equal(curl.stdout, SCRIPT);
    });

    it('is not taken when it is older than the file, nor for what is compressed by itself', TEST, async t => {
        const server = await fileServer(t);
        utimesSync(join(server.root, 'app.js.br'), MODIFIED, MODIFIED);
        assert.equal((await head(server, '/app.js', { 'Accept-Encoding': 'br, gzip' })).headers['content-encoding'], 'gzip');
        writeFileSync(join(server.root, 'big.bin.gz'), 'x');
        const response = await head(server, '/big.bin', { 'Accept-Encoding': 'gzip' });
        assert.equal(response.headers['content-encoding'], undefined);
        assert.equal(response.headers.vary, undefined);
    });
});

describe('a router of its own', { concurrency: 4 }, () => {
    for (const router of ['/files', '/files/', 'files']) {
        it(`${router}: files there and nowhere else`, TEST, async t => {
            const server = await fileServer(t, { 'static.router': router });
            assert.equal((await get(server, '/files/letters.txt')).body, LETTERS);
            assert.equal((await get(server, '/files/')).body, PAGE);
            assert.equal((await get(server, '/files')).headers.location, './files/');
            for (const path of ['/letters.txt', '/filesx/letters.txt', '/file', '/files/../letters.txt', '/files//letters.txt'])
                assert.ok([400, 404].includes((await get(server, path)).status), path);
        });
    }

    it('goes before streams; without one streams go first', TEST, async t => {
        for (const router of ['/', '/live']) {
            const server = await fileServer(t, { 'static.router': router });
            const root = router === '/' ? join(server.root, 'live') : server.root;
            mkdirSync(root, { recursive: true });
            writeFileSync(join(root, 'stream.flv'), 'a file');
            await publish(t, server, '/live/stream', frames({ count: 5 }));
            if (router === '/') {
                await openViewer(t, server, 'http', '/live/stream').started;
            } else {
                const response = await get(server, '/live/stream.flv');
                assert.equal(response.body, 'a file');
                assert.equal(response.headers['content-type'], 'video/x-flv');
            }
        }
    });
});

describe('over TLS', () => {
    it('files arrive whole, one after the other, and in ranges', TEST, async t => {
        const folder = temporaryFolder(t), key = join(folder, 'key.pem'), cert = join(folder, 'cert.pem');
        await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                              '-subj', '/CN=localhost', '-keyout', key, '-out', cert]);
        const server = await fileServer(t, { 'https.port': 0, 'https.key': key, 'https.cert': cert });
        const port = /:(\d+)$/.exec((await server.logged(/listening on https:/)).message)[1];
        const url = name => `https://127.0.0.1:${port}/${name}`, out = name => join(folder, name);
        await run('curl', ['-sSk', '-o', out('1'), url('big.bin'), '-o', out('2'), url('letters.txt'), '-o', out('3'), url('big.bin')]);
        const original = join(server.root, 'big.bin');
        await run('cmp', [out('1'), original]);
        await run('cmp', [out('2'), join(server.root, 'letters.txt')]);
        await run('cmp', [out('3'), original]);
        writeFileSync(out('4'), BIG.subarray(0, 1_000_001));
        await run('curl', ['-sSk', '--limit-rate', '10M', '-C', '-', '-o', out('4'), url('big.bin')]);
        await run('cmp', [out('4'), original]);
    });
});

describe('the connection', { concurrency: 4 }, () => {
    const request = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

    it('goes on after a file, and requests that came together are answered in order', TEST, async t => {
        const server = await fileServer(t), connection = new HttpConnection(t, server.httpPort);
        connection.write(request('/big.bin') + request('/letters.txt') + request('/nothing') + request('/sub') +
                         request('/letters.txt', 'Range: bytes=0-2\r\n') + request('/app.js', 'Content-Length: 5\r\n') + 'hello' +
                         request('/empty.txt') + request('/live/.bad.flv') + request('/letters.txt'));
        const first = await connection.head();
        assert.ok((await connection.body(BIG.length)).equals(BIG));
        assert.equal(first.headers.connection, 'keep-alive');
        const rest = [];
        for (let i = 0; i < 8; i++)
            rest.push(await connection.response());
        assert.deepEqual(rest.map(each => each.status), [200, 404, 308, 206, 200, 200, 400, 200]);
        assert.deepEqual([rest[0].body, rest[3].body, rest[7].body], [LETTERS, 'abc', LETTERS]);
        connection.request('GET /letters.txt HTTP/1.1', { Connection: 'close' });
        assert.equal((await connection.response()).body, LETTERS);
        await connection.waitClosed();
    });

    it('of HTTP/1.0 ends behind the file', TEST, async t => {
        const server = await fileServer(t), connection = new HttpConnection(t, server.httpPort);
        connection.write('GET /big.bin HTTP/1.0\r\n\r\n');
        await connection.head();
        assert.ok((await connection.body(BIG.length)).equals(BIG));
        await connection.waitClosed();
    });

    it('with many requests at once does not grow', TEST, async t => {
        const server = await fileServer(t), connection = new HttpConnection(t, server.httpPort);
        connection.write(request('/letters.txt').repeat(2000));
        for (let i = 0; i < 2000; i++)
            assert.equal((await connection.response()).body, LETTERS);
    });

    it('of a client that does not read waits, and is closed in time', TEST, async t => {
        const server = await fileServer(t, { 'delivery.stall_s': 1 });
        writeFileSync(join(server.root, 'huge.bin'), '');
        truncateSync(join(server.root, 'huge.bin'), 1 << 30);
        await server.logged(/worker 1 runs/); // all that is opened once is open now
        const before = server.residentSize(), files = server.openFiles();
        const connections = Array.from({ length: 10 }, () => new HttpConnection(t, server.httpPort));
        for (const connection of connections) {
            connection.socket.pause();
            connection.write(request('/huge.bin'));
        }
        await poll(() => server.openFiles() > files + 10, 'the files are open');
        await sleep(300);
        if (!isSanitized)
            assert.ok(server.residentSize() - before < 10 << 20, 'memory for ten files is bounded');
        await poll(() => server.openFiles() <= files, () => `${server.openFiles()} descriptors, not ${files}`, 10000);
    });

    it('of a client that goes away in the middle leaves nothing', TEST, async t => {
        const server = await fileServer(t);
        await server.logged(/worker 1 runs/);
        const files = server.openFiles();
        for (let i = 0; i < 30; i++) {
            const connection = new HttpConnection(t, server.httpPort);
            connection.write(request('/big.bin') + request('/big.bin'));
            if (i % 3 > 0)
                await connection.head();
            if (i % 2 === 0)
                connection.socket.resetAndDestroy();
            else
                connection.close();
        }
        await poll(() => server.openFiles() <= files, () => `${server.openFiles()} descriptors, not ${files}`);
    });

    it('is cut when the file becomes shorter on the way', TEST, async t => {
        const server = await fileServer(t), connection = new HttpConnection(t, server.httpPort);
        const file = join(server.root, 'shrinking.bin');
        writeFileSync(file, '');
        truncateSync(file, 100 << 20);
        connection.socket.pause();
        connection.write(request('/shrinking.bin'));
        await sleep(300);
        truncateSync(file, 1000);
        connection.socket.resume();
        assert.equal((await connection.head()).headers['content-length'], `${100 << 20}`);
        await connection.waitClosed();
        assert.ok(connection.pending.length < 100 << 20);
        await server.logged(/ends before its time/);
    });

    it('gets the rest of its file while the server stops', TEST, async t => {
        const server = await fileServer(t), connection = new HttpConnection(t, server.httpPort);
        connection.socket.pause();
        connection.write(request('/big.bin'));
        await sleep(300);
        server.kill();
        await sleep(200);
        connection.socket.resume();
        await connection.head();
        assert.ok((await connection.body(BIG.length)).equals(BIG));
        await connection.waitClosed();
    });

    it('no more files than there may be at a time', TEST, async t => {
        const server = await fileServer(t, { workers: 1 });
        const connections = Array.from({ length: 257 }, () => new HttpConnection(t, server.httpPort));
        for (const connection of connections.slice(0, 256)) {
            connection.socket.pause();
            connection.write(request('/big.bin'));
        }
        await poll(() => server.openFiles() > 512, 'they are open');
        connections[256].write(request('/letters.txt'));
        assert.equal((await connections[256].response()).status, 503);
        connections[0].close();
        await poll(async () => (await get(server, '/letters.txt')).status === 200, 'a place is free again');
    });
});
