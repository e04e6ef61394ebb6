// pages.test.mjs - the pages as files: their headers, codings and conditions, and what may not be in them.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { call } from './lib/api.mjs';
import { HttpConnection } from './lib/http.mjs';
import { connectHttp2, request } from './lib/http2.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { startServer } from './lib/server.mjs';
import { startTlsServer } from './lib/tls.mjs';

const TEST = { timeout: 30000 };
const PAGES = ['/index.html', '/monitor.html', '/recordings.html'];
// Of a page that showed figures which nobody had measured.
const FORBIDDEN = ['statsInterval', 'connectionCheckInterval', 'bitrateValue', 'fpsValue', 'bufferValue', 'droppedValue',
                   'startStatsMonitoring', 'updateStats'];

// As the server sends it: { status, headers, body }, the body as bytes.
async function fetchRaw(server, path, headers = {}, method = 'GET') {
    const connection = new HttpConnection(null, server.httpPort);
    try {
        connection.request(`${method} ${path} HTTP/1.1`, headers);
        const head = await connection.head();
        const hasBody = method !== 'HEAD' && head.status !== 304;
        return { ...head, body: hasBody ? await connection.body(Number(head.headers['content-length'])) : Buffer.alloc(0) };
    } finally {
        connection.close();
    }
}

