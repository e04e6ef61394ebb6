// statistics.test.mjs - what the server says of itself is what its clients have counted.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { call } from './lib/api.mjs';
import { frames, headers, videoTag } from './lib/canned.mjs';
import { root } from './lib/env.mjs';
import { openFlvPublisher } from './lib/flv_publishers.mjs';
import { AUDIO } from './lib/flv.mjs';
import { connectHttp2, Http2Viewer } from './lib/http2.mjs';
import { film, publishArgs } from './lib/media.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { start } from './lib/process.mjs';
import { isStatus } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { fails, get, getUntil, remove } from './lib/statistics.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';
import { OPCODE } from './lib/websocket.mjs';

const TEST = { timeout: 60000 };
const PARALLEL = { concurrency: 4 };  // they wait for seconds to pass
const PATH = '/live/stream';
const STREAM = '/api/streams/live/stream';

const sum = (items, member) => items.reduce((total, item) => total + item[member], 0);

// What a viewer has counted: of which port, how many bytes of its connection and how many tags.
const countedBy = viewer => ({
    port: (viewer.client ?? viewer.connection).socket.localPort,
    bytes: (viewer.client ?? viewer.connection).bytesRead,
    packets: viewer.tags.length,
});

class CountingHttp2Viewer extends Http2Viewer {
    bytes = 0;

    constructor(session, path) {
        super(session, path);
        this.stream.on('data', bytes => { this.bytes += bytes.length; });
    }
}

// A stream with two viewers of each kind, all of whom have all of it.
async function watched(t) {
    const server = await startTlsServer(t, { 'http2.streams': 10 });
    await server.workersRun();
    const viewers = [server, server.secure, server, server.secure].flatMap(face => openViewers(t, face, PATH));
    const http2 = new CountingHttp2Viewer(await connectHttp2(t, server), PATH);
    await server.viewersCame(PATH, viewers.length + 1);
    const publisher = await openPublisher(t, server, PATH);
    const tags = [...headers(), ...frames({ count: 200, size: 3000 })];
    for (let at = 0; at < tags.length; at += 40) {
        sendTags(publisher, tags.slice(at, at + 40));
        await publisher.settled();
    }
    for (const viewer of viewers)
        await viewer.count(tags.length);
    await http2.frame(199);
    return { server, viewers, http2, publisher, tags };
}

