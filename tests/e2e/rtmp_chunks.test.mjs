// rtmp_chunks.test.mjs - a publisher's messages in every form that RTMP has for them, and times in
// every range; what viewers get is the same.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioTag, frames, headers, numberOf, videoTag } from './lib/canned.mjs';
import { assertMonotonic, assertSameTracks, AUDIO, SCRIPT, VIDEO, writeTag } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { basicHeader, chunkMessage, extendedTime } from './lib/rtmp_chunk.mjs';
import { TYPE, uint32 } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

// A server, a publisher that has sent its headers, and a viewer that waits for what comes.
async function begin(t, settings) {
    const server = await startServer(t, settings);
    const viewer = openViewer(t, server, 'http', PATH);
    await server.viewersCame(PATH, 1);
    const publisher = await openPublisher(t, server, PATH);
    sendTags(publisher, headers());
    return { server, viewer, publisher };
}

const asMessage = (tag, csid, publisher) => ({ ...tag, csid, msid: publisher.msid });

const times = tags => tags.map(tag => [tag.type, tag.timestamp]);

async function assertArrive(viewer, tags) {
    await viewer.count(3 + tags.length);
    const got = viewer.tags.slice(3);
    assert.deepEqual(times(got), times(tags), viewer.name);
    assert.ok(got.every((tag, i) => tag.body.equals(tags[i].body)), `${viewer.name}: the bodies`);
}

describe('chunk sizes', { concurrency: 4 }, () => {
    for (const size of [1, 2, 127, 128, 4096, 65536, 0x7fffffff]) {
        it(`of ${size} bytes`, TEST, async t => {
            const { viewer, publisher } = await begin(t);
            const large = videoTag(0, 0, { keyframe: true, size: 70000 });
            const tags = [large, ...frames({ count: 6, first: 1, start_ms: 40 })];
            publisher.setChunkSize(size);
            sendTags(publisher, tags);
            await assertArrive(viewer, tags);
        });
    }

    it('may change at any message', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const tags = frames({ count: 20, size: 3000 });
        for (const [i, tag] of tags.entries()) {
            publisher.setChunkSize([128, 1000, 60000, 129][i % 4]);
            sendTags(publisher, [tag]);
        }
        await assertArrive(viewer, tags);
    });
});

describe('chunk headers', { concurrency: 4 }, () => {
    for (const [csid, size] of [[2, 1], [63, 1], [64, 2], [319, 2], [64, 3], [319, 3], [320, 3], [768, 3],
                                [65599, 3]]) {
        it(`chunk stream ${csid} in ${size} bytes`, TEST, async t => {
            const { viewer, publisher } = await begin(t);
            const tags = frames({ count: 5, size: 5000 });
            for (const tag of tags)
                publisher.send(asMessage(tag, csid, publisher), { basicSize: size });
            await assertArrive(viewer, tags);
        });
    }

    it('all four formats, with deltas', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        // Of one length, so that formats 2 and 3 can be told apart from 1.
        const tags = [0, 40, 80, 120, 163, 206, 249, 1000].map((time, i) => videoTag(i, time, { keyframe: i === 0 }));
        const formats = [[0, 0], [1, 40], [2, 40], [3, 40], [2, 43], [3, 43], [3, 43], [0, 1000]];
        for (const [i, [format, time]] of formats.entries())
            publisher.send(asMessage(tags[i], 5, publisher), { format, time });
        await assertArrive(viewer, tags);
    });

    it('format 3 after format 0 repeats the timestamp as a delta', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const tags = [40, 80, 120].map((time, i) => videoTag(i, time, { keyframe: i === 0 }));
        for (const [i, tag] of tags.entries())
            publisher.send(asMessage(tag, 5, publisher), { format: i === 0 ? 0 : 3, time: 40 });
        await assertArrive(viewer, tags);
    });

    it('chunks of several messages mix', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const picture = asMessage(videoTag(0, 0, { keyframe: true, size: 1000 }), 6, publisher);
        const sound = asMessage(audioTag(0, 5, { size: 600 }), 4, publisher);
        publisher.setChunkSize(128);
        const pieces = message => {
            const whole = chunkMessage(message, { chunkSize: 128 }), list = [whole.subarray(0, 12 + 128)];
            for (let at = list[0].length; at < whole.length; at += 129)
                list.push(whole.subarray(at, at + 129));
            return list;
        };
        const [of6, of4] = [pieces(picture), pieces(sound)];
        while (of6.length + of4.length > 0)
            publisher.write(Buffer.concat([of6.shift(), of4.shift()].filter(Boolean)));
        await viewer.count(5);
        // The shorter one was complete first.
        assert.deepEqual(viewer.tags.slice(3).map(tag => tag.type), [AUDIO, VIDEO]);
        assert.ok(viewer.tags[3].body.equals(sound.body) && viewer.tags[4].body.equals(picture.body));
    });

    it('a message may come byte by byte', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const tags = frames({ count: 4 });
        const { chunkSize } = publisher;
        const bytes = Buffer.concat(tags.map(tag => chunkMessage(asMessage(tag, 5, publisher), { chunkSize })));
        for (const byte of bytes)
            await new Promise(resolve => publisher.socket.write(Buffer.from([byte]), resolve));
        await assertArrive(viewer, tags);
    });

    it('Abort takes back what is half sent', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const lost = asMessage(videoTag(99, 0, { size: 9000 }), 5, publisher), tags = frames({ count: 4 });
        publisher.write(chunkMessage(lost, { chunkSize: publisher.chunkSize }).subarray(0, 12 + publisher.chunkSize));
        publisher.sendControl(TYPE.ABORT, uint32(5));
        sendTags(publisher, tags);
        await assertArrive(viewer, tags);
    });

    it('more chunk streams than the limit end the session', TEST, async t => {
        const { server, publisher } = await begin(t, { 'limits.chunk_streams': 8 });
        for (let csid = 10; csid < 30; csid++)
            publisher.send(asMessage(audioTag(1, 40), csid, publisher));
        await publisher.waitClosed();
        assert.ok(server.isRunning());
    });
});

