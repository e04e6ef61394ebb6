// Recordings watched again: the packets that were recorded, on one timeline, from where one wants.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sign } from './lib/access.mjs';
import { audioTag, frames, headers, metadataTag, numberOf, videoHeaderTag, VIDEO_HEADER } from './lib/canned.mjs';
import { FlvReader, isFrame, isKeyframe, isScript, isSequenceHeader, isVideo, scriptOf, VIDEO } from './lib/flv.mjs';
import { fetchOnce } from './lib/http.mjs';
import { connectHttp2, request } from './lib/http2.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { openPublisher, publish, sendPaced, sendTags } from './lib/publisher.mjs';
import { ask, beingWritten, complete, recorded } from './lib/recordings.mjs';
import { atTime, fromThere, openReplay, query, replay } from './lib/replays.mjs';
import { startServer } from './lib/server.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { poll, sleep } from './lib/wait.mjs';

const PATH = '/live/taped';
const record = (root, settings = {}) => ({
    'record.path': root, 'record.segmentDuration': 1, 'record.min_free': 0, 'publish.resume_s': 0, ...settings,
});

// The same packets at the same times.
function assertSame(got, expected) {
    const same = (a, b) => b !== undefined && a.type === b.type && a.timestamp === b.timestamp && a.body.equals(b.body);
    const wrong = got.findIndex((tag, i) => !same(tag, expected[i]));
    const show = tag => tag && `type ${tag.type}, ${tag.timestamp} ms, frame ${numberOf(tag)}`;
    assert.equal(wrong, -1, `frame ${wrong} of ${got.length}: ${show(got[wrong])} instead of ${show(expected[wrong])}`);
    assert.equal(got.length, expected.length, 'the count of frames');
}

const rows = root => ask(root, `SELECT * FROM recordings WHERE stream = '${PATH}' ORDER BY start_ms, file`);

// A server with frames recorded at the pace of their time.
async function taped(t, tags, settings) {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, settings));
    const client = await openPublisher(t, server, PATH);
    sendTags(client, headers());
    await sendPaced(client, tags);
    client.finish();
    await complete(root, PATH);
    await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
    return { root, server };
}

