// http2.test.mjs - HTTP/2 over TLS: all that HTTP/1 serves, many streams on one connection.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { frames, headers, videoTag } from './lib/canned.mjs';
import { assertSameTracks, FlvReader, framesOf, isFrame, isKeyframe, isVideo, readFlv, writeFlv, writeTag } from './lib/flv.mjs';
import { fetchOnce } from './lib/http.mjs';
import { connectHttp2, Http2Viewer, request } from './lib/http2.mjs';
import { film, temporaryFolder } from './lib/media.mjs';
import * as players from './lib/players.mjs';
import { run } from './lib/process.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { openViewers } from './lib/viewers.mjs';
import { poll, within } from './lib/wait.mjs';
import { makeFrame, OPCODE } from './lib/websocket.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/stream';

function folderWith(t, files) {
    const folder = temporaryFolder(t);
    for (const [name, bytes] of Object.entries(files))
        writeFileSync(join(folder, name), bytes);
    return folder;
}

describe('requests over HTTP/2', { concurrency: 4 }, () => {
    it('are answered as over HTTP/1', TEST, async t => {
        const big = Buffer.alloc(1500000, 'film');
        const server = await startTlsServer(t, { 'static.root': folderWith(t, { 'a.txt': 'text', 'big.bin': big }) });
        const session = await connectHttp2(t, server);
        const of1 = (line, headers) => fetchOnce(server.secure.httpPort, `${line} HTTP/1.1`, headers);
        for (const [method, path, extra] of [
            ['GET', '/a.txt'], ['GET', '/nothing'], ['GET', '/live/%zz.flv'], ['DELETE', '/a.txt'], ['OPTIONS', '/a.txt'],
            ['HEAD', '/a.txt'], ['HEAD', `${PATH}.flv`], ['GET', '/a.txt', { range: 'bytes=1-2' }],
            ['GET', '/../etc/passwd'], ['GET', '/a.txt', { 'if-modified-since': new Date().toUTCString() }],
        ]) {
            const two = await request(session, { ':method': method, ':path': path, ...extra });
            const one = await of1(`${method} ${path}`, extra);
            assert.equal(two.status, one.status, `${method} ${path}`);
            for (const name of ['content-type', 'content-length', 'allow', 'cache-control', 'etag', 'content-range',
                                'access-control-allow-origin'])
                assert.equal(two.headers[name], one.headers[name], `${method} ${path}: ${name}`);
            assert.equal(two.headers.connection, undefined);
        }
        const both = await Promise.all([1, 2, 3].map(() => request(session, { ':path': '/big.bin' })));
        for (const { body } of both)
            assert.ok(body.equals(big));
    });

    it('beyond the limits are refused', TEST, async t => {
        const server = await startTlsServer(t);
        const session = await connectHttp2(t, server);
        assert.equal((await request(session, { ':path': `/${'a'.repeat(5000)}` })).status, 414);
        const long = await request(session, { ':path': '/', 'x-long': 'a'.repeat(9000) });
        assert.equal(long.status, 431);
        assert.match(long.body.toString(), /limits\.http_header_size/);
        const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`x-${i}`, '1']));
        assert.equal((await request(session, { ':path': '/', ...many })).status, 431);
        assert.equal((await request(session, { ':path': '/nothing' })).status, 404, 'the connection goes on');
    });

    it('are HTTP/1 if the server does not want HTTP/2', TEST, async t => {
        const server = await startTlsServer(t, { 'http2.streams': 0 });
        const { stdout } = await run('curl', ['-sk', '--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
                                              server.httpsUrl('/nothing')]);
        assert.equal(stdout, '1.1 404');
    });

    it('satisfy nghttp and h2load', TEST, async t => {
        const server = await startTlsServer(t, { 'static.root': folderWith(t, { 'a.txt': 'x'.repeat(20000) }) });
        const { stdout } = await run('nghttp', ['-nv', server.httpsUrl('/a.txt')]);
        assert.match(stdout, /recv \(stream_id=13\) :status: 200/);
        assert.match(stdout, /SETTINGS_ENABLE_CONNECT_PROTOCOL\(0x08\):1/);
        assert.doesNotMatch(stdout, /RST_STREAM/);
        const load = await run('h2load', ['-n', '1000', '-c', '3', '-m', '30', server.httpsUrl('/a.txt')]);
        assert.match(load.stdout, /1000 succeeded, 0 failed, 0 errored, 0 timeout/);
    });

    it('in flight are finished when the server stops', TEST, async t => {
        const server = await startTlsServer(t);
        const session = await connectHttp2(t, server);
        const goaway = new Promise(resolve => session.on('goaway', resolve));
        await publish(t, server, PATH, frames({ count: 5 }));
        const viewer = new Http2Viewer(session, PATH);
        await viewer.frame(4);
        await server.end();
        assert.equal(await viewer.closed(), 0);
        assert.equal(await within(5000, goaway, 'GOAWAY'), 0);
    });
});

