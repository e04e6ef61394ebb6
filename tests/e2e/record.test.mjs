// Recordings: files whose frames are the stream's, no more and no less.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EcmaArray, encode } from './lib/amf.mjs';
import { frames, headers, metadataTag, videoHeaderTag, VIDEO_HEADER } from './lib/canned.mjs';
import { assertSameTracks, digest, isAudio, isFrame, isVideo, readFlv, SCRIPT, VIDEO } from './lib/flv.mjs';
import { film, temporaryFolder } from './lib/media.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { ask, assertCatalogue, assertPlayable, assertSegment, beingWritten, complete, recorded, segments } from './lib/recordings.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const PATH = '/live/taped';
const record = (root, settings = {}) => ({ 'record.path': root, 'record.segmentDuration': 2, ...settings });

// All frames of all segments, as they followed each other.
const framesOf = list => list.flatMap(segment => segment.frames);

function assertSameFrames(got, sent) {
    for (const kind of [isVideo, isAudio])
        assert.equal(digest(got.filter(kind)), digest(sent.filter(tag => isFrame(tag) && kind(tag))));
    assert.equal(got.length, sent.filter(isFrame).length);
}

async function tape(t, tags, settings = {}) {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, settings));
    const client = await openPublisher(t, server, PATH);
    sendTags(client, tags);
    await client.settled();
    client.finish();
    await server.logged(/recording of .* ends/, { ms: 20000 });
    return segments(root, PATH);
}

describe('segments', () => {
    test('one after the other they are the stream', async t => {
        const sent = [...headers(), ...frames({ count: 1500, gop: 25 })];
        const list = await tape(t, sent);
        assert.equal(list.length, 30);
        assert.deepEqual(list.map(segment => segment.number), list.map((_, i) => i + 1));
        for (const segment of list)
            assertSegment(segment);
        assertSameFrames(framesOf(list), sent);
    });

    test('what is recorded of a real film plays, in each of its parts', async t => {
        const sent = readFlv(await film('av')).tags;
        const list = await tape(t, sent, { 'record.segmentDuration': 1 });
        assert.equal(list.length, 3);
        for (const segment of list) {
            assertSegment(segment);
            await assertPlayable(segment.file);
        }
        assertSameFrames(framesOf(list), sent);
    });

    test('sound alone', async t => {
        const sent = [...headers({ video: false }), ...frames({ count: 500, video: false })];
        const list = await tape(t, sent);
        assert.equal(list.length, 10);
        for (const segment of list)
            assertSegment(segment);
        assertSameFrames(framesOf(list), sent);
    });

    test('sound that comes before the first picture is not lost', async t => {
        const early = frames({ count: 10, video: false });
        const sent = [...headers(), ...early, ...frames({ count: 100, gop: 25, start_ms: 400 })];
        const list = await tape(t, sent);
        assertSegment(list[0], { keyframeFirst: false });
        list.slice(1).forEach(segment => assertSegment(segment));
        assertSameFrames(framesOf(list), sent);
    });

    test('they end by size as well', async t => {
        const sent = [...headers(), ...frames({ count: 250, gop: 25, size: 4000 })];
        const list = await tape(t, sent, { 'record.segmentDuration': 3600, 'record.segment_bytes': 200000 });
        assert.ok(list.length >= 4 && list.length <= 6, `${list.length} segments`);
        list.forEach(segment => assertSegment(segment));
        assertSameFrames(framesOf(list), sent);
    });

    test('metadata that comes again waits for the next, and other data is kept', async t => {
        const cue = { type: SCRIPT, timestamp: 500, body: encode('onCuePoint', new EcmaArray({ name: 'here' })) };
        const first = frames({ count: 50, gop: 25 }), second = frames({ count: 50, gop: 25, first: 50, start_ms: 2000 });
        const list = await tape(t, [...headers(), ...first.slice(0, 40), cue,
                                    metadataTag({ videocodecid: 7, audiocodecid: 10, title: 'second' }, 600),
                                    ...first.slice(40), ...second]);
        assert.equal(list.length, 2);
        assert.equal(list[0].meta.title, undefined);
        assert.equal(list[1].meta.title, 'second');
        assert.equal(list[0].tags.filter(tag => tag.body.equals(cue.body)).length, 1);
        assertSameFrames(framesOf(list), [...first, ...second]);
    });
});

test('another picture format begins another segment', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, { 'record.segmentDuration': 600 }));
    const first = frames({ count: 50, gop: 25 }), second = frames({ count: 50, gop: 25, first: 50, start_ms: 2000 });
    const client = await publish(t, server, PATH, first);
    await beingWritten(root, PATH);
    await new Promise(resolve => setTimeout(resolve, 1200)); // files are not made more often than each second
    const other = { type: VIDEO, timestamp: 2000, body: Buffer.from(VIDEO_HEADER) };
    other.body[6] ^= 1;
    sendTags(client, [videoHeaderTag(1999), other, ...second]);
    await client.settled();
    client.finish();
    await server.logged(/recording of .* ends/);
    const list = segments(root, PATH);
    assert.equal(list.length, 2);
    list.forEach(segment => assertSegment(segment));
    assert.ok(list[1].tags.find(isVideo).body.equals(other.body));
    assertSameFrames(framesOf(list), [...first, ...second]);
});