describe('recordings watched again', { concurrency: true }, () => {
    test('a period, from the keyframe before it to its end, across files', async t => {
        const sent = frames({ count: 85, gop: 10 });      // 3.4 s in three files, which end at 1.2 and 2.4 s
        const { root, server } = await taped(t, sent);
        const began = (await rows(root))[0].start_ms;
        assert.equal(recorded(root, PATH).length, 3);
        const keyframe = number => sent.find(tag => isKeyframe(tag) && numberOf(tag) === number);

        await t.test('all of it', async t => {
            const viewer = await replay(t, server, PATH);
            assertSame(viewer.tags.filter(isFrame), sent);
            assert.equal(viewer.flags, 5);
            assert.deepEqual(viewer.tags.slice(0, 3).map(tag => [tag.type, tag.timestamp]), [[18, 0], [9, 0], [8, 0]]);
            assert.ok(isScript(viewer.tags[0]) && isSequenceHeader(viewer.tags[1]) && isSequenceHeader(viewer.tags[2]));
            assert.equal(viewer.tags.filter(tag => !isFrame(tag)).length, 3, 'headers that do not change come once');
            const [name, members] = scriptOf(viewer.tags[0]);
            assert.equal(name, 'onMetaData');
            assert.deepEqual([members.width, members.duration, members.keyframes, members.millraceRun],
                             [160, undefined, undefined, undefined]);
        });

        for (const protocol of ['http', 'ws'])
            await t.test(`from and to in the middle of groups of pictures, over ${protocol}`, async t => {
                const from = began + 1700, to = began + 2900;
                const viewer = await replay(t, server, PATH, { from, to: atTime(to) }, protocol);
                const got = viewer.tags.filter(isFrame), expected = fromThere(sent, keyframe(40));
                assertSame(got, expected.slice(0, got.length));
                const last = got.at(-1).timestamp + 1600 - 1700;
                assert.ok(last > 1000 && last <= 1200 + 60, `the last frame is ${last} ms behind from=`);
                if (protocol === 'ws')
                    assert.equal(viewer.closeCode, 1000);
            });

        await t.test('from the very start of a file, and before all', async t => {
            const second = (await rows(root))[1].start_ms;
            assertSame((await replay(t, server, PATH, { from: second })).tags.filter(isFrame), fromThere(sent, keyframe(30)));
            assertSame((await replay(t, server, PATH, { from: atTime(began - 5000) })).tags.filter(isFrame), sent);
        });

        await t.test('at real pace, with a little ahead', async t => {
            const viewer = openReplay(t, server, PATH, { pace: 'real' });
            await viewer.started;
            const start = Date.now();
            await viewer.frame(25);
            const at = viewer.tags.at(-1).timestamp - (Date.now() - start);
            assert.ok(at <= 2300, `${at} ms ahead`);
            await viewer.ended();
            const took = Date.now() - start;
            assert.ok(took >= 1200, `${took} ms for 3.4 s`);
            assertSame(viewer.tags.filter(isFrame), sent);
        });

        await t.test('refusals', async () => {
            const get = async (members, method = 'GET', path = `/records${PATH}.flv`) => {
                const { status, headers: got, body } = await fetchOnce(server.httpPort, `${method} ${path}?${query(members)} HTTP/1.1`);
                return { status, type: got['content-type'], body };
            };
            assert.deepEqual(await get({ from: began }, 'HEAD'), { status: 200, type: 'video/x-flv', body: '' });
            assert.equal((await get({ from: began + 60000, to: began + 120000 })).status, 400);
            assert.equal((await get({ from: began - 60000, to: began - 1 })).status, 404);
            assert.equal((await get({ from: began - 60000, to: began - 1 }, 'HEAD')).status, 404);
            assert.equal((await get({}, 'GET', '/records/live/other.flv')).status, 404);
            assert.equal((await get({}, 'POST')).status, 405);
            for (const wrong of [{ from: 'yesterday' }, { to: '2026-13-01' }, { from: began + 1000, to: began }, { pace: 'slow' },
                                 { gaps: '1' }]) {
                const answer = await get(wrong);
                assert.equal(answer.status, 400, JSON.stringify(wrong));
                assert.match(answer.body, /(from|to|pace|gaps)=/);
            }
            for (const path of ['/records/.flv', '/records/live/.x.flv', '/records/live/..%2f..%2fx.flv', '/records/%2e%2e/x.flv'])
                assert.ok([400, 404].includes((await get({}, 'GET', path)).status), path);
        });

        await t.test('a file that is gone is passed by', async t => {
            rmSync(join(root, 'live', 'taped', recorded(root, PATH)[1]));
            const viewer = await replay(t, server, PATH);
            const kept = sent.filter(tag => numberOf(tag) < 30 || numberOf(tag) >= 60);
            assertSame(viewer.tags.filter(isFrame), kept);
        });
    });

    test('what is being recorded: up to now, or as it grows', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root));
        const client = await openPublisher(t, server, PATH), sent = frames({ count: 200, gop: 10 });
        sendTags(client, headers());
        let over = false;
        const pouring = sendPaced(client, sent, { isOver: () => over });
        await beingWritten(root, PATH);
        await poll(async () => (await rows(root)).length === 1, 'the catalogue');
        const follower = openReplay(t, server, PATH, { to: Date.now() + 1800 });
        await sleep(600);
        const now = await replay(t, server, PATH);
        assertSame(now.tags.filter(isFrame), sent.slice(0, now.tags.filter(isFrame).length));
        assert.ok(now.tags.length > 6, `${now.tags.length} tags`);
        const late = await replay(t, server, PATH, { from: Date.now() - 100 });
        assert.ok(isKeyframe(late.tags.find(isFrame)) && late.tags.length < now.tags.length);
        await follower.ended();
        const got = follower.tags.filter(isFrame);
        assertSame(got, sent.slice(0, got.length));
        assert.ok(got.at(-1).timestamp >= 1500, `it followed up to ${got.at(-1).timestamp} ms, over two files`);
        over = true;
        await pouring;
    });

    test('between two publishers the timeline goes on by the clock, or as if there were no gap', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root));
        const first = frames({ count: 20 }), second = frames({ count: 20, first: 20 });
        (await publish(t, server, PATH, first)).finish();
        await complete(root, PATH, 1);
        await sleep(1200);
        (await publish(t, server, PATH, second)).finish();
        await complete(root, PATH, 2);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        const [a, b] = await rows(root);
        const times = async members => (await replay(t, server, PATH, members)).tags.filter(isFrame).map(tag => tag.timestamp);
        const shift = by => second.map(tag => tag.timestamp + by);
        assert.deepEqual((await times({ gaps: 'keep' })).slice(40), shift(b.start_ms - a.start_ms));
        assert.deepEqual((await times({ gaps: 'close' })).slice(40), shift(first.at(-1).timestamp + 20));
    });

    test('headers come again when they change, in a file or with the next', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root));
        const other = { type: VIDEO, timestamp: 2000, body: Buffer.from(VIDEO_HEADER) };
        other.body[6] ^= 1;
        const sent = frames({ count: 150, gop: 25 });
        const client = await publish(t, server, PATH, sent.slice(0, 100));
        sendTags(client, [metadataTag({ width: 320, videocodecid: 7 }, 2000), other, ...sent.slice(100)]);
        await client.settled();
        client.finish();
        await complete(root, PATH);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        const { tags } = await replay(t, server, PATH);
        assertSame(tags.filter(isFrame), sent);
        const place = tags.findIndex(tag => tag.body.equals(other.body));
        assert.equal(numberOf(tags.slice(place).find(tag => isFrame(tag) && isVideo(tag))), 50);
        assert.equal(tags.filter(tag => isSequenceHeader(tag)).length, 3);
        assert.deepEqual(tags.filter(isScript).map(tag => scriptOf(tag)[1].width), [160, 320]);
    });

    test('the header in force comes first, also in the middle of a file in which it changed', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root, { 'record.segmentDuration': 600 }));
        const sent = frames({ count: 75, gop: 25, audio: false, frame_ms: 4 });
        const other = { type: VIDEO, timestamp: 20, body: Buffer.from(VIDEO_HEADER) };
        other.body[6] ^= 1;
        const client = await publish(t, server, PATH, [...sent.slice(0, 5), other, ...sent.slice(5)], { audio: false });
        await client.settled();
        client.finish();
        await complete(root, PATH);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        const [{ start_ms: began }] = await rows(root);
        await poll(() => Date.now() > began + 150, 'that time to be over');
        const { tags, flags } = await replay(t, server, PATH, { from: began + 150 });
        assert.equal(flags, 1);
        assert.deepEqual(tags.map(isFrame).slice(0, 3), [false, false, true]);
        assert.ok(tags[1].body.equals(other.body));
        assertSame(tags.filter(isFrame), fromThere(sent, sent[25]));
    });

    test('sound alone', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root));
        const sent = Array.from({ length: 100 }, (_, i) => audioTag(i, i * 23));
        const client = await openPublisher(t, server, PATH);
        sendTags(client, [...headers({ video: false }), ...sent]);
        await client.settled();
        client.finish();
        await complete(root, PATH);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        const viewer = await replay(t, server, PATH);
        assert.equal(viewer.flags, 4);
        assertSame(viewer.tags.filter(isFrame), sent);
    });

    test('a client that reads slowly gets all of it, one that goes leaves nothing behind, and there is a limit', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root, {
            'record.segmentDuration': 5, 'record.players': 2, // and what comes faster than a disk takes it may wait
            'record.buffer_bytes': 64 << 20, 'delivery.lag_bytes': 64 << 20,
        }));
        const sent = frames({ count: 600, gop: 25, size: 60000, audio: false });
        (await publish(t, server, PATH, sent)).finish();
        await complete(root, PATH);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        await fetchOnce(server.httpPort, `HEAD /records${PATH}.flv HTTP/1.1`);
        const files = server.openFiles(), before = server.residentSize();
        const slow = openReplay(t, server, PATH), gone = openReplay(t, server, PATH, {}, 'ws');
        await Promise.all([slow.count(20), gone.count(20)]);
        slow.pauseReading();
        const third = await fetchOnce(server.httpPort, `GET /records${PATH}.flv HTTP/1.1`);
        assert.equal(third.status, 503);
        assert.match(third.body, /record\.players/);
        gone.close();
        await server.logged(/stop play/);
        server.assertGrownLess(before, 12 << 20);
        slow.resumeReading();
        await slow.ended();
        assertSame(slow.tags.filter(isFrame), sent);
        await poll(() => server.openFiles() <= files, 'the files to be closed');
        const again = await fetchOnce(server.httpPort, `HEAD /records${PATH}.flv HTTP/1.1`);
        assert.equal(again.status, 200);
    });

    test('who may not watch the stream may not watch its recordings; over HTTP/2 too', async t => {
        const root = temporaryFolder(t);
        const server = await startTlsServer(t, record(root, { 'auth.play': true, 'auth.secret': 'tell-nobody-12345', drain_s: 0 }));
        const sent = frames({ count: 30 });
        (await publish(t, server, PATH, sent)).finish();
        await complete(root, PATH);
        await poll(async () => (await rows(root)).every(row => row.state === 'complete'), 'the catalogue');
        const status = async text => (await fetchOnce(server.httpPort, `HEAD /records${PATH}.flv?${text} HTTP/1.1`)).status;
        assert.equal(await status(''), 403);
        assert.equal(await status(sign('/live/other', 'tell-nobody-12345')), 403);
        const allowed = sign(PATH, 'tell-nobody-12345');
        assert.equal(await status(allowed), 200);
        const session = await connectHttp2(t, server);
        const { status: over2, headers: got, body } = await request(session, { ':path': `/records${PATH}.flv?${allowed}&pace=fast` });
        assert.deepEqual([over2, got['content-type']], [200, 'video/x-flv']);
        assert.equal(body.toString('latin1', 0, 3), 'FLV');
        const reader = new FlvReader();
        reader.push(body);
        assertSame(reader.tags.filter(isFrame), sent);
    });
});
