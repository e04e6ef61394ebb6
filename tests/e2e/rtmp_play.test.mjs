// rtmp_play.test.mjs - what an RTMP player says, and what it is answered, word by word.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frames, numberOf } from './lib/canned.mjs';
import { isAudio, isFrame, isKeyframe, isScript, isSequenceHeader, isVideo } from './lib/flv.mjs';
import { publish, sendTags } from './lib/publisher.mjs';
import { EVENT, isErrorStatus, isEvent, isMedia, isStatus, RtmpClient, TYPE, words } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

describe('play', { concurrency: 4 }, () => {
    it('is greeted in the order that players expect', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 5 }));
        const client = await RtmpClient.ready(t, server.rtmpPort);
        const from = client.received.length;
        await client.play('stream');
        await client.message(message => message.type === TYPE.VIDEO && isKeyframe(message), 'a keyframe');
        const heard = client.received.slice(from);
        assert.deepEqual(words(heard).slice(0, 8), [
            `event ${EVENT.STREAM_BEGIN}`, 'NetStream.Play.Reset', 'NetStream.Play.Start', '|RtmpSampleAccess',
            'onMetaData', 'video', 'audio', 'video',
        ]);
        assert.equal(heard[0].event.value, client.msid);
        assert.deepEqual(heard.slice(5, 8).map(isSequenceHeader), [true, true, false]);
    });

    for (const msid of [2, 5]) {
        it(`is served on message stream ${msid} to who plays there`, TEST, async t => {
            const server = await startServer(t);
            const publisher = await publish(t, server, PATH, frames({ count: 5 }));
            const viewer = openViewer(t, server, 'rtmp', PATH, { msid });
            await viewer.count(3 + 10);
            // From the batches too, not only from the first catching up.
            for (let i = 5; i < 40; i++) {
                sendTags(publisher, frames({ count: 1, first: i, start_ms: i * 40, gop: 1 }));
                await viewer.count(3 + 2 * (i + 1));
            }
            assert.deepEqual([...new Set(viewer.tags.map(tag => tag.msid))], [msid]);
            assert.equal(viewer.client.received.find(isEvent(EVENT.STREAM_BEGIN)).event.value, msid);
            assert.equal(viewer.client.received.find(isStatus('NetStream.Play.Start')).msid, msid);
        });
    }

    it('of something that can be no name is refused', TEST, async t => {
        const server = await startServer(t);
        for (const name of ['', '.x', 'a/b', 'x'.repeat(1000)]) {
            const client = await RtmpClient.ready(t, server.rtmpPort);
            client.command('play', [name], { msid: 1 });
            const { values } = await client.message(isErrorStatus, 'an error');
            assert.match(values[3].code, /^NetStream\.Play\.(Failed|StreamNotFound)$/);
            assert.ok(!client.received.some(isStatus('NetStream.Play.Start')));
        }
    });

    it('takes the name with a prefix or a suffix, as librtmp makes it', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 5 }));
        for (const name of ['flv:stream', 'mp4:stream', 'stream.flv']) {
            const client = await RtmpClient.ready(t, server.rtmpPort);
            await client.play(name);
            await client.message(isMedia, `${name}: media`);
        }
    });

    it('ends with deleteStream, and may begin again', TEST, async t => {
        const server = await startServer(t);
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const client = await RtmpClient.ready(t, server.rtmpPort);
        await client.play('stream');
        await client.message(isMedia, 'media');
        client.command('deleteStream', [client.msid]);
        await client.settled();
        const from = client.received.length;
        sendTags(publisher, frames({ count: 5, first: 5, start_ms: 200 }));
        await publisher.settled();
        await client.settled();
        assert.ok(!client.received.slice(from).some(isMedia), 'nothing after deleteStream');
        client.msid = await client.createStream();
        await client.play('stream');
        const media = await client.message(isMedia, 'media', { from });
        assert.equal(media.msid, client.msid);
    });
});

