// slow.test.mjs - viewers that cannot keep up: moved ahead, or let go; nobody else is harmed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioTag, headers, numberOf, videoTag } from './lib/canned.mjs';
import { assertMonotonic, isAudio, isFrame, isKeyframe, isSequenceHeader, isVideo } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { get, getUntil } from './lib/statistics.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/stream';
const STREAM = `/api/streams${PATH}`;
const MEGABYTE = 1 << 20;
const GOP = 10, FRAME_MS = 40;
// More than the socket buffers between server and viewer may hold.
const FRAME_SIZE = 150000, FRAMES = 300;

// A publisher whose pace is that of its healthy viewers.
class Broadcast {
    count = 0;

    static async begin(t, settings) {
        const broadcast = new Broadcast();
        broadcast.server = await startServer(t, settings);
        broadcast.healthy = [1, 2].flatMap(() => openViewers(t, broadcast.server, PATH));
        await broadcast.server.viewersCame(PATH, broadcast.healthy.length);
        broadcast.publisher = await openPublisher(t, broadcast.server, PATH);
        broadcast.publisher.setChunkSize(65536);
        sendTags(broadcast.publisher, headers());
        return broadcast;
    }

    async send(count, { size = FRAME_SIZE } = {}) {
        for (let left = count; left > 0; left--) {
            const number = this.count++, time = number * FRAME_MS;
            sendTags(this.publisher, [videoTag(number, time, { keyframe: number % GOP === 0, size }),
                                      audioTag(number, time + 5)]);
            if (this.count % 4 === 0 || left === 1)
                await this.#arrived(number);
        }
    }

    // Until all healthy viewers have this frame and those before it, which are then dropped.
    async #arrived(number) {
        for (const viewer of this.healthy) {
            await viewer.frame(number, { ms: 20000 });
            const got = viewer.tags.filter(isFrame).map(numberOf), from = viewer.checked ?? 0;
            assert.deepEqual(got, got.map((_, i) => from + (i >> 1)), `${viewer.name} lost something`);
            viewer.checked = number + 1;
            viewer.tags.length = 0;
        }
    }
}

describe('a viewer that stops reading for a while', { concurrency: 2 }, () => {
    for (const protocol of PROTOCOLS) {
        it(`over ${protocol} goes on at the newest keyframe`, TEST, async t => {
            const broadcast = await Broadcast.begin(t, { 'delivery.lag_ms': 500 });
            const slow = openViewer(t, broadcast.server, protocol, PATH);
            await broadcast.server.viewersCame(PATH, 7);
            await broadcast.send(GOP);
            await slow.count(3 + 2 * GOP);
            slow.pauseReading();
            await broadcast.send(FRAMES + 3);
            await broadcast.server.logged(/too slow: skipped \d+ packets/);
            slow.resumeReading();
            const last = broadcast.count - 1;
            await slow.frame(last, { ms: 30000 });
            assertSkippedToKeyframes(slow, last);
            await assertSkipIsTold(broadcast.server);
            await broadcast.send(20, { size: 1000 });
            await slow.frame(last + 20, { ms: 30000 });
        });
    }

    async function assertSkipIsTold(server) {
        const { items } = await get(server, `/api/sessions?stream=${PATH}&role=viewer`);
        const [{ skips: own }, ...others] = items.filter(session => session.skips.count > 0);
        assert.deepEqual(others, []);
        const { skips } = await getUntil(server, STREAM, stream => stream.skips.count >= own.count, 'the skips of the stream');
        assert.ok(skips.lagMs >= 1 && skips.lagMs === skips.count && skips.packets > 2 * GOP, JSON.stringify(skips));
        assert.deepEqual({ count: skips.count, packets: skips.packets }, own);
    }

    // Wherever frames are missing, a keyframe comes next, and sound from the same time on.
    function assertSkippedToKeyframes(viewer, last) {
        const frames = viewer.tags.filter(isFrame);
        let skips = 0;
        for (let i = 1; i < frames.length; i++) {
            const step = numberOf(frames[i]) - numberOf(frames[i - 1]);
            if (step === (isAudio(frames[i]) ? 0 : 1))
                continue;
            skips++;
            assert.ok(step > 0, 'forward');
            assert.ok(isKeyframe(frames[i]), `no keyframe after ${numberOf(frames[i - 1])}`);
        }
        assert.ok(skips >= 1, 'it was moved');
        assert.equal(numberOf(frames.at(-1)), last);
        assert.ok(numberOf(frames.at(-1)) - numberOf(frames.findLast(isKeyframe)) < GOP);
        assertMonotonic(viewer.tags, viewer.name);
        assert.ok(viewer.tags.filter(isSequenceHeader).length >= 2);
    }
});

describe('a viewer that never reads again', { concurrency: 2 }, () => {
    it('is let go after delivery.stall_s, over every protocol', TEST, async t => {
        const broadcast = await Broadcast.begin(t, { 'delivery.lag_ms': 500, 'delivery.stall_s': 1 });
        const stuck = openViewers(t, broadcast.server, PATH);
        await broadcast.server.viewersCame(PATH, 9);
        await broadcast.send(GOP);
        for (const viewer of stuck) {
            await viewer.count(3 + 2 * GOP);
            viewer.pauseReading();
        }
        await broadcast.send(FRAMES);
        await broadcast.server.loggedTimes(/stop play .*stalled/, stuck.length);
        await broadcast.send(GOP);
        assert.ok(broadcast.healthy.every(viewer => viewer.isConnected()));
        const { stalls } = await getUntil(broadcast.server, STREAM, it => it.viewers.total === broadcast.healthy.length);
        assert.equal(stalls, stuck.length);
    });

    it('costs no more memory than the limits allow', TEST, async t => {
        const bytes = 4 * MEGABYTE;
        const broadcast = await Broadcast.begin(t, { 'delivery.lag_bytes': bytes, 'delivery.gop_bytes': bytes });
        const stuck = [1, 2].flatMap(() => openViewers(t, broadcast.server, PATH));
        await broadcast.server.viewersCame(PATH, 12);
        await broadcast.send(GOP);
        for (const viewer of stuck) {
            await viewer.count(3 + 2 * GOP);
            viewer.pauseReading();
        }
        const before = broadcast.server.residentSize();
        await broadcast.send(2 * FRAMES);
        broadcast.server.assertGrownLess(before, 48 * MEGABYTE);
        await getUntil(broadcast.server, STREAM, it => it.skips.lagBytes >= stuck.length);
    });
});

describe('a viewer that reads slowly', () => {
    it('gets whole groups, as many as it can take', TEST, async t => {
        const broadcast = await Broadcast.begin(t, { 'delivery.lag_ms': 500 });
        const slow = openViewer(t, broadcast.server, 'http', PATH);
        await broadcast.server.viewersCame(PATH, 7);
        for (let i = 0; i < 12; i++) {
            slow.pauseReading();
            await broadcast.send(3 * GOP);
            slow.resumeReading();
            const seen = slow.tags.length;
            await slow.count(seen + 2 * GOP, 20000);
        }
        const last = broadcast.count - 1;
        await slow.frame(last, { ms: 30000 });
        const picture = slow.tags.filter(tag => isFrame(tag) && isVideo(tag));
        for (let i = 1; i < picture.length; i++)
            assert.ok(isKeyframe(picture[i]) || numberOf(picture[i]) === numberOf(picture[i - 1]) + 1,
                      `frame ${numberOf(picture[i])} follows ${numberOf(picture[i - 1])}`);
    });
});