test('headers that change all the time do not make a file each', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root));
    const client = await publish(t, server, PATH, []);
    const sent = frames({ count: 200, gop: 1, audio: false });
    sent.forEach((tag, i) => {
        const header = { type: VIDEO, timestamp: tag.timestamp, body: Buffer.from(VIDEO_HEADER) };
        header.body[6] = i;
        sendTags(client, [header, tag]);
    });
    await client.settled();
    client.finish();
    await server.logged(/recording of .* ends/);
    const list = segments(root, PATH);
    assert.ok(list.length <= 6, `${list.length} files`);
    assertSameFrames(framesOf(list), sent);
});

test('a recording goes on when its publisher comes back, and ends when it does not', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, { 'record.segmentDuration': 600, 'publish.resume_s': 2 }));
    const first = frames({ count: 50 }), second = frames({ count: 50, first: 50 });
    (await publish(t, server, PATH, first)).finish();
    await server.logged(/stop push/);
    (await publish(t, server, PATH, second)).finish();
    await server.logged(/recording of .* ends: publishing ended/, { ms: 20000 });
    const list = segments(root, PATH);
    assert.equal(list.length, 1);
    assertSameFrames(framesOf(list), [...first, ...second]);

    (await publish(t, server, PATH, first)).finish();
    await complete(root, PATH, 2);
    assert.deepEqual(segments(root, PATH).map(segment => segment.number), [1, 1]);
});

test('a server that is asked to stop completes its files', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root));
    const sent = frames({ count: 120, gop: 25 });
    await publish(t, server, PATH, sent);
    await beingWritten(root, PATH);
    await server.end();
    const list = segments(root, PATH);
    list.forEach(segment => assertSegment(segment));
    assertSameFrames(framesOf(list), sent);
});

test('apps have values of their own, and no app is recorded where none is to be', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, {
        'record.auto': false, 'apps.kept.record.auto': true, 'apps.kept.record.segmentDuration': 1,
    }));
    const sent = frames({ count: 100, gop: 25 });
    (await publish(t, server, '/kept/a', sent)).finish();
    (await publish(t, server, '/other/a', sent)).finish();
    await complete(root, '/kept/a', 4);
    assert.deepEqual(recorded(root, '/other/a'), []);
});

test('viewers see a recorded stream as they do any other, and it does not count as one', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root));
    const viewer = openViewer(t, server, 'http', PATH);
    await server.viewersCame(PATH, 1);
    const sent = frames({ count: 200, gop: 25 });
    (await publish(t, server, PATH, sent)).finish();
    await viewer.ended();
    assertSameTracks(viewer.tags.filter(isFrame), sent, 'a viewer');
    await complete(root, PATH);
    assert.equal(segments(root, PATH)[0].file, join(root, 'live', 'taped', recorded(root, PATH)[0]));
});

test('a name that is taken is left alone', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, { 'record.segmentDuration': 1, 'publish.resume_s': 0 }));
    for (let i = 0; i < 3; i++) {
        (await publish(t, server, PATH, frames({ count: 10, first: 10 * i }))).finish();
        await complete(root, PATH, i + 1);
    }
    const list = segments(root, PATH);
    assert.equal(framesOf(list).length, 60);
    assert.equal(new Set(list.map(segment => segment.name)).size, 3);
});


test('the catalogue knows recordings, publishers and viewers, and is made anew from the files', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root));
    const viewer = openViewer(t, server, 'http', PATH);
    (await publish(t, server, PATH, frames({ count: 200, gop: 25 }))).finish();
    await viewer.ended();
    await complete(root, PATH, 4);
    await server.end();
    const [row] = await assertCatalogue(root, PATH);
    assert.deepEqual([row.video, row.audio], ['H264', 'AAC']);
    const sessions = await ask(root, 'SELECT * FROM sessions ORDER BY kind');
    assert.deepEqual(sessions.map(each => [each.kind, each.protocol, each.stream, each.ip]),
                     [['play', 'flv', PATH, '127.0.0.1'], ['publish', 'rtmp', PATH, '127.0.0.1']]);
    for (const each of sessions)
        assert.ok(each.end_ms >= each.start_ms && each.reason !== '', JSON.stringify(each));

    for (const name of ['.catalogue.db', '.catalogue.db-wal', '.catalogue.db-shm'])
        rmSync(join(root, name), { force: true });
    rmSync(join(root, 'live', 'taped', recorded(root, PATH)[1]));
    const again = await startServer(t, record(root));
    await poll(async () => (await ask(root, 'SELECT 1 FROM recordings')).length === 3, 'the files to be found');
    await again.end();
    await assertCatalogue(root, PATH);
});
