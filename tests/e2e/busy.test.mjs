// busy.test.mjs - one publisher for each stream: who else wants to be, who only pretends, and what
// viewers see when it leaves and comes back.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from './lib/amf.mjs';
import { audioTag, frames, headers, metadataTag, numberOf, videoTag } from './lib/canned.mjs';
import { assertMonotonic, isFrame, isKeyframe, isSequenceHeader, isVideo, writeTag } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { EVENT, isCommand, isEvent, isStatus, RtmpClient, TYPE } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

const frameNumbers = viewer => viewer.tags.filter(isFrame).map(numberOf);
const range = (first, end) => Array.from({ length: end - first }, (_, i) => [first + i, first + i]).flat();

describe('a second publisher', { concurrency: 4 }, () => {
    it('is refused before any success, and the first goes on undisturbed', TEST, async t => {
        const server = await startServer(t);
        const first = await publish(t, server, PATH, frames({ count: 10, gop: 100 }));
        const viewers = openViewers(t, server, PATH);
        for (let i = 0; i < 8; i++) { // on both workers
            const second = await RtmpClient.ready(t, server.rtmpPort);
            second.command('publish', ['stream', 'live'], { msid: second.msid });
            const { values } = await second.status('NetStream.Publish.BadName');
            assert.equal(values[3].level, 'error');
            assert.match(values[3].description, /already publishing/);
            await second.waitClosed();
            assert.ok(!second.received.some(isStatus('NetStream.Publish.Start')));
        }
        sendTags(first, frames({ count: 10, gop: 0, first: 10, start_ms: 400 }));
        for (const viewer of viewers) {
            await viewer.frame(19);
            assert.deepEqual(frameNumbers(viewer), range(0, 20), viewer.name);
        }
    });

    it('of many at once, one is accepted', TEST, async t => {
        const server = await startServer(t);
        const opening = Array.from({ length: 12 }, () => RtmpClient.ready(t, server.rtmpPort));
        const clients = await Promise.all(opening);
        for (const client of clients)
            client.command('publish', ['stream', 'live'], { msid: client.msid });
        const codes = await Promise.all(clients.map(async client => {
            const { values } = await client.message(isCommand('onStatus'), 'an answer to publish');
            return values[3].code;
        }));
        assert.equal(codes.filter(code => code === 'NetStream.Publish.Start').length, 1, String(codes));
        assert.equal(codes.filter(code => code === 'NetStream.Publish.BadName').length, 11, String(codes));
    });
});

