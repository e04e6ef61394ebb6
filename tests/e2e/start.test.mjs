// start.test.mjs - how a stream begins for its viewers: waiting, headers, the cached group of
// pictures, the truth about the tracks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode, EcmaArray } from './lib/amf.mjs';
import {
    audioHeaderTag, audioTag, frames, headers, METADATA, metadataTag, numberOf, videoHeaderTag, videoTag,
} from './lib/canned.mjs';
import { isAudio, isFrame, isKeyframe, isScript, isSequenceHeader, isVideo, scriptOf } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { isStatus } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

function assertSameTags(who, got, expected) {
    const plain = tags => tags.map(({ type, timestamp, body }) => [type, timestamp, body.toString('hex')]);
    assert.deepEqual(plain(got), plain(expected), who);
}

describe('before there is a publisher', { concurrency: 4 }, () => {
    it('viewers wait, and nothing is sent over HTTP', TEST, async t => {
        const server = await startServer(t);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        await viewers[0].started;
        assert.equal(viewers[1].connection.bytesRead, 0);
        const tags = frames({ count: 20 });
        await publish(t, server, PATH, tags);
        for (const viewer of viewers) {
            await viewer.count(3 + tags.length);
            assertSameTags(viewer.name, viewer.tags, [...headers(), ...tags]);
        }
        assert.deepEqual(viewers.map(viewer => viewer.flags), [null, 5, 5]);
    });

    it('nobody waits longer than play.wait_s', TEST, async t => {
        const server = await startServer(t, { 'play.wait_s': 1 });
        const [rtmp, http, ws] = openViewers(t, server, PATH);
        await rtmp.started;
        const { values } = await rtmp.client.status('NetStream.Play.StreamNotFound');
        assert.equal(values[3].level, 'error');
        assert.equal((await http.refused()).status, 404);
        await ws.ended();
        assert.equal(ws.closeCode, 4404);
    });

    it('a viewer whose publisher came does not run out of time', TEST, async t => {
        const server = await startServer(t, { 'play.wait_s': 1 });
        const viewers = openViewers(t, server, PATH), late = openViewers(t, server, '/live/nobody');
        await server.viewersCame(PATH, 3);
        const publisher = await publish(t, server, PATH, frames({ count: 10 }));
        await late[0].started;
        await late[0].client.status('NetStream.Play.StreamNotFound');
        assert.equal((await late[1].refused()).status, 404);
        sendTags(publisher, frames({ count: 10, first: 10, start_ms: 400 }));
        for (const viewer of viewers)
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 19, 'the last frame');
    });
});

