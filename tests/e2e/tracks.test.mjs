// tracks.test.mjs - two pictures in one stream, whose keyframes do not come at the same time: nobody
// is shown a group from its middle.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metadataTag } from './lib/canned.mjs';
import { VIDEO } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';
const GOP = 10, FRAME_MS = 40;
const OFFSETS = [0, 4];         // in a group, of each track's keyframe

// Track 0 in the form of one track, track 1 in that of several, as FFmpeg has them.
const head = (track, packetType, frameType) =>
    track === 0 ? Buffer.from([0x80 | frameType << 4 | packetType, ...Buffer.from('vp09')])
                : Buffer.from([0x80 | frameType << 4 | 6, packetType, ...Buffer.from('vp09'), track]);
const tag = (timestamp, ...parts) => ({ type: VIDEO, timestamp, body: Buffer.concat(parts) });
const headers = () => [metadataTag({ videocodecid: 0x76703039 }), // so nobody waits for sound
                       ...OFFSETS.map((_, track) => tag(0, head(track, 0, 1), Buffer.from('0100000000000000', 'hex')))];

// Frame `number` of each track, a little apart.
function pictures(number, size = 100) {
    return OFFSETS.map((offset, track) => {
        const payload = Buffer.alloc(size, number & 0xff);
        payload.writeUInt32BE(number);
        return tag(number * FRAME_MS + 10 * track, head(track, 1, number % GOP === offset ? 1 : 2), payload);
    });
}

const range = (count, first = 0) => Array.from({ length: count }, (_, i) => first + i);
const trackOf = ({ body }) => (body[0] & 0x0f) === 6 ? body[6] : 0;
const isPicture = ({ type, body }) => type === VIDEO && (((body[0] & 0x0f) === 6 ? body[1] : body[0]) & 0x0f) === 1;
const numberOf = t => t.body.readUInt32BE(trackOf(t) === 0 ? 5 : 7);
const numbers = (viewer, track) => viewer.tags.filter(t => isPicture(t) && trackOf(t) === track).map(numberOf);
const until = (viewer, number, track = 1) =>
    viewer.tag(t => isPicture(t) && trackOf(t) === track && numberOf(t) === number, `picture ${number}`, { ms: 20000 });

// Wherever a track begins or goes on after a gap, it is with a keyframe of its own.  Returns the gaps.
function assertWholeGroups(viewer) {
    return OFFSETS.map((offset, track) => {
        const got = numbers(viewer, track), begins = got.filter((number, i) => number !== got[i - 1] + 1);
        begins.forEach(number => assert.equal(number % GOP, offset, `${viewer.name}: track ${track} goes on at ${number}`));
        return begins.length - 1;
    });
}

describe('two tracks, keyframes at different times', { concurrency: 2 }, () => {
    it('who joins gets each from its own keyframe on', TEST, async t => {
        const server = await startServer(t), early = openViewers(t, server, PATH);
        await server.viewersCame(PATH, early.length);
        const publisher = await openPublisher(t, server, PATH);
        sendTags(publisher, [...headers(), ...range(2 * GOP + 2).flatMap(number => pictures(number))]);
        await publisher.settled();
        const late = [1, 2].flatMap(() => openViewers(t, server, PATH));
        const live = openViewers(t, server, PATH, { query: 'start=live' });
        const second = openViewer(t, server, 'http', PATH, { query: 'video=1&audio=none' });
        await server.viewersCame(PATH, 13);
        await Promise.all(late.map(viewer => viewer.tag(isPicture)));
        sendTags(publisher, range(3 * GOP, 2 * GOP + 2).flatMap(number => pictures(number)));
        const all = range(5 * GOP + 2);
        for (const viewer of [...early, ...late, ...live]) {
            await until(viewer, all.at(-1));
            assert.deepEqual(assertWholeGroups(viewer), [0, 0], viewer.name);
            assert.equal(viewer.tags.filter(each => !isPicture(each)).length, 3, `${viewer.name}: one header of each`);
        }
        for (const [viewers, ...firsts] of [[early, 0, 4], [late, 2 * GOP, 2 * GOP + 4], [live, 3 * GOP, 3 * GOP + 4]])
            for (const viewer of viewers)
                firsts.forEach((first, track) => assert.deepEqual(numbers(viewer, track), all.slice(first), viewer.name));
        const rest = all.slice(2 * GOP + 4);
        await second.count(2 + rest.length);
        const chosen = second.tags.slice(2).map(({ body }) => body.readUInt32BE(5)); // as if it were the only one
        assert.deepEqual(chosen, rest);
    });

    for (const protocol of PROTOCOLS)
        it(`over ${protocol}, who was too slow does as well`, TEST, async t => {
            const server = await startServer(t, { 'delivery.lag_ms': 200, 'delivery.flush_ms': 0 });
            const slow = openViewer(t, server, protocol, PATH), healthy = openViewer(t, server, 'http', PATH);
            await server.viewersCame(PATH, 2);
            const publisher = await openPublisher(t, server, PATH);
            publisher.setChunkSize(65536);
            let sent = 0;
            const send = async (count, size) => {
                for (const last = sent + count; sent < last; sent++) {
                    sendTags(publisher, pictures(sent, size));
                    if (sent % 4 === 0 || sent === last - 1)
                        await until(healthy, sent, 0);
                }
            };
            sendTags(publisher, headers());
            await send(GOP);
            await until(slow, GOP - 1);
            slow.pauseReading();
            await send(8 * GOP + 2, 150000);
            await server.logged(/too slow: skipped \d+ packets/);
            slow.resumeReading();
            await send(2 * GOP);
            await until(slow, sent - 1);
            assert.ok(assertWholeGroups(slow).every(gaps => gaps >= 1), 'it was moved');
            assert.deepEqual(assertWholeGroups(healthy), [0, 0]);
        });
});