describe('statistics', PARALLEL, () => {
    describe('bytes and packets', PARALLEL, () => {
        it('are what the clients counted, over every protocol and both workers, and add up', TEST, async t => {
            const { server, viewers, http2, publisher, tags } = await watched(t);
            const { items, total } = await get(server, `/api/sessions?stream=${PATH}&pageSize=1000`);
            assert.equal(total, viewers.length + 2);
            const sessionAt = (port, role) => items.find(item => item.port === port && item.role === role);
            for (const viewer of viewers) {
                const counted = countedBy(viewer), session = sessionAt(counted.port, 'viewer');
                assert.equal(session.outBytes, counted.bytes, `${viewer.name}, ${session.protocol}`);
                assert.equal(session.outPackets, counted.packets, viewer.name);
                assert.equal(session.inPackets, 0);
            }
            const own = sessionAt(publisher.socket.localPort, 'publisher');
            assert.equal(own.inBytes, publisher.bytesWritten);
            assert.equal(own.inPackets, tags.length);
            assert.equal(own.userAgent, 'FMLE/3.0 (compatible; test)');
            const ports = viewers.map(viewer => countedBy(viewer).port);
            const overHttp2 = items.find(item => item.role === 'viewer' && !ports.includes(item.port));
            assert.equal(overHttp2.outBytes, http2.bytes);
            assert.equal(overHttp2.outPackets, http2.tags.length);
            assert.deepEqual([...new Set(items.map(item => item.protocol))].sort(),
                             ['flv', 'https', 'rtmp', 'rtmps', 'ws', 'wss']);

            // Sessions make the stream, and streams the server.
            const inBytes = own.inBytes, outBytes = sum(items.filter(item => item.role === 'viewer'), 'outBytes');
            const stream = await getUntil(server, STREAM, it => it.inBytes === inBytes && it.outBytes === outBytes);
            assert.equal(stream.outPackets, (viewers.length + 1) * tags.length);
            assert.equal(stream.inPackets, tags.length);
            assert.deepEqual(stream.viewers, { total: 13, rtmp: 4, flv: 5, ws: 4, record: 0 });
            assert.equal(stream.publisher.inBytes, inBytes);
            assert.equal(stream.publisher.id, own.id);
            const figures = await get(server, '/api/statistics');
            assert.equal(figures.inBytes, inBytes);
            assert.equal(figures.outBytes, outBytes);
            assert.deepEqual([figures.sessions.publishers, figures.sessions.viewers, figures.streams.live], [1, 13, 1]);
            assert.equal(sum(figures.workers, 'viewers'), 13);

            // Viewers who are gone have not taken their figures along; nor has the stream.
            for (const viewer of viewers)
                viewer.close();
            http2.stream.close();
            const left = await getUntil(server, STREAM, it => it.viewers.total === 0 && it.outBitrate === 0);
            assert.equal(left.outBytes, outBytes);
            assert.equal(left.outPackets, stream.outPackets);
            publisher.close();
            const over = await getUntil(server, '/api/statistics', it => it.streams.total === 0);
            assert.deepEqual([over.inBytes, over.outBytes, over.outPackets], [inBytes, outBytes, stream.outPackets]);
        });

        for (const protocol of ['http', 'ws']) {
            it(`are right of a publisher over ${protocol}`, TEST, async t => {
                const server = await startServer(t);
                const publisher = await openFlvPublisher(t, server, protocol, PATH);
                const tags = [...headers(), ...frames({ count: 20 })];
                publisher.sendTags(tags);
                const stream = await getUntil(server, STREAM, it => it.inPackets === tags.length);
                assert.equal(stream.inBytes, publisher.connection.bytesWritten);
                assert.equal(stream.publisher.protocol, protocol === 'http' ? 'flv' : 'ws');
            });
        }

        it('say what was dropped, and why', TEST, async t => {
            const server = await startServer(t);
            const publisher = await openPublisher(t, server, PATH);
            sendTags(publisher, [...headers(), videoTag(0, 0), videoTag(1, 40), ...frames({ count: 2, start_ms: 80 })]);
            sendTags(publisher, [{ type: AUDIO, timestamp: 160, body: Buffer.alloc(0) }]);
            const stream = await getUntil(server, STREAM, it => it.drops.packets === 3);
            assert.deepEqual(stream.drops, { packets: 3, broken: 1, beforeKeyframe: 2 });
            assert.equal((await get(server, '/api/statistics')).drops, 3);
        });
    });

    describe('a stream of an encoder', () => {
        it('has its frame rate, bit rate and distance of keyframes measured', TEST, async t => {
            const server = await startServer(t);
            const args = publishArgs(await film('av'), server.rtmpUrl(PATH));
            start(t, 'ffmpeg', ['-stream_loop', '-1', ...args]);
            const measured = it => it.video?.frameRate > 0 && it.video.gopMs !== null && it.uptimeMs > 3500;
            const { video, audio, inBitrate, tracks, publisher } = await getUntil(server, STREAM, measured);
            const near = (value, want, share, what) =>
                assert.ok(Math.abs(value - want) <= share * want, `${what}: ${value}, not about ${want}`);
            near(video.frameRate, 25, 0.04, 'frames a second');
            near(video.gopMs, 1000, 0.05, 'the distance of keyframes');
            assert.deepEqual([video.codec, video.width, video.height, video.declaredFrameRate], ['H264', 192, 108, 25]);
            assert.deepEqual([audio.codec, audio.sampleRate, audio.channels], ['AAC', 44100, 2]);
            near(audio.bitrate, 65000, 0.1, 'the bit rate of sound'); // the film's is 64 kbit/s
            near(inBitrate, video.bitrate + audio.bitrate, 0.1, 'the bit rate in all');
            near(inBitrate, publisher.inBitrate, 0.001, 'the bit rate of the publisher');
            assert.deepEqual(tracks.map(track => track.kind).sort(), ['audio', 'video']);
            assert.match(publisher.userAgent, /Lavf/);
            const { history } = await get(server, `${STREAM}?history=1`);
            assert.ok(history.inBitrate.length >= 4 && history.inBitrate.length <= 300);
            assert.deepEqual(['outBitrate', 'viewers', 'frameRate'].map(member => history[member].length),
                             Array(3).fill(history.inBitrate.length));
            near(history.frameRate.at(-1), 25, 0.04, 'the newest point');
            const overall = await get(server, '/api/statistics?history');
            assert.ok(overall.history.cpuPercent.length >= history.inBitrate.length);
        });
    });

    describe('lists', () => {
        it('are filtered and come in pages', TEST, async t => {
            const server = await startServer(t);
            const paths = ['/live/a', '/live/b', '/live/c', '/event/a', '/event/x'];
            for (const path of paths)
                await publish(t, server, path, frames({ count: 1 }));
            const all = await getUntil(server, '/api/streams', it => it.total === paths.length);
            assert.deepEqual(all.items.map(item => item.streamPath), [...paths].sort());
            const page = await get(server, '/api/statistics/streams?page=2&pageSize=2');
            assert.deepEqual([page.total, page.page, page.pageSize], [5, 2, 2]);
            assert.deepEqual(page.items.map(item => item.streamPath), ['/live/a', '/live/b']);
            assert.equal((await get(server, '/api/streams?app=event')).total, 2);
            assert.equal((await get(server, '/api/streams?app=eve')).total, 0);
            assert.deepEqual((await get(server, '/api/streams?q=/A')).items.map(item => item.streamPath),
                             ['/event/a', '/live/a']);
            assert.deepEqual((await get(server, '/api/streams?page=9')).items, []);
            const stream = await get(server, '/api/statistics/streams/event/x');
            assert.equal((await get(server, '/api/statistics/streams/%2Fevent%2Fx')).startTime, stream.startTime);
            assert.deepEqual(Object.keys(await get(server, '/api/streams/event/x')), Object.keys(stream));
            await fails(server, 'GET', '/api/streams/live/none', 404);
            await fails(server, 'GET', '/api/streams?page=0', 400);

            const sessions = await get(server, '/api/sessions?role=publisher&pageSize=3');
            assert.deepEqual([sessions.total, sessions.items.length], [5, 3]);
            const rest = await get(server, '/api/sessions?role=publisher&pageSize=3&page=2');
            const ids = [...sessions.items, ...rest.items].map(item => item.id);
            assert.equal(new Set(ids).size, 5);
            assert.equal((await get(server, '/api/sessions?protocol=ws')).total, 0);
            assert.equal((await get(server, '/api/sessions?stream=/live/b')).items[0].streamPath, '/live/b');
            const one = await get(server, `/api/sessions/${ids[0]}`);
            assert.equal(one.id, ids[0]);
            await fails(server, 'GET', '/api/sessions/0000000000000000', 404);
            await fails(server, 'GET', '/api/sessions?role=king', 400);
            await fails(server, 'GET', '/api/sessions?stream=nonsense', 400);
        });
    });

    describe('an operator', () => {
        const REASON = 'ended by an operator';

        it('ends viewers, who are told as their protocol has it', TEST, async t => {
            const server = await startServer(t);
            const open = protocol => openViewer(t, server, protocol, PATH);
            const viewers = Object.fromEntries(PROTOCOLS.map(protocol => [protocol, open(protocol)]));
            await server.viewersCame(PATH, PROTOCOLS.length);
            const publisher = await publish(t, server, PATH, frames({ count: 5 }));
            for (const viewer of Object.values(viewers))
                await viewer.frame(4);
            const { items } = await get(server, `/api/sessions?stream=${PATH}&role=viewer`);
            for (const { id } of items)
                await remove(server, `/api/sessions/${id}`);
            await viewers.rtmp.client.message(isStatus('NetStream.Play.Stop'));
            for (const viewer of Object.values(viewers))
                await viewer.ended();
            const close = viewers.ws.connection.frames.findLast(frame => frame.opcode === OPCODE.CLOSE);
            assert.equal(close.payload.readUInt16BE(), 4403);
            assert.equal(close.payload.subarray(2).toString(), REASON);
            await server.loggedTimes(new RegExp(`stop play ${PATH}: ${REASON}`), PROTOCOLS.length);
            await fails(server, 'DELETE', `/api/sessions/${items[0].id}`, 404);

            await remove(server, STREAM);
            await publisher.message(isStatus('NetStream.Unpublish.Success'));
            await publisher.ended;
            await server.logged(new RegExp(`stop push ${PATH}: ${REASON}`));
            await fails(server, 'DELETE', STREAM, 404);
        });
    });

    describe('metrics', () => {
        it('are what promtool takes, in both formats, and no more series than allowed', TEST, async t => {
            const server = await startServer(t, { 'metrics.streams': 2 });
            for (const name of ['a', 'b', 'c'])
                await publish(t, server, `/live/${name}`, frames({ count: 3 }));
            openViewer(t, server, 'http', '/live/c');
            await getUntil(server, '/api/streams/live/c', it => it.viewers.total === 1);
            const isWhole = text => text.includes('protocol="flv"} 1') && text.includes('name="a"} 9\n');
            await getUntil(server, '/metrics', isWhole);
            const text = await call(server, 'GET', '/metrics');
            assert.match(text.headers['content-type'], /^text\/plain; version=0\.0\.4/);
            const promtool = start(t, 'promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
            promtool.child.stdin.end(text.text);
            assert.deepEqual(await promtool.finish(5000), { code: 0, signal: null }, promtool.stderr);
            assert.equal(promtool.stderr.trim(), '');
            assert.match(text.text, /^millrace_streams_unlisted 1$/m);
            const others = 'app="(others)",name="(others)",protocol="flv"';
            assert.ok(text.text.includes(`\nmillrace_stream_viewers{${others}} 1\n`));
            assert.match(text.text, /^millrace_stream_receive_packets_total\{app="live",name="a"\} 9$/m);
            assert.doesNotMatch(text.text, /name="c"/);

            const open = await call(server, 'GET', '/metrics', { headers: { Accept: 'application/openmetrics-text' } });
            assert.match(open.headers['content-type'], /^application\/openmetrics-text; version=1\.0\.0/);
            assert.match(open.text, /# TYPE millrace_receive_bytes counter\n/);
            assert.ok(open.text.endsWith('\n# EOF\n'));
        });

        it('are those that the dashboard asks for, and that the guide lists', TEST, async t => {
            const server = await startServer(t);
            await publish(t, server, PATH, frames({ count: 20 }));
            const text = await getUntil(server, '/metrics', it => it.includes('track_gop_seconds{'));
            const families = [...text.matchAll(/^# TYPE (\w+) /gm)].map(match => match[1]);
            const dashboard = readFileSync(join(root, 'packaging', 'grafana', 'millrace.json'), 'utf8');
            const asked = new Set(dashboard.match(/\b(millrace|process)_\w+/g));
            assert.ok(asked.size > 30);
            assert.deepEqual([...asked].filter(name => !families.includes(name)), []);
            const guide = readFileSync(join(root, 'docs', 'METRICS.md'), 'utf8');
            const listed = [...guide.matchAll(/^\| `(\w+)`/gm)].map(match => match[1]);
            assert.deepEqual(listed.sort(), families.sort());
        });
    });
});