describe('who joins late', { concurrency: 4 }, () => {
    const tags = frames({ count: 25, gop: 10 });
    const lastGroup = tags.filter(tag => numberOf(tag) >= 20);

    it('gets the headers and the last group of pictures at once', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, tags);
        // Several, one after the other: some on a worker that does not know the stream yet.
        for (const viewer of [...openViewers(t, server, PATH), ...openViewers(t, server, PATH)]) {
            await viewer.count(3 + lastGroup.length);
            assert.deepEqual(scriptOf(viewer.tags[0]), ['onMetaData', METADATA], viewer.name);
            assert.deepEqual(viewer.tags.slice(1, 3).map(tag => tag.body),
                             [videoHeaderTag().body, audioHeaderTag().body], viewer.name);
            assert.ok(isKeyframe(viewer.tags[3]), `${viewer.name}: a keyframe first`);
            assertSameTags(viewer.name, viewer.tags.slice(3), lastGroup);
        }
    });

    it('goes on with what is sent next, without a gap', TEST, async t => {
        const server = await startServer(t);
        const publisher = await publish(t, server, PATH, tags);
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.count(10);
        const next = frames({ count: 15, gop: 100, first: 25, start_ms: 1000 });
        sendTags(publisher, next);
        for (const viewer of viewers) {
            await viewer.count(3 + lastGroup.length + next.length);
            assert.deepEqual(viewer.tags.slice(3).map(numberOf), [...lastGroup, ...next].map(numberOf), viewer.name);
        }
    });

    it('gets the newest metadata and headers', TEST, async t => {
        const server = await startServer(t);
        const publisher = await publish(t, server, PATH, frames({ count: 10 }));
        const changed = { ...METADATA, width: 320, height: 180 };
        const header = videoHeaderTag();
        header.body = Buffer.from(header.body);
        header.body[8] = 0x1f; // another level
        sendTags(publisher, [metadataTag(changed), header, ...frames({ count: 5, first: 10, start_ms: 400 })]);
        await publisher.settled();
        for (const viewer of openViewers(t, server, PATH)) {
            await viewer.count(3 + 10);
            assert.deepEqual(scriptOf(viewer.tags.find(isScript)), ['onMetaData', changed], viewer.name);
            assert.equal(viewer.tags.filter(isScript).length, 1, viewer.name);
            assert.deepEqual(viewer.tags.filter(isSequenceHeader).map(tag => tag.body).sort(Buffer.compare),
                             [header.body, audioHeaderTag().body].sort(Buffer.compare), viewer.name);
        }
    });

    it('waits for the next keyframe when no group is cached', TEST, async t => {
        const server = await startServer(t, { 'delivery.gop_cache': false });
        const publisher = await publish(t, server, PATH, tags);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        await viewers[0].started;
        sendTags(publisher, [videoTag(25, 1000), videoTag(26, 1040), videoTag(27, 1080, { keyframe: true }),
                             videoTag(28, 1120)]);
        for (const viewer of viewers) {
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 28, 'the last frame');
            assert.deepEqual(viewer.tags.filter(tag => isVideo(tag) && isFrame(tag)).map(numberOf), [27, 28],
                             viewer.name);
        }
    });

    it('gets sound at once where there is only sound', TEST, async t => {
        const server = await startServer(t);
        const kinds = { video: false };
        const publisher = await publish(t, server, PATH, frames({ count: 50, ...kinds }), kinds);
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.count(3);
        sendTags(publisher, [audioTag(50, 2000)]);
        for (const viewer of viewers) {
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 50, 'the newest frame');
            assert.ok(numberOf(viewer.tags.find(isFrame)) >= 49, `${viewer.name}: no old sound`);
        }
    });
});

describe('the FLV header tells the truth about the tracks', { concurrency: 6 }, () => {
    const cases = [
        { what: 'both', kinds: {}, flags: 5 },
        { what: 'sound only', kinds: { video: false }, flags: 4 },
        { what: 'picture only', kinds: { audio: false }, flags: 1 },
    ];
    for (const { what, kinds, flags } of cases) {
        it(`${what}, said by the metadata`, TEST, async t => {
            const server = await startServer(t);
            const early = openViewers(t, server, PATH);
            await server.viewersCame(PATH, 3);
            await publish(t, server, PATH, frames({ count: 10, ...kinds }), kinds);
            for (const viewer of [...early, ...openViewers(t, server, PATH)]) {
                await viewer.tag(isFrame, 'a frame');
                assert.equal(viewer.flags, viewer.protocol === 'rtmp' ? null : flags, viewer.name);
            }
        });

        it(`${what}, without metadata`, TEST, async t => {
            const server = await startServer(t);
            const viewers = openViewers(t, server, PATH);
            await server.viewersCame(PATH, 3);
            const publisher = await openPublisher(t, server, PATH), tags = frames({ count: 10, ...kinds });
            sendTags(publisher, [...headers(kinds).slice(1), ...tags]);
            for (const viewer of viewers) {
                await viewer.count(headers(kinds).length - 1 + tags.length);
                if (viewer.protocol !== 'rtmp')
                    assert.equal(viewer.flags, flags, viewer.name);
                assert.deepEqual(viewer.tags.filter(isFrame).map(numberOf), tags.map(numberOf), viewer.name);
            }
        });
    }

    it('a track that is promised but late is waited for', TEST, async t => {
        const server = await startServer(t);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        const publisher = await openPublisher(t, server, PATH);
        const sound = [0, 1, 2, 3].map(i => audioTag(i, i * 20));
        const picture = frames({ count: 5, start_ms: 80, audio: false });
        sendTags(publisher, [metadataTag(), audioHeaderTag(), ...sound]);
        await viewers[0].count(2 + sound.length);
        sendTags(publisher, [videoHeaderTag(), ...picture]);
        for (const viewer of viewers) {
            await viewer.count(3 + sound.length + picture.length);
            assert.deepEqual(viewer.tags.filter(isAudio).slice(1).map(numberOf), [0, 1, 2, 3], viewer.name);
            if (viewer.protocol !== 'rtmp')
                assert.equal(viewer.flags, 5, viewer.name);
        }
    });

    it('a track that is promised and never comes does not hold viewers for ever', TEST, async t => {
        const server = await startServer(t);
        const viewer = openViewer(t, server, 'http', PATH);
        await server.viewersCame(PATH, 1);
        const publisher = await openPublisher(t, server, PATH);
        sendTags(publisher, [metadataTag(), videoHeaderTag(), ...frames({ count: 10, audio: false })]);
        await viewer.count(12);
        assert.equal(viewer.flags, 1);
    });
});