describe('media from who is not the publisher', { concurrency: 4 }, () => {
    const POISON = 666;
    const kinds = [
        ['audio', client => client.sendTag(audioTag(POISON, 500))],
        ['video', client => client.sendTag(videoTag(POISON, 500, { keyframe: true }))],
        ['a header', client => client.sendTag(headers()[1])],
        ['an aggregate', client => client.send({ type: TYPE.AGGREGATE, csid: 5, msid: client.msid, timestamp: 500,
                                                 body: writeTag(audioTag(POISON, 500)) })],
    ];
    const peers = [
        ['a viewer', async (t, server) => {
            const client = await RtmpClient.ready(t, server.rtmpPort);
            await client.play('stream');
            return client;
        }],
        ['an idle connection', (t, server) => RtmpClient.ready(t, server.rtmpPort)],
        ['one that has left the stream', async (t, server) => {
            const client = await openPublisher(t, server, '/live/other');
            client.command('deleteStream', [client.msid]);
            await client.status('NetStream.Unpublish.Success');
            return client;
        }],
    ];
    for (const [who, open] of peers) {
        for (const [kind, inject] of kinds) {
            it(`${kind} from ${who} closes its session, and nothing gets into the stream`, TEST, async t => {
                const server = await startServer(t);
                const publisher = await publish(t, server, PATH, frames({ count: 5, gop: 100 }));
                const viewers = openViewers(t, server, PATH);
                for (const viewer of viewers)
                    await viewer.frame(4);
                const client = await open(t, server);
                inject(client);
                await client.waitClosed();
                sendTags(publisher, frames({ count: 5, gop: 0, first: 5, start_ms: 200 }));
                for (const viewer of [...viewers, ...openViewers(t, server, PATH)]) {
                    await viewer.frame(9);
                    assert.deepEqual(frameNumbers(viewer), range(0, 10), viewer.name);
                    assert.equal(viewer.tags.filter(isSequenceHeader).length, 2, viewer.name);
                }
            });
        }

        it(`data from ${who} reaches nobody`, TEST, async t => {
            const server = await startServer(t);
            const publisher = await publish(t, server, PATH, frames({ count: 5, gop: 100 }));
            const viewers = openViewers(t, server, PATH);
            for (const viewer of viewers)
                await viewer.frame(4);
            const client = await open(t, server);
            client.send({ type: TYPE.DATA, csid: 6, msid: client.msid, body: encode('onTextData', { text: 'x' }) });
            client.sendTag(metadataTag({ width: POISON }));
            client.sendMetadata({ width: POISON });
            await Promise.race([client.settled(), client.ended]);
            sendTags(publisher, frames({ count: 5, gop: 0, first: 5, start_ms: 200 }));
            for (const viewer of [...viewers, ...openViewers(t, server, PATH)]) {
                await viewer.frame(9);
                assert.equal(viewer.tags.length, 3 + 20, viewer.name);
                assert.deepEqual(viewer.tags[0].body, headers()[0].body, viewer.name);
            }
        });
    }

    it('what a refused publisher sends with its request does not get in either', TEST, async t => {
        const server = await startServer(t);
        const publisher = await publish(t, server, PATH, frames({ count: 5, gop: 100 }));
        const viewer = openViewer(t, server, 'http', PATH);
        await viewer.frame(4);
        for (let i = 0; i < 6; i++) {
            const second = await RtmpClient.ready(t, server.rtmpPort);
            second.command('publish', ['stream', 'live'], { msid: second.msid });
            sendTags(second, [...headers(), ...frames({ count: 100, first: POISON, size: 5000 })]);
            await second.status('NetStream.Publish.BadName'); // though it did not wait for an answer
            await second.waitClosed();
        }
        sendTags(publisher, frames({ count: 5, gop: 0, first: 5, start_ms: 200 }));
        await viewer.frame(9);
        assert.deepEqual(frameNumbers(viewer), range(0, 10));
    });
});

describe('when the publisher leaves', { concurrency: 6 }, () => {
    const leaves = [
        ['with deleteStream', client => client.command('deleteStream', [client.msid])],
        ['in an orderly way', client => client.end()],
        ['cut off', client => client.socket.resetAndDestroy()],
    ];
    for (const [how, leave] of leaves) {
        it(`${how}: after publish.resume_s the stream ends for its viewers`, TEST, async t => {
            const server = await startServer(t, { 'publish.resume_s': 1 });
            const publisher = await publish(t, server, PATH, frames({ count: 5 }));
            const [rtmp, http, ws] = openViewers(t, server, PATH);
            for (const viewer of [rtmp, http, ws])
                await viewer.frame(4);
            const left = Date.now();
            leave(publisher);
            await Promise.all([rtmp, http, ws].map(viewer => viewer.ended()));
            assert.ok(Date.now() - left >= 900, 'they were held');
            assert.equal(ws.closeCode, 1000);
            http.reader.assertWhole();
            await http.until(() => !http.isConnected(), 'the end of the connection');
            assert.equal(http.connection.error, undefined);
            const { received } = rtmp.client;
            const notify = received.findIndex(isStatus('NetStream.Play.UnpublishNotify'));
            const eof = received.findIndex(isEvent(EVENT.STREAM_EOF, rtmp.client.msid));
            assert.ok(notify >= 0 && eof > notify, rtmp.client.summary());
            assert.ok(rtmp.isConnected(), 'RTMP viewers stay');
        });
    }

    it('with publish.resume_s 0 the stream ends at once', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 0 });
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.frame(4);
        publisher.close();
        const left = Date.now();
        await Promise.all(viewers.map(viewer => viewer.ended()));
        assert.ok(Date.now() - left < 900);
        for (const viewer of viewers)
            assert.deepEqual(frameNumbers(viewer), range(0, 5), 'with all that was sent');
    });

    it('an RTMP viewer that stayed goes on with the next one', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 0 });
        const first = await publish(t, server, PATH, frames({ count: 5 }));
        const viewers = [1, 2, 3, 4].map(() => openViewer(t, server, 'rtmp', PATH));
        for (const viewer of viewers)
            await viewer.frame(4);
        first.close();
        await Promise.all(viewers.map(viewer => viewer.ended()));
        const before = viewers.map(viewer => viewer.tags.length);
        const said = viewers.map(viewer => viewer.client.received.length);
        await publish(t, server, PATH, frames({ count: 5, first: 50 }));
        for (const [i, viewer] of viewers.entries()) {
            await viewer.until(() => !viewer.isOver, 'the beginning of the next');
            await viewer.frame(54);
            const after = viewer.tags.slice(before[i]);
            assert.deepEqual(after.filter(isFrame).map(numberOf), range(50, 55));
            assert.equal(after.filter(isSequenceHeader).length, 2);
            const news = viewer.client.received.slice(said[i]);
            assert.ok(news.some(isEvent(EVENT.STREAM_BEGIN, viewer.client.msid)));
            assert.ok(news.some(isStatus('NetStream.Play.PublishNotify')));
            assertMonotonic(viewer.tags, viewer.name);
        }
    });
});