describe('streams over HTTP/2', { concurrency: 4 }, () => {
    it('eight on one connection are whole, beside others', TEST, async t => {
        const server = await startTlsServer(t), file = await film('av'), session = await connectHttp2(t, server);
        const viewers = Array.from({ length: 8 }, () => new Http2Viewer(session, PATH));
        const others = openViewers(t, server.secure, PATH);
        await server.viewersCame(PATH, viewers.length + others.length);
        const publisher = players.ffmpegPublisher(t, file, server.rtmpUrl(PATH));
        assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
        const expected = readFlv(file).tags;
        for (const viewer of viewers) {
            assert.equal(await viewer.closed(20000), 0);
            assertSameTracks(viewer.tags, expected, viewer.name);
            viewer.reader.assertWhole();
        }
        for (const viewer of others) {
            await viewer.ended(20000);
            assertSameTracks(viewer.tags, expected, viewer.name);
        }
        assert.equal((await request(session, { ':path': '/nothing' })).status, 404, 'the connection goes on');
    });

    it('one that nobody publishes is not found', TEST, async t => {
        const server = await startTlsServer(t, { 'play.wait_s': 1 }), session = await connectHttp2(t, server);
        const answer = await request(session, { ':path': `${PATH}.flv` });
        assert.equal(answer.status, 404);
        assert.match(answer.body.toString(), /nobody publishes it/);
    });

    it('one that a viewer leaves is left', TEST, async t => {
        const server = await startTlsServer(t), session = await connectHttp2(t, server);
        await publish(t, server, PATH, frames({ count: 5 }));
        const [one, other] = [1, 2].map(() => new Http2Viewer(session, PATH));
        await one.frame(4);
        await other.frame(4);
        one.stream.close(8); // CANCEL
        await server.logged(/stop play \/live\/stream/);
        assert.equal(other.code, null);
    });

    // The window of a stream is its own: what one does not take does not hold up the others.
    it('one that is not read is moved ahead, and the others get everything', TEST, async t => {
        const server = await startTlsServer(t, { 'delivery.lag_ms': 500 });
        const session = await connectHttp2(t, server);
        session.setLocalWindowSize(1 << 24);
        const [slow, quick] = [1, 2].map(() => new Http2Viewer(session, PATH));
        await server.viewersCame(PATH, 2);
        const publisher = await openPublisher(t, server, PATH);
        publisher.setChunkSize(65536);
        sendTags(publisher, [...headers({ audio: false }), videoTag(0, 0, { keyframe: true })]);
        await Promise.all([slow.frame(0), quick.frame(0)]);
        slow.stream.pause();
        for (let n = 1; n <= 100; n++) {
            sendTags(publisher, [videoTag(n, n * 40, { keyframe: n % 10 === 0, size: 20000 })]);
            if (n % 10 === 0)
                await quick.frame(n);
        }
        assert.deepEqual(quick.numbers, Array.from({ length: 101 }, (_, i) => i));
        assert.ok(slow.numbers.length < 20);
        slow.stream.resume();
        await slow.frame(100);
        const after = slow.tags.filter(tag => isFrame(tag) && isVideo(tag));
        const gap = slow.numbers.findIndex((number, i) => number !== i);
        assert.ok(gap > 0, 'nothing was skipped');
        assert.ok(isKeyframe(after[gap]), 'it goes on at a keyframe');
    });

    it('one that takes nothing is closed, and the others go on', TEST, async t => {
        const server = await startTlsServer(t, { 'delivery.stall_s': 2, 'limits.idle_s': 3 });
        const session = await connectHttp2(t, server);
        session.setLocalWindowSize(1 << 24);
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const [stuck, quick] = [1, 2].map(() => new Http2Viewer(session, PATH));
        await Promise.all([stuck.frame(4), quick.frame(4)]);
        stuck.stream.pause();
        sendTags(publisher, frames({ count: 50, first: 5, start_ms: 200, size: 20000 }));
        await quick.frame(54);
        await server.logged(/stop play \/live\/stream: stalled/, { ms: 15000 });
        sendTags(publisher, frames({ count: 1, first: 55, start_ms: 2300 }));
        await quick.frame(55);
        assert.equal(quick.code, null);
    });

    it('are published with POST', TEST, async t => {
        const server = await startTlsServer(t), session = await connectHttp2(t, server);
        const viewers = [...openViewers(t, server, PATH), new Http2Viewer(session, PATH)];
        await server.viewersCame(PATH, viewers.length);
        const tags = [...headers(), ...frames({ count: 60, size: 30000 })];
        const answer = await request(session, { ':method': 'POST', ':path': `${PATH}.flv` }, writeFlv(tags));
        assert.equal(answer.status, 200);
        assert.equal(JSON.parse(answer.body).packets, tags.length);
        for (const viewer of viewers) {
            await viewer.frame(59);
            assert.deepEqual(framesOf(viewer.tags), framesOf(tags), viewer.name);
        }
    });

    it('are published by curl, byte for byte', TEST, async t => {
        const server = await startTlsServer(t), file = await film('av'), session = await connectHttp2(t, server);
        const viewer = new Http2Viewer(session, PATH);
        await server.viewersCame(PATH, 1);
        const { stdout } = await run('curl', ['-sSk', '--http2', '-T', file, '-w', '%{http_version} %{http_code}', '-o',
                                              '/dev/null', server.httpsUrl(`${PATH}.flv`)]);
        assert.equal(stdout, '2 200');
        await viewer.closed(20000);
        assertSameTracks(viewer.tags, readFlv(file).tags, viewer.name);
    });

    it('are refused to a second publisher, and to what is no FLV', TEST, async t => {
        const server = await startTlsServer(t, { 'publish.takeover': 'reject' }), session = await connectHttp2(t, server);
        await publish(t, server, PATH, frames({ count: 5 }));
        const post = { ':method': 'POST', ':path': `${PATH}.flv` };
        assert.equal((await request(session, post, writeFlv(headers()))).status, 409);
        const other = { ':method': 'POST', ':path': '/live/other.flv' };
        assert.equal((await request(session, other, Buffer.from('this is no FLV'))).status, 415);
        assert.equal((await request(session, other, Buffer.alloc(400000, 'x'))).status, 415);
        assert.equal((await request(session, other)).status, 411);
    });
});