describe('metadata', { concurrency: 4 }, () => {
    it('reaches viewers without the words that were for the server', TEST, async t => {
        const server = await startServer(t);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        const publisher = await openPublisher(t, server, PATH);
        publisher.sendMetadata(new EcmaArray(METADATA));
        sendTags(publisher, [...headers().slice(1), ...frames({ count: 3 })]);
        for (const viewer of [...viewers, ...openViewers(t, server, PATH)]) {
            await viewer.tag(isFrame, 'a frame');
            const scripts = viewer.tags.filter(isScript);
            assert.equal(scripts.length, 1, viewer.name);
            assert.deepEqual(scripts[0].body, encode('onMetaData', new EcmaArray(METADATA)), viewer.name);
        }
    });

    it('other data passes as it is', TEST, async t => {
        const server = await startServer(t);
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        const publisher = await publish(t, server, PATH, frames({ count: 3 }));
        const body = encode('onTextData', { text: 'hello', trackid: 3 });
        publisher.sendTag({ type: 18, timestamp: 120, body });
        for (const viewer of viewers) {
            const tag = await viewer.tag(each => isScript(each) && scriptOf(each)[0] === 'onTextData', 'the text');
            assert.deepEqual(tag.body, body, viewer.name);
        }
    });
});

describe('an encoder that starts amid a group', { concurrency: 4 }, () => {
    it('is heard at once and seen from its first keyframe on', TEST, async t => {
        const server = await startServer(t);
        const early = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        const tags = frames({ count: 20, gop: 10, first: 100 }).slice(2 * 4);
        await publish(t, server, PATH, tags);
        for (const viewer of [...early, ...openViewers(t, server, PATH)]) {
            await viewer.tag(tag => isFrame(tag) && isVideo(tag) && numberOf(tag) === 119, 'the last frame');
            assert.deepEqual(viewer.tags.filter(tag => isVideo(tag) && isFrame(tag)).map(numberOf),
                             [110, 111, 112, 113, 114, 115, 116, 117, 118, 119], viewer.name);
        }
    });

    it('RTMP viewers hear Play.Start once', TEST, async t => {
        const server = await startServer(t);
        const viewer = openViewer(t, server, 'rtmp', PATH);
        await viewer.started;
        await publish(t, server, PATH, frames({ count: 3 }));
        await viewer.tag(isFrame, 'a frame');
        assert.equal(viewer.client.received.filter(isStatus('NetStream.Play.Start')).length, 1);
    });
});