describe('a publisher that comes back in time', { concurrency: 6 }, () => {
    for (const [what, start_ms] of [['from time 0', 0], ['from where it was', 2000], ['far ahead', 900000],
                                    ['from a time before', 1000]]) {
        it(`${what} continues the stream for all who watch`, TEST, async t => {
            const server = await startServer(t, { 'publish.resume_s': 30 });
            const first = await publish(t, server, PATH, frames({ count: 10, gop: 100, start_ms: 1600 }));
            const viewers = [...openViewers(t, server, PATH), ...openViewers(t, server, PATH)];
            for (const viewer of viewers)
                await viewer.frame(9);
            first.socket.resetAndDestroy();
            await server.logged(/stop push/);
            const held = openViewers(t, server, PATH); // come while nobody publishes
            const second = await openPublisher(t, server, PATH);
            sendTags(second, [...headers(), ...frames({ count: 10, gop: 100, first: 10, start_ms })]);
            for (const viewer of [...viewers, ...held])
                await viewer.frame(19);
            for (const viewer of viewers) {
                assert.deepEqual(frameNumbers(viewer), range(0, 20), viewer.name);
                assertMonotonic(viewer.tags, viewer.name);
                assertOneOffset(viewer.tags.filter(isFrame));
                const after = viewer.tags.slice(3 + 20);
                assert.ok(after.slice(0, 3).filter(isSequenceHeader).length === 2, 'headers come again');
                assert.ok(isKeyframe(after.find(tag => isVideo(tag) && isFrame(tag))));
                assert.ok(!viewer.isOver, `${viewer.name} heard of no end`);
            }
        });
    }

    // All tracks were moved by the same time, and nothing jumped.
    function assertOneOffset(tags) {
        for (const tag of tags.filter(isVideo)) {
            const sound = tags.find(other => !isVideo(other) && numberOf(other) === numberOf(tag));
            assert.equal(sound.timestamp - tag.timestamp, 5, `sound and picture of frame ${numberOf(tag)}`);
        }
        const times = tags.map(tag => tag.timestamp);
        for (let i = 1; i < times.length; i++) {
            const step = times[i] - times[i - 1];
            assert.ok(step >= 0 && step <= 100, `from ${times[i - 1]} to ${times[i]}`);
        }
    }

    it('again and again', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 30 });
        const viewers = openViewers(t, server, PATH);
        await server.viewersCame(PATH, 3);
        for (let turn = 0; turn < 6; turn++) {
            const publisher = await openPublisher(t, server, PATH);
            sendTags(publisher, [...headers(), ...frames({ count: 10, gop: 100, first: turn * 10 })]);
            for (const viewer of viewers)
                await viewer.frame(turn * 10 + 9);
            if (turn % 2 === 0) {
                publisher.close();
                await server.loggedTimes(/stop push/, turn + 1);
            } else {
                publisher.command('FCUnpublish', ['stream']);
                await publisher.status('NetStream.Unpublish.Success');
            }
        }
        for (const viewer of viewers) {
            assert.deepEqual(frameNumbers(viewer), range(0, 60), viewer.name);
            assertMonotonic(viewer.tags, viewer.name);
        }
    });

    it('without sound this time', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 30 });
        const first = await publish(t, server, PATH, frames({ count: 10 }));
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.frame(9);
        first.close();
        await server.logged(/stop push/);
        await publish(t, server, PATH, frames({ count: 10, first: 10, audio: false }), { audio: false });
        for (const viewer of viewers) {
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 19, 'the last frame');
            assertMonotonic(viewer.tags, viewer.name);
        }
    });
});