describe('a viewer\'s wishes', { concurrency: 4 }, () => {
    // A publisher with five frames sent, a viewer that has them, and a witness.
    async function begin(t) {
        const server = await startServer(t);
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const viewer = openViewer(t, server, 'rtmp', PATH), witness = openViewer(t, server, 'rtmp', PATH);
        await viewer.count(3 + 10);
        await witness.count(3 + 10);
        return { publisher, viewer, witness, client: viewer.client };
    }

    it('pause stops everything, unpause begins with headers and a keyframe', TEST, async t => {
        const { publisher, viewer, witness, client } = await begin(t);
        client.command('pause', [true, 0], { msid: client.msid });
        await client.status('NetStream.Pause.Notify');
        assert.ok(client.received.some(isEvent(EVENT.STREAM_EOF, client.msid)));
        const before = viewer.tags.length;
        sendTags(publisher, frames({ count: 10, gop: 5, first: 5, start_ms: 200 }));
        await witness.frame(14);
        await client.settled();
        assert.equal(viewer.tags.length, before, 'nothing while it pauses');
        client.command('pause', [false, 0], { msid: client.msid });
        await client.status('NetStream.Unpause.Notify');
        await viewer.frame(14);
        const after = viewer.tags.slice(before);
        assert.equal(after.filter(isSequenceHeader).length, 2);
        assert.ok(isKeyframe(after.find(tag => isVideo(tag) && isFrame(tag))));
        assert.deepEqual(after.filter(tag => isVideo(tag) && isFrame(tag)).map(numberOf), [10, 11, 12, 13, 14]);
    });

    it('receiveAudio false leaves the picture', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        client.command('receiveAudio', [false], { msid: client.msid });
        await client.settled();
        const before = viewer.tags.length;
        sendTags(publisher, frames({ count: 5, first: 5, start_ms: 200 }));
        await viewer.frame(9, { isKind: isVideo });
        assert.deepEqual(viewer.tags.slice(before).map(numberOf), [5, 6, 7, 8, 9]);
        client.command('receiveAudio', [true], { msid: client.msid });
        await client.settled();
        sendTags(publisher, frames({ count: 1, first: 10, start_ms: 400 }));
        await viewer.frame(10);
    });

    it('receiveVideo false leaves the sound; the picture comes back with a keyframe', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        client.command('receiveVideo', [false], { msid: client.msid });
        await client.settled();
        const before = viewer.tags.length;
        sendTags(publisher, frames({ count: 5, gop: 100, first: 5, start_ms: 200 }).slice(2));
        await viewer.frame(9);
        assert.ok(viewer.tags.slice(before).every(isAudio));
        client.command('receiveVideo', [true], { msid: client.msid });
        await client.settled();
        const again = viewer.tags.length;
        sendTags(publisher, frames({ count: 8, gop: 4, first: 10, start_ms: 400 }).slice(2));
        await viewer.frame(17, { isKind: isVideo });
        const picture = viewer.tags.slice(again).filter(tag => isVideo(tag) && isFrame(tag));
        assert.ok(isKeyframe(picture[0]), 'a keyframe first');
    });

    it('seek in a live stream fails, and says so', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        client.command('seek', [1000], { msid: client.msid });
        const { values } = await client.status('NetStream.Seek.Failed');
        assert.equal(values[3].level, 'error');
        sendTags(publisher, frames({ count: 1, first: 5, start_ms: 200 }));
        await viewer.frame(5);
    });

    it('a second play or a publish on the same connection is refused, the first goes on', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        for (const name of ['play', 'publish']) {
            client.command(name, ['other'], { msid: client.msid });
            const refusal = `NetStream.${name === 'play' ? 'Play' : 'Publish'}.BadConnection`;
            assert.equal((await client.status(refusal)).values[3].level, 'error');
        }
        sendTags(publisher, frames({ count: 1, first: 5, start_ms: 200 }));
        await viewer.frame(5);
        assert.equal(viewer.tags.filter(isScript).length, 1);
    });
});