describe('WebSocket over HTTP/2', { concurrency: 4 }, () => {
    const open = (session, path, more = {}) => session.request({
        ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13', ...more,
    }, { endStream: false });
    const answered = stream => within(5000, new Promise((resolve, reject) => {
        stream.once('response', resolve);
        stream.once('error', reject);
    }), 'an answer');

    it('plays, one tag a message, and is closed', TEST, async t => {
        const server = await startTlsServer(t), session = await connectHttp2(t, server);
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const stream = open(session, PATH), reader = new FlvReader();
        let bytes = Buffer.alloc(0);
        stream.on('data', piece => { bytes = Buffer.concat([bytes, piece]); });
        const head = await answered(stream);
        assert.equal(head[':status'], 200);
        assert.equal(head['sec-websocket-accept'], undefined);
        const ended = new Promise(resolve => stream.on('end', resolve));
        stream.write(makeFrame(OPCODE.PING, Buffer.from('are you there')));
        await poll(() => bytes.includes('are you there'), 'a pong');
        publisher.close();
        await within(8000, ended, 'the end');
        let close;
        for (let at = 0; at < bytes.length;) {
            const short = bytes[at + 1] < 126, size = short ? bytes[at + 1] : bytes.readUInt16BE(at + 2);
            const payload = bytes.subarray(at + (short ? 2 : 4), at + (short ? 2 : 4) + size);
            if ((bytes[at] & 15) === OPCODE.BINARY)
                reader.push(payload);
            else if ((bytes[at] & 15) === OPCODE.CLOSE)
                close = payload.readUInt16BE();
            at += (short ? 2 : 4) + size;
        }
        assert.equal(close, 1000);
        assert.equal(reader.tags.filter(tag => isFrame(tag) && isVideo(tag)).length, 5);
    });

    it('publishes', TEST, async t => {
        const server = await startTlsServer(t), session = await connectHttp2(t, server);
        const viewer = new Http2Viewer(session, PATH);
        await server.viewersCame(PATH, 1);
        const stream = open(session, PATH, { 'sec-websocket-protocol': 'publisher' });
        const head = await answered(stream);
        assert.equal(head[':status'], 200);
        assert.equal(head['sec-websocket-protocol'], 'publisher');
        const tags = [...headers(), ...frames({ count: 20 })];
        stream.write(makeFrame(OPCODE.BINARY, writeFlv([])));
        for (const tag of tags)
            stream.write(makeFrame(OPCODE.BINARY, writeTag(tag)));
        await viewer.frame(19);
        stream.end();
        await server.logged(/stop push \/live\/stream/);
    });

    it('is refused where it makes no sense', TEST, async t => {
        const server = await startTlsServer(t), session = await connectHttp2(t, server);
        assert.equal((await answered(open(session, PATH, { 'sec-websocket-version': '8' })))[':status'], 426);
        assert.equal((await answered(open(session, '/')))[':status'], 404);
        const other = session.request({ ':method': 'CONNECT', ':protocol': 'connect-udp', ':path': '/' }, { endStream: false });
        assert.equal((await answered(other))[':status'], 501);
    });
});
