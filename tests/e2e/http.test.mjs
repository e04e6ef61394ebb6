// http.test.mjs - HTTP-FLV, and HTTP around it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frames } from './lib/canned.mjs';
import { isFrame } from './lib/flv.mjs';
import { fetchOnce, HttpConnection } from './lib/http.mjs';
import { publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

async function liveServer(t, settings) {
    const server = await startServer(t, settings);
    server.publisher = await publish(t, server, PATH, frames({ count: 10 }));
    return server;
}

describe('the response to a viewer', { concurrency: 4 }, () => {
    it('has the type of FLV, may be read by any page, and is not to be kept', TEST, async t => {
        const server = await liveServer(t);
        const viewer = openViewer(t, server, 'http', PATH);
        await viewer.tag(isFrame);
        const { headers } = viewer.head;
        assert.equal(headers['content-type'], 'video/x-flv');
        assert.equal(headers['access-control-allow-origin'], '*');
        assert.match(headers['cache-control'], /no-store|no-cache/);
        assert.equal(headers['content-length'], undefined, 'it has no length');
        assert.equal(headers['x-powered-by'], undefined);
    });

    it('names the origin that the configuration allows', TEST, async t => {
        const server = await liveServer(t, { 'http.allow_origin': 'https://example.org' });
        const viewer = openViewer(t, server, 'http', PATH, { headers: { Origin: 'https://example.org' } });
        await viewer.tag(isFrame);
        assert.equal(viewer.head.headers['access-control-allow-origin'], 'https://example.org');
    });

    it('names no origin when none is allowed', TEST, async t => {
        const server = await liveServer(t, { 'http.allow_origin': '""' });
        const viewer = openViewer(t, server, 'http', PATH);
        await viewer.tag(isFrame);
        assert.equal(viewer.head.headers['access-control-allow-origin'], undefined);
    });

    for (const [what, line, headers] of [
        ['a query', `GET ${PATH}.flv?sign=1-abc HTTP/1.1`, {}],
        ['an escaped name', 'GET /live/%73tream.flv HTTP/1.1', {}],
        ['an absolute target', `GET http://localhost${PATH}.flv HTTP/1.1`, {}],
        ['HTTP/1.0', `GET ${PATH}.flv HTTP/1.0`, { Host: undefined }],
        ['the headers of a browser', `GET ${PATH}.flv HTTP/1.1`,
         { 'User-Agent': 'Mozilla/5.0', Accept: '*/*', Range: 'bytes=0-', 'Accept-Encoding': 'gzip' }],
    ]) {
        it(`to a request with ${what}`, TEST, async t => {
            const server = await liveServer(t);
            const connection = new HttpConnection(t, server.httpPort);
            connection.request(line, headers);
            assert.equal((await connection.head()).status, 200);
            assert.equal((await connection.body(13)).toString('latin1', 0, 3), 'FLV');
        });
    }

    it('ends with the connection when the stream ends', TEST, async t => {
        const server = await liveServer(t);
        const viewer = openViewer(t, server, 'http', PATH);
        await viewer.tag(isFrame);
        server.publisher.close();
        await viewer.ended();
        viewer.reader.assertWhole();
        assert.equal(viewer.connection.error, undefined, 'no reset');
    });

    it('is not mixed with an answer to what the viewer sends besides', TEST, async t => {
        const server = await liveServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        connection.write(`GET ${PATH}.flv HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\n`);
        assert.equal((await connection.head()).status, 200);
        assert.ok(!(await connection.body(3000)).includes('HTTP/1.1'));
    });
});

describe('other requests', { concurrency: 4 }, () => {
    it('HEAD tells what GET would', TEST, async t => {
        const server = await liveServer(t);
        const live = await fetchOnce(server.httpPort, `HEAD ${PATH}.flv HTTP/1.1`);
        assert.equal(live.status, 200);
        assert.equal(live.headers['content-type'], 'video/x-flv');
        assert.equal((await fetchOnce(server.httpPort, 'HEAD /live/nobody.flv HTTP/1.1')).status, 404);
    });

    for (const path of ['/nothing', '/live', '/live/stream', '/live/stream.mp4', '/a/b/c.flv', '/favicon.ico', '/stream.flv']) {
        it(`GET ${path} is 404 with a reason`, TEST, async t => {
            const server = await startServer(t);
            const response = await fetchOnce(server.httpPort, `GET ${path} HTTP/1.1`);
            assert.equal(response.status, 404);
            assert.match(response.headers['content-type'], /^text\/plain/);
            assert.match(response.body, /^404 Not Found: \w+/);
            assert.equal(response.headers['access-control-allow-origin'], '*');
        });
    }

    for (const method of ['DELETE', 'PATCH', 'TRACE']) {
        it(`${method} to a stream is 405 and says what is allowed`, TEST, async t => {
            const server = await startServer(t);
            const response = await fetchOnce(server.httpPort, `${method} ${PATH}.flv HTTP/1.1`, { 'Content-Length': 0 });
            assert.equal(response.status, 405);
            assert.match(response.headers.allow, /\bGET\b.*\bHEAD\b/);
            assert.ok(response.body.length > 0);
        });
    }

    it('OPTIONS lets a page ask first', TEST, async t => {
        const server = await startServer(t);
        const response = await fetchOnce(server.httpPort, `OPTIONS ${PATH}.flv HTTP/1.1`, {
            Origin: 'https://example.org',
            'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'range',
        });
        assert.equal(response.status, 204);
        assert.equal(response.headers['access-control-allow-origin'], '*');
        assert.match(response.headers['access-control-allow-methods'], /\bGET\b/);
        assert.ok(response.headers['access-control-allow-headers'] !== undefined);
    });

    it('OPTIONS * is answered', TEST, async t => {
        const server = await startServer(t);
        assert.equal((await fetchOnce(server.httpPort, 'OPTIONS * HTTP/1.1')).status, 204);
    });
});

describe('a connection', { concurrency: 4 }, () => {
    it('stays for the next request when the first was no stream', TEST, async t => {
        const server = await liveServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        for (let i = 0; i < 5; i++) {
            connection.request(`GET /nothing/${i} HTTP/1.1`);
            assert.equal((await connection.response()).status, 404);
        }
        connection.request(`OPTIONS ${PATH}.flv HTTP/1.1`);
        assert.equal((await connection.response({ method: 'OPTIONS' })).status, 204);
        connection.request(`GET ${PATH}.flv HTTP/1.1`);
        assert.equal((await connection.head()).status, 200);
    });

    it('answers HEAD without a body, whatever the status', TEST, async t => {
        const server = await startServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        for (const path of ['/nothing', '/live/nobody.flv', '/live/.hidden.flv']) {
            connection.request(`HEAD ${path} HTTP/1.1`);
            await connection.response({ method: 'HEAD' });
            connection.request('OPTIONS * HTTP/1.1');
            assert.equal((await connection.response({ method: 'OPTIONS' })).status, 204);
        }
    });

    it('answers requests that come together in their order', TEST, async t => {
        const server = await startServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        connection.write(['/a', '/b.flv', '/c'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('') +
                         'DELETE /live/x.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' +
                         'OPTIONS /live/d.flv HTTP/1.1\r\nHost: a\r\n\r\n');
        const got = [];
        for (const method of ['GET', 'GET', 'GET', 'DELETE', 'OPTIONS'])
            got.push((await connection.response({ method })).status);
        assert.deepEqual(got, [404, 404, 404, 405, 204]);
    });

    it('is closed when the client asks for it, or speaks HTTP/1.0', TEST, async t => {
        const server = await startServer(t);
        for (const [line, headers] of [['GET /x HTTP/1.1', { Connection: 'close' }], ['GET /x HTTP/1.0', {}]]) {
            const connection = new HttpConnection(t, server.httpPort);
            connection.request(line, headers);
            const response = await connection.response();
            assert.equal(response.status, 404);
            assert.equal(response.headers.connection, 'close');
            await connection.waitClosed();
        }
    });

    it('without a request is closed in time', TEST, async t => {
        const server = await startServer(t, { 'limits.idle_s': 1 });
        await new HttpConnection(t, server.httpPort).waitClosed(8000);
    });

    it('with half a request is answered 408 and closed', TEST, async t => {
        const server = await startServer(t, { 'limits.handshake_s': 1 });
        const connection = new HttpConnection(t, server.httpPort);
        connection.write('GET /live/stream.flv HTTP/1.1\r\nHost: ');
        assert.equal((await connection.response()).status, 408);
        await connection.waitClosed();
    });
});

describe('what is no request', { concurrency: 4 }, () => {
    const longName = 'x'.repeat(300);
    const last = ' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', post = 'POST / HTTP/1.1\r\nHost: a\r\n';
    for (const [what, bytes, status] of [
        ['no HTTP at all', 'hello, server\r\n\r\n', 400],
        ['a request line without a version', 'GET /\r\n\r\n', 400],
        ['HTTP/2 in the open', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505]],
        ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
        ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
        ['a space before a colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
        ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n', 400],
        ['bare line feeds', 'GET / HTTP/1.1\nHost: a\n\n', 400],
        ['a NUL', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
        ['a broken escape', 'GET /live/%zz.flv HTTP/1.1\r\nHost: a\r\n\r\n', 400],
        ['an escaped NUL', 'GET /live/%00.flv HTTP/1.1\r\nHost: a\r\n\r\n', 400],
        ['length and chunks', `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
        ['two lengths', `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
        ['a negative length', `${post}Content-Length: -5\r\n\r\n`, 400],
        ['a transfer coding we do not have', `${post}Transfer-Encoding: gzip\r\n\r\n`, [400, 501]],
        ['a header that never ends', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70000)}`, 431],
        ['too many headers', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(1000)}\r\n`, 431],
        ['a target that never ends', `GET /${'y'.repeat(70000)}`, [414, 431]],
        ['a stream name too long', `GET /live/${longName}.flv${last}`, 400],
        ['a stream name with a slash in it', `GET /live/a%2fb.flv${last}`, [400, 404]],
        ['a way up the tree', `GET /live/../../etc/passwd.flv${last}`, [400, 404]],
    ]) {
        it(`${what} is refused with ${status} and the end`, TEST, async t => {
            const server = await startServer(t);
            const connection = new HttpConnection(t, server.httpPort);
            connection.write(bytes);
            const response = await connection.response();
            assert.ok([status].flat().includes(response.status), `${response.status} ${response.reason}`);
            assert.match(response.body, new RegExp(`^${response.status} `), 'the reason is in the body');
            await connection.waitClosed();
            assert.ok(server.isRunning());
        });
    }

    it('a whole one in single bytes is one', TEST, async t => {
        const server = await liveServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        for (const byte of Buffer.from(`GET ${PATH}.flv HTTP/1.1\r\nHost: a\r\n\r\n`))
            await new Promise(resolve => connection.socket.write(Buffer.from([byte]), resolve));
        assert.equal((await connection.head()).status, 200);
    });
});