describe('aggregate messages', { concurrency: 4 }, () => {
    it('are taken apart, and their times count from their own', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const tags = frames({ count: 4, start_ms: 1000 });
        // The parts count in a reckoning of their own, here from 500000.
        const parts = tags.map(tag => writeTag({ ...tag, timestamp: tag.timestamp - 1000 + 500000 }));
        publisher.send({ type: TYPE.AGGREGATE, csid: 5, msid: publisher.msid, timestamp: 1000,
                         body: Buffer.concat(parts) });
        await assertArrive(viewer, tags);
    });

    it('may hold metadata as well', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        const tags = frames({ count: 4 }), data = { type: SCRIPT, timestamp: 80, body: headers()[0].body };
        sendTags(publisher, tags.slice(0, 4));
        publisher.send({ type: TYPE.AGGREGATE, csid: 5, msid: publisher.msid, timestamp: 80,
                         body: Buffer.concat([data, ...tags.slice(4)].map(writeTag)) });
        await viewer.count(3 + 1 + tags.length);
        assert.deepEqual(viewer.tags.slice(3).map(tag => tag.type),
                         [VIDEO, AUDIO, VIDEO, AUDIO, SCRIPT, VIDEO, AUDIO, VIDEO, AUDIO]);
    });

    it('that are cut short end the session, and no other', TEST, async t => {
        const { server, viewer, publisher } = await begin(t, { 'publish.resume_s': 0 });
        const whole = Buffer.concat(frames({ count: 2 }).map(writeTag));
        publisher.send({ type: TYPE.AGGREGATE, csid: 5, msid: publisher.msid, timestamp: 0,
                         body: whole.subarray(0, whole.length - 20) });
        await publisher.waitClosed();
        await viewer.ended();
        assert.ok(server.isRunning());
    });
});

