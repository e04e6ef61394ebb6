// limits.test.mjs - what is bounded, and what one is told at the bound.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, assertAllowed } from './lib/access.mjs';
import { audioTag, frames, headers, videoTag } from './lib/canned.mjs';
import { patience } from './lib/env.mjs';
import { isFrame, writeFlv, writeTag } from './lib/flv.mjs';
import { fetchOnce, HttpConnection } from './lib/http.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { isStatus, RtmpClient } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, PROTOCOLS } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/stream';

// Whether the server keeps a connection that has just been made from `localAddress`.
async function isKept(t, port, localAddress = '127.0.0.1') {
    const connection = new HttpConnection(t, port, { localAddress });
    await new Promise(resolve => connection.socket.once('connect', resolve).once('error', resolve));
    connection.write('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n');
    try {
        await connection.head();
        return true;
    } catch {
        return false;
    }
}

describe('connections', { concurrency: 4 }, () => {
    it('are refused above limits.connections, whatever the port, and taken again after', TEST, async t => {
        const server = await startServer(t, { 'limits.connections': 3 });
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        assert.ok(await isKept(t, server.httpPort));
        assert.ok(await isKept(t, server.httpPort));
        assert.ok(!await isKept(t, server.httpPort));
        const client = new RtmpClient(server.rtmpPort);
        await client.waitClosed();
        await server.logged(/connection from 127\.0\.0\.1 refused: limits\.connections is reached/);
        publisher.close();
        await poll(() => isKept(t, server.httpPort), 'a place that is free again');
    });

    it('of one address are refused above limits.connections_per_ip, and no others', TEST, async t => {
        const server = await startServer(t, { 'limits.connections_per_ip': 2 });
        assert.ok(await isKept(t, server.httpPort));
        assert.ok(await isKept(t, server.httpPort));
        assert.ok(!await isKept(t, server.httpPort));
        assert.ok(await isKept(t, server.httpPort, '127.0.0.2'));
        await server.logged(/connection from 127\.0\.0\.1 refused: limits\.connections_per_ip is reached/);
    });

    it('that become streams count once', TEST, async t => {
        const server = await startServer(t, { 'limits.connections_per_ip': 4 });
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        for (let i = 0; i < 10; i++) {
            for (const protocol of PROTOCOLS) {
                const viewer = openViewer(t, server, protocol, PATH);
                await viewer.tag(isFrame);
                viewer.close();
            }
        }
        assert.ok(!publisher.closed);
        await poll(() => isKept(t, server.httpPort), 'a place that is free again');
    });

    it('that say nothing are closed, with the limit as the reason', TEST, async t => {
        const server = await startServer(t, { 'limits.handshake_s': 1, 'limits.idle_s': 1 });
        const silent = [new HttpConnection(t, server.rtmpPort), new HttpConnection(t, server.httpPort)];
        const half = new HttpConnection(t, server.httpPort);
        half.write('GET /live/');
        const ready = await RtmpClient.ready(t, server.rtmpPort);
        await Promise.all([...silent, half, ready].map(each => each.waitClosed(10000)));
        await server.logged(/RTMP session .* closes: handshake timed out \(limits\.handshake_s\)/);
        await server.logged(/RTMP session .* closes: idle: neither published nor played \(limits\.idle_s\)/);
        await server.logged(/HTTP session .* closes: request timed out \(limits\.handshake_s\)/);
        await server.logged(/HTTP session .* closes: idle \(limits\.idle_s\)/);
    });
});

describe('limits.viewers_per_stream', { concurrency: 4 }, () => {
    for (const protocol of PROTOCOLS) {
        it(`holds over ${protocol}, on all workers together`, TEST, async t => {
            const server = await startServer(t, { 'limits.viewers_per_stream': 3, workers: 3 });
            await publish(t, server, PATH, frames({ count: 10 }));
            const viewers = ['rtmp', 'http', 'ws'].map(each => openViewer(t, server, each, PATH));
            for (const viewer of viewers)
                await viewer.tag(isFrame);
            for (let i = 0; i < 4; i++) { // whichever worker they come to
                const refused = await ask(t, server, protocol, 'play', PATH);
                assert.equal(refused.allowed, false);
                assert.equal(refused.code, protocol === 'rtmp' ? 'NetStream.Play.Failed' : 503);
                assert.match(refused.why, /limits\.viewers_per_stream is reached/);
                assert.equal(refused.media, 0);
            }
            await server.logged(/play \/live\/stream error, too many viewers: limits\.viewers_per_stream is reached/);
            await assertAllowed(t, server, 'rtmp', 'play', '/live/other'); // another stream has its own
            viewers[0].close();
            const again = await poll(async () => {
                const result = await ask(t, server, 'rtmp', 'play', PATH);
                return result.allowed && result;
            }, 'the place of a viewer that left');
            await again.client.message(message => message.type === 9, 'a frame');
        });
    }

    it('can be an app\'s', TEST, async t => {
        const server = await startServer(t, { 'apps.small.limits.viewers_per_stream': 1 });
        for (const [path, count] of [['/small/s', 1], ['/live/s', 3]])
            for (let i = 0; i < count; i++)
                await assertAllowed(t, server, 'rtmp', 'play', path);
        assert.equal((await ask(t, server, 'rtmp', 'play', '/small/s')).code, 'NetStream.Play.Failed');
    });
});