// Everything that the pages load, by its path: what their text names.
async function allParts(server) {
    const parts = new Map(), wanted = [...PAGES, '/licences.txt'];
    while (wanted.length > 0) {
        const path = wanted.pop();
        if (parts.has(path))
            continue;
        const answer = await fetchRaw(server, path);
        assert.equal(answer.status, 200, path);
        parts.set(path, answer);
        for (const [, name] of answer.body.toString().matchAll(/["'(/](?:\/?assets\/|\.\/)([\w.-]+\.(?:js|css|svg))/g))
            wanted.push(`/assets/${name}`);
    }
    return parts;
}

test('the pages', TEST, async t => {
    const server = await startServer(t), parts = await allParts(server);
    assert.ok(parts.size > 8, `only ${[...parts.keys()]}`);

    await t.test('come plain, and compressed to who takes it, the same each time', async () => {
        for (const [path, { headers, body }] of parts) {
            assert.equal(headers['content-encoding'], undefined);
            assert.equal(headers.vary, 'Accept-Encoding');
            const tags = new Set([headers.etag]);
            for (const [coding, decode] of [['br', brotliDecompressSync], ['gzip', gunzipSync]]) {
                const packed = await fetchRaw(server, path, { 'Accept-Encoding': coding });
                assert.equal(packed.headers['content-encoding'], coding);
                assert.ok(decode(packed.body).equals(body), `${path}, ${coding}`);
                tags.add(packed.headers.etag);
                const head = await fetchRaw(server, path, { 'Accept-Encoding': coding }, 'HEAD');
                assert.deepEqual([head.status, head.headers['content-length'], head.headers.etag],
                                 [200, packed.headers['content-length'], packed.headers.etag]);
            }
            assert.equal(tags.size, 3, 'each form has a tag of its own');
        }
        const both = await fetchRaw(server, '/', { 'Accept-Encoding': 'gzip, deflate, br' });
        assert.equal(both.headers['content-encoding'], 'br');
        assert.equal((await fetchRaw(server, '/', { 'Accept-Encoding': 'br;q=0, gzip;q=0' })).headers['content-encoding'], undefined);
        assert.ok(brotliDecompressSync(both.body).equals(parts.get('/index.html').body), '"/" is index.html');
    });

    await t.test('are kept by browsers as long as is right', async () => {
        for (const [path, { headers }] of parts) {
            const isAsset = path.startsWith('/assets/');
            assert.equal(headers['cache-control'], isAsset ? 'public, max-age=31536000, immutable' : 'no-cache', path);
            assert.match(headers['content-type'], { html: /^text\/html; charset=utf-8$/, js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg/,
                                                    txt: /^text\/plain/ }[path.split('.').pop()]);
            for (const condition of [{ 'If-None-Match': headers.etag }, { 'If-None-Match': `"other", W/${headers.etag}` }, { 'If-None-Match': '*' }]) {
                const unchanged = await fetchRaw(server, path, condition);
                assert.deepEqual([unchanged.status, unchanged.headers.etag], [304, headers.etag]);
            }
            for (const condition of [{ 'If-None-Match': '"other"' }, { 'If-Modified-Since': new Date().toUTCString() }, { Range: 'bytes=0-1' }])
                assert.equal((await fetchRaw(server, path, condition)).status, 200);
            assert.equal((await fetchRaw(server, path, { 'If-Match': '"other"' })).status, 412);
        }
    });

    await t.test('may load from their own host alone, and stand in no frame', async () => {
        for (const path of ['/', ...PAGES]) {
            const { headers } = await fetchRaw(server, path);
            const policy = Object.fromEntries(headers['content-security-policy'].split('; ').map(each => each.split(/ (.*)/)));
            assert.deepEqual(policy, {
                'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'img-src': "'self'", 'media-src': "'self' blob:",
                'connect-src': "'self'", 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'",
                'require-trusted-types-for': "'script'", 'trusted-types': "'none'",
            });
            assert.deepEqual([headers['x-frame-options'], headers['referrer-policy'], headers['x-content-type-options'],
                              headers['cross-origin-opener-policy']], ['DENY', 'no-referrer', 'nosniff', 'same-origin']);
        }
    });

    await t.test('have no figures but measured ones', () => {
        for (const [path, { body }] of parts) {
            const text = body.toString();
            for (const name of FORBIDDEN)
                assert.ok(!text.includes(name), `${path} has ${name}`);
            if (/\/(index|monitor|recordings|shell|player)[^/]*\.js$/.test(path))
                assert.ok(!text.includes('Math.random'), `${path} has Math.random`);
        }
    });

    await t.test('answer to nothing but GET and HEAD, and to no other name', async () => {
        assert.equal((await call(server, 'POST', '/monitor.html', { body: {} })).status, 405);
        for (const path of ['/assets/', '/assets/none.js', '/monitor.html/', '/Monitor.html', '/pages.inc', '/index.html.br', '/assets'])
            assert.equal((await fetchRaw(server, path)).status, 404, path);
    });
});

describe('an operator', () => {
    it('puts pages of his own in their place', TEST, async t => {
        const root = temporaryFolder(t);
        mkdirSync(join(root, 'assets'));
        writeFileSync(join(root, 'monitor.html'), 'my monitor');
        const server = await startServer(t, { 'static.root': root });
        assert.equal((await fetchRaw(server, '/monitor.html')).body.toString(), 'my monitor');
        assert.match((await fetchRaw(server, '/')).body.toString(), /<!doctype html>/);
        assert.equal((await fetchRaw(server, '/recordings.html', {}, 'HEAD')).status, 200);
        assert.equal((await fetchRaw(server, '/nothing.html')).status, 404);
        const [, script] = /src="(\/assets\/[^"]+)"/.exec((await fetchRaw(server, '/')).body.toString());
        assert.equal((await fetchRaw(server, script)).status, 200);
        writeFileSync(join(root, 'index.html'), 'my player');
        assert.equal((await fetchRaw(server, '/')).body.toString(), 'my player');

        const connection = new HttpConnection(t, server.httpPort);
        for (const path of [script, '/monitor.html', '/recordings.html', script])
            connection.request(`GET ${path} HTTP/1.1`);
        for (const length of [null, 10, null, null]) {
            const { status, body } = await connection.response();
            assert.equal(status, 200);
            assert.ok(length === null || body.length === length);
        }
    });

    it('has them over HTTP/2 as well', TEST, async t => {
        const server = await startTlsServer(t);
        const session = await connectHttp2(t, server);
        const answer = await request(session, { ':path': '/', 'accept-encoding': 'gzip' });
        assert.equal(answer.status, 200);
        assert.match(gunzipSync(answer.body).toString(), /<!doctype html>/);
    });
});