describe('times', { concurrency: 4 }, () => {
    const EDGE = 0xffffff;

    // What all viewers get of tags sent in the plain form, from the first on.
    async function assertTimesPass(t, tags) {
        const server = await startServer(t);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        const publisher = await openPublisher(t, server, PATH);
        sendTags(publisher, [...headers(), ...tags]);
        for (const viewer of viewers) {
            await viewer.count(3 + tags.length);
            assert.deepEqual(times(viewer.tags.slice(3)), times(tags), viewer.name);
        }
        for (const viewer of openViewers(t, server, PATH)) {
            const last = tags.at(-1), isKind = tag => tag.type === last.type;
            const { timestamp } = await viewer.frame(numberOf(last), { isKind });
            assert.equal(timestamp, last.timestamp, `${viewer.name}, late`);
        }
    }

    it('pass the end of 24 bits', TEST, async t => {
        await assertTimesPass(t, frames({ count: 30, start_ms: EDGE - 400, size: 9000 }));
    });

    it('hit the end of 24 bits exactly', TEST, async t => {
        const at = [EDGE - 1, EDGE, EDGE + 1, EDGE + 2];
        await assertTimesPass(t, at.map((time, i) => videoTag(i, time, { keyframe: i === 0, size: 70000 })));
    });

    it('pass the end of 31 bits', TEST, async t => {
        await assertTimesPass(t, frames({ count: 30, start_ms: 0x7fffffff - 400, audio: false }));
    });

    it('pass the end of 32 bits', TEST, async t => {
        const tags = frames({ count: 30, start_ms: 0xffffffff - 400 });
        assert.ok(tags.at(-1).timestamp < 2000, 'they have wrapped');
        await assertTimesPass(t, tags);
    });

    for (const repeatExtended of [true, false]) {
        it(`extended, ${repeatExtended ? '' : 'not '}repeated in chunks of format 3`, TEST, async t => {
            const { viewer, publisher } = await begin(t);
            const tags = frames({ count: 12, start_ms: EDGE + 1000, size: 9000 });
            for (const tag of tags)
                publisher.send(asMessage(tag, tag.type === VIDEO ? 6 : 4, publisher), { repeatExtended });
            await assertArrive(viewer, tags);
        });
    }

    it('a delta that needs an extended timestamp', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        // Sound ahead of the picture on the same chunk stream, so that the delta is negative.
        const tags = [videoTag(0, 1000, { keyframe: true }), audioTag(0, 1100), videoTag(1, 1040, { size: 6000 })];
        for (const [i, tag] of tags.entries())
            publisher.send(asMessage(tag, 5, publisher), i < 2 ? {} : { format: 1, time: 2 ** 32 - 60 });
        await assertArrive(viewer, tags);
    });

    it('a new message in format 3 under an extended delta', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        // Each a leap of hours, which the server takes out of the stream.
        const tags = [0, 1, 2].map(i => videoTag(i, i * (EDGE + 5), { keyframe: true }));
        publisher.send(asMessage(tags[0], 5, publisher));
        publisher.send(asMessage(tags[1], 5, publisher), { format: 1, time: EDGE + 5 });
        publisher.write(Buffer.concat([basicHeader(3, 5), extendedTime(EDGE + 5), tags[2].body]));
        await viewer.count(3 + tags.length);
        assertSameTracks(viewer.tags.slice(3), tags, viewer.name);
        assertMonotonic(viewer.tags, viewer.name);
    });

    for (const [what, leap] of [['ahead', 3600000], ['back', -3600000]]) {
        it(`a clock that is set ${what} does not tear the stream`, TEST, async t => {
            const { viewer, publisher } = await begin(t);
            const before = frames({ count: 10, start_ms: 4000000 });
            const after = frames({ count: 10, first: 10, start_ms: 4000400 + leap });
            sendTags(publisher, [...before, ...after]);
            await viewer.count(3 + 40);
            assertMonotonic(viewer.tags, viewer.name);
            const got = viewer.tags.slice(3).map(tag => tag.timestamp);
            assert.ok(got.at(-1) - got[0] < 2000, JSON.stringify(got));
        });
    }

    it('headers that come later with time 0 do not go back', TEST, async t => {
        const { viewer, publisher } = await begin(t);
        sendTags(publisher, frames({ count: 10, start_ms: 5000 }));
        sendTags(publisher, headers());
        sendTags(publisher, frames({ count: 10, first: 10, start_ms: 5400 }));
        await viewer.count(3 + 20 + 3 + 20);
        const got = viewer.tags.slice(3).map(tag => tag.timestamp);
        assert.ok(got.every(time => time >= 5000 - 5), JSON.stringify(got));
    });
});