describe('limits.streams', () => {
    it('is told to who would make one more', TEST, async t => {
        const server = await startServer(t, { 'limits.streams': 1, 'publish.resume_s': 0 });
        await publish(t, server, PATH, frames({ count: 5 }));
        for (const protocol of PROTOCOLS) {
            const refused = await ask(t, server, protocol, 'play', '/live/other');
            assert.equal(refused.allowed, false, protocol);
            assert.match(refused.why, /limits\.streams is reached/);
        }
        const refused = await ask(t, server, 'rtmp', 'publish', '/live/other');
        assert.equal(refused.code, 'NetStream.Publish.BadName');
        assert.match(refused.why, /limits\.streams is reached/);
    });
});

describe('limits.publish_bitrate', { concurrency: 4 }, () => {
    const LIMIT = 400000; // bits a second
    const settings = { 'limits.publish_bitrate': LIMIT };
    const second = (first, bytes) => [
        videoTag(first, first * 1000, { keyframe: true, size: bytes - 200 }), audioTag(first, first * 1000 + 5),
    ];

    it('ends an RTMP publisher that exceeds it for longer than a burst', TEST, async t => {
        const server = await startServer(t, settings);
        const publisher = await openPublisher(t, server, PATH);
        const began = Date.now();
        sendTags(publisher, headers());
        for (let i = 0; !publisher.closed; i++) {
            assert.ok(i < 30 * patience, 'it goes on for ever');
            sendTags(publisher, second(i, LIMIT / 8 * 4));
            await sleep(1000);
        }
        assert.ok(Date.now() - began > 1000, 'not at once');
        const line = await server.logged(/stop push \/live\/stream: too much data for too long: limits\.publish_bitrate is exceeded/);
        assert.ok(line);
        assert.ok(publisher.received.some(isStatus('NetStream.Unpublish.Success')));
    });

    it('ends an HTTP publisher too, with the reason', TEST, async t => {
        const server = await startServer(t, settings);
        const connection = new HttpConnection(t, server.httpPort);
        const chunk = bytes => connection.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
        connection.request(`POST ${PATH}.flv HTTP/1.1`, { 'Transfer-Encoding': 'chunked' });
        chunk(writeFlv(headers()));
        for (let i = 0; connection.pending.length === 0 && !connection.closed; i++) {
            assert.ok(i < 30 * patience, 'it goes on for ever');
            chunk(Buffer.concat(second(i, LIMIT / 8 * 4).map(writeTag)));
            await sleep(1000);
        }
        const response = await connection.response();
        assert.equal(response.status, 413);
        assert.match(response.body, /limits\.publish_bitrate is exceeded/);
    });

    it('leaves alone who keeps to it, a burst at the start and a large keyframe included', TEST, async t => {
        const server = await startServer(t, settings);
        const publisher = await openPublisher(t, server, PATH);
        sendTags(publisher, [...headers(), videoTag(0, 0, { keyframe: true, size: LIMIT / 8 * 3 })]);
        for (let i = 1; i < 8; i++) {
            sendTags(publisher, second(i, LIMIT / 8 * 0.9));
            await sleep(1000);
            assert.ok(!publisher.closed);
        }
    });
});

describe('other limits', { concurrency: 4 }, () => {
    it('limits.message_size is named to the log', TEST, async t => {
        const server = await startServer(t, { 'limits.message_size': 65536 });
        const publisher = await openPublisher(t, server, PATH);
        sendTags(publisher, [...headers(), videoTag(0, 0, { keyframe: true, size: 70000 })]);
        await publisher.waitClosed();
        await server.logged(/stop push \/live\/stream: a message is too large: limits\.message_size is exceeded/);
    });

    it('limits.http_header_size is named in the answer', TEST, async t => {
        const server = await startServer(t, { 'limits.http_header_size': 1024 });
        const response = await fetchOnce(server.httpPort, 'GET /live/s.flv HTTP/1.1', { 'X-Long': 'a'.repeat(2000) });
        assert.equal(response.status, 431);
        assert.match(response.body, /limits\.http_header_size is exceeded/);
    });
});
