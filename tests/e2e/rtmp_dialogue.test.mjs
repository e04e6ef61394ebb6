// rtmp_dialogue.test.mjs - what an RTMP client says, and what it is answered, word by word.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { isAudio, isFrame, isKeyframe, isScript, isSequenceHeader, isVideo } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { EVENT, isCommand, isEvent, isMedia, isStatus, RtmpClient, TYPE } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

// A message in a word.
function word(message) {
    if (message.type === TYPE.COMMAND || message.type === TYPE.DATA)
        return message.values[0] === 'onStatus' ? message.values[3].code : message.values[0];
    if (message.type === TYPE.USER_CONTROL)
        return `event ${message.event.type}`;
    return { 1: 'SetChunkSize', 3: 'Acknowledgement', 5: 'WindowAckSize', 6: 'SetPeerBandwidth', 8: 'audio', 9: 'video' }[message.type];
}

const words = messages => messages.map(word);

describe('connect', { concurrency: 4 }, () => {
    it('is answered in the order that clients expect', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.open(t, server.rtmpPort);
        await client.connect('live');
        await client.settled();
        assert.deepEqual(words(client.received),
                         ['WindowAckSize', 'SetPeerBandwidth', 'SetChunkSize', '_result', `event ${EVENT.PONG}`]);
        const [window, bandwidth, chunk, result] = client.received;
        assert.ok(window.value >= 100000);
        assert.ok(bandwidth.value >= 100000);
        assert.equal(bandwidth.body[4], 2, 'a dynamic limit');
        assert.equal(chunk.value, 65535);
        for (const control of [window, bandwidth, chunk])
            assert.deepEqual([control.csid, control.msid], [2, 0]);
        const [, transaction, properties, info] = result.values;
        assert.equal(transaction, 1);
        assert.match(properties.fmsVer, /^FMS\//);
        assert.equal(properties.capabilities, 31);
        assert.equal(info.level, 'status');
        assert.equal(info.code, 'NetConnection.Connect.Success');
        assert.equal(info.objectEncoding, 0);
    });

    it('agrees to AMF3 when the client wants it', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.open(t, server.rtmpPort);
        const reply = await client.connect('live', { objectEncoding: 3 });
        assert.equal(reply.values[3].objectEncoding, 3);
    });

    it('announces the chunk size of the configuration', TEST, async t => {
        const server = await startServer(t, { 'rtmp.chunk_size': 4096 });
        const client = await RtmpClient.open(t, server.rtmpPort);
        await client.connect('live');
        assert.equal(client.peerChunkSize, 4096);
    });

    for (const layout of [undefined, 0, 1]) {
        it(`follows a handshake ${layout === undefined ? 'without digests' : `with digests in layout ${layout}`}`, TEST,
           async t => {
               const server = await startServer(t);
               const client = await RtmpClient.open(t, server.rtmpPort, { layout });
               await client.connect('live');
           });
    }

    it('a second time is refused and harms nothing', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        const reply = await client.call('connect', [], { object: { app: 'other', tcUrl: 'rtmp://127.0.0.1/other' } });
        assert.equal(reply.values[0], '_error');
        await client.publish('stream');
        openViewer(t, server, 'rtmp', PATH);
        await server.viewersCame(PATH, 1);
    });

    it('must come first', TEST, async t => {
        const server = await startServer(t);
        for (const name of ['createStream', 'publish', 'play', 'nonsense']) {
            const client = await RtmpClient.open(t, server.rtmpPort);
            client.command(name, ['stream']);
            await client.waitClosed();
        }
    });
});

describe('commands', { concurrency: 4 }, () => {
    it('createStream numbers the streams of a connection', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.open(t, server.rtmpPort);
        await client.connect('live');
        assert.deepEqual([await client.createStream(), await client.createStream(), await client.createStream()], [1, 2, 3]);
    });

    it('what encoders say around publish is answered', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.open(t, server.rtmpPort);
        await client.connect('live');
        for (const [name, args] of [['releaseStream', ['stream']], ['FCPublish', ['stream']], ['_checkbw', []],
                                    ['getStreamLength', ['stream']]]) {
            const { values } = await client.call(name, args);
            assert.equal(values[0], '_result', name);
            if (name === 'getStreamLength')
                assert.equal(values[3], 0, 'a live stream has no length');
        }
        client.msid = await client.createStream();
        assert.ok(!client.received.some(isCommand('onFCPublish')), 'nothing is granted yet');
        await client.publish('stream');
        await client.message(isCommand('onFCPublish'), 'onFCPublish');
        assert.equal((await client.call('FCUnpublish', ['stream'])).values[0], '_result');
        await client.message(isCommand('onFCUnpublish'), 'onFCUnpublish');
    });

    it('an unknown one is an error to who wants an answer, and no more', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        assert.equal((await client.call('makeCoffee', ['black'])).values[0], '_error');
        client.command('makeTea', [], { transaction: 0 });
        await client.publish('stream');
        assert.ok(!client.received.some(message => message.type === TYPE.COMMAND && message.values[1] === 0 &&
                                                   message.values[0] === '_error'));
    });

    it('come as AMF3 messages too, and so does data', TEST, async t => {
        const server = await startServer(t);
        const viewer = openViewer(t, server, 'http', PATH);
        await server.viewersCame(PATH, 1);
        const client = await RtmpClient.open(t, server.rtmpPort);
        const plain = client.send.bind(client);
        // As Flash does with object encoding 3: a byte 0, and then AMF0.
        client.send = (message, options) => {
            const type = { [TYPE.COMMAND]: TYPE.COMMAND_AMF3, [TYPE.DATA]: TYPE.DATA_AMF3 }[message.type];
            return plain(type === undefined ? message
                : { ...message, type, body: Buffer.concat([Buffer.from([0]), message.body]) }, options);
        };
        await client.connect('live', { objectEncoding: 3 });
        client.msid = await client.createStream();
        await client.publish('stream');
        sendTags(client, [...headers(), ...frames({ count: 3 })]);
        await viewer.count(3 + 6);
        assert.deepEqual(viewer.tags[0].body, headers()[0].body);
    });
});

describe('publish', { concurrency: 4 }, () => {
    it('is accepted on the client\'s own message stream', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        client.msid = await client.createStream();
        assert.equal(client.msid, 2);
        const status = await client.publish('stream');
        assert.equal(status.msid, 2);
        assert.equal(status.values[3].level, 'status');
        await client.settled();
        assert.equal(client.received.filter(isStatus('NetStream.Publish.Start')).length, 1);
        const viewer = openViewer(t, server, 'ws', PATH);
        sendTags(client, [...headers(), ...frames({ count: 3 })]);
        await viewer.count(3 + 6);
    });

    it('with a name that is no name is refused before any success', TEST, async t => {
        const server = await startServer(t);
        for (const name of ['', '.hidden', '../../etc/passwd', 'a/b', 'with\u0007bell', 'x'.repeat(1000)]) {
            const client = await RtmpClient.ready(t, server.rtmpPort);
            client.command('publish', [name, 'live'], { msid: 1 });
            const { values } = await client.status('NetStream.Publish.BadName');
            assert.equal(values[3].level, 'error');
            await client.waitClosed();
            assert.ok(!client.received.some(isStatus('NetStream.Publish.Start')), JSON.stringify(name));
        }
    });

    it('twice on one connection is refused, the first goes on', TEST, async t => {
        const server = await startServer(t);
        const client = await publish(t, server, PATH, frames({ count: 3 }));
        const second = await client.createStream();
        client.command('publish', ['other', 'live'], { msid: second });
        await client.message(message => isCommand('onStatus')(message) && message.values[3].level === 'error', 'an error');
        const viewer = openViewer(t, server, 'http', PATH);
        await viewer.count(3 + 6);
        sendTags(client, frames({ count: 3, first: 3, start_ms: 120 }));
        await viewer.count(3 + 6 + 6);
    });

    for (const [what, leave] of [
        ['deleteStream', client => client.command('deleteStream', [client.msid])],
        ['closeStream', client => client.command('closeStream', [], { msid: client.msid })],
        ['FCUnpublish', client => client.command('FCUnpublish', ['stream'])],
    ]) {
        it(`${what} frees the name for the next at once`, TEST, async t => {
            const server = await startServer(t, { 'publish.resume_s': 60 });
            const first = await publish(t, server, PATH, frames({ count: 3 }));
            leave(first);
            await first.status('NetStream.Unpublish.Success');
            const second = await openPublisher(t, server, PATH);
            const viewer = openViewer(t, server, 'rtmp', PATH);
            sendTags(second, [...headers(), ...frames({ count: 3, first: 70 })]);
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 72, 'a frame of the second publisher');
            second.command('deleteStream', [second.msid]);
            await second.status('NetStream.Unpublish.Success');
            first.msid = await first.createStream();
            await first.publish('stream');
        });
    }

    it('a query on the name or on the app is no part of the name', TEST, async t => {
        const server = await startServer(t);
        for (const [app, name, tcUrl] of [
            ['live', 'stream?sign=1-abc&x=y', 'rtmp://127.0.0.1/live'],
            ['live?sign=1-abc', 'stream', 'rtmp://127.0.0.1/live?sign=1-abc'],
            ['live', 'stream', 'rtmp://127.0.0.1/live?sign=1-abc'],
            ['live/', 'stream', 'rtmp://127.0.0.1/live/'],
        ]) {
            const client = await RtmpClient.open(t, server.rtmpPort);
            await client.connect(app, { tcUrl });
            client.msid = await client.createStream();
            await client.publish(name);
            const viewer = openViewer(t, server, 'rtmp', PATH);
            sendTags(client, [...headers(), ...frames({ count: 3 })]);
            await viewer.count(3 + 6);
            viewer.close();
            client.command('deleteStream', [client.msid]);
            await client.status('NetStream.Unpublish.Success');
        }
    });
});

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
            const { values } = await client.message(
                message => isCommand('onStatus')(message) && message.values[3].level === 'error', 'an error');
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
    const lastOf = (viewer, isKind, number) =>
        viewer.tag(tag => isKind(tag) && isFrame(tag) && numberOf(tag) === number, `number ${number}`);

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
        await lastOf(witness, isAudio, 14);
        await client.settled();
        assert.equal(viewer.tags.length, before, 'nothing while it pauses');
        client.command('pause', [false, 0], { msid: client.msid });
        await client.status('NetStream.Unpause.Notify');
        await lastOf(viewer, isAudio, 14);
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
        await lastOf(viewer, isVideo, 9);
        assert.deepEqual(viewer.tags.slice(before).map(numberOf), [5, 6, 7, 8, 9]);
        client.command('receiveAudio', [true], { msid: client.msid });
        await client.settled();
        sendTags(publisher, frames({ count: 1, first: 10, start_ms: 400 }));
        await lastOf(viewer, isAudio, 10);
    });

    it('receiveVideo false leaves the sound; the picture comes back with a keyframe', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        client.command('receiveVideo', [false], { msid: client.msid });
        await client.settled();
        const before = viewer.tags.length;
        sendTags(publisher, frames({ count: 5, gop: 100, first: 5, start_ms: 200 }).slice(2));
        await lastOf(viewer, isAudio, 9);
        assert.ok(viewer.tags.slice(before).every(isAudio));
        client.command('receiveVideo', [true], { msid: client.msid });
        await client.settled();
        const again = viewer.tags.length;
        sendTags(publisher, frames({ count: 8, gop: 4, first: 10, start_ms: 400 }).slice(2));
        await lastOf(viewer, isVideo, 17);
        const picture = viewer.tags.slice(again).filter(tag => isVideo(tag) && isFrame(tag));
        assert.ok(isKeyframe(picture[0]), 'a keyframe first');
    });

    it('seek in a live stream fails, and says so', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        client.command('seek', [1000], { msid: client.msid });
        const { values } = await client.status('NetStream.Seek.Failed');
        assert.equal(values[3].level, 'error');
        sendTags(publisher, frames({ count: 1, first: 5, start_ms: 200 }));
        await lastOf(viewer, isAudio, 5);
    });

    it('a second play or a publish on the same connection is refused, the first goes on', TEST, async t => {
        const { publisher, viewer, client } = await begin(t);
        for (const name of ['play', 'publish']) {
            client.command(name, ['other'], { msid: client.msid });
            await client.message(message => isCommand('onStatus')(message) &&
                                            /BadConnection$/.test(message.values[3].code), `an error to ${name}`);
        }
        sendTags(publisher, frames({ count: 1, first: 5, start_ms: 200 }));
        await lastOf(viewer, isAudio, 5);
        assert.equal(viewer.tags.filter(isScript).length, 1);
    });
});

describe('keeping a connection', { concurrency: 4 }, () => {
    it('a ping is answered with its own stamp', TEST, async t => {
        const server = await startServer(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        for (const stamp of [0, 1, 0xfffffffe]) {
            client.sendEvent(EVENT.PING, stamp);
            await client.message(isEvent(EVENT.PONG, stamp), `pong ${stamp}`);
        }
    });

    it('the server pings, and who answers stays', TEST, async t => {
        const server = await startServer(t, { 'rtmp.ping': 1, 'rtmp.ping_timeout': 1 });
        const client = await RtmpClient.ready(t, server.rtmpPort);
        await client.until(() => client.received.filter(isEvent(EVENT.PING)).length >= 3, 'three pings', 15000);
        assert.ok(!client.closed);
    });

    it('who does not answer is let go', TEST, async t => {
        const server = await startServer(t, { 'rtmp.ping': 1, 'rtmp.ping_timeout': 1 });
        const client = await RtmpClient.ready(t, server.rtmpPort);
        client.answersPings = false;
        await client.message(isEvent(EVENT.PING), 'a ping');
        await client.waitClosed(8000);
        await server.logged(/ping/);
    });

    it('a publisher that goes silent is let go, and its name is free', TEST, async t => {
        const server = await startServer(t, { 'publish.timeout_s': 1 });
        const client = await publish(t, server, PATH, frames({ count: 3 }));
        await client.waitClosed(8000);
        await publish(t, server, PATH, frames({ count: 3 }));
    });

    it('bytes are acknowledged in the window that the client asks for', TEST, async t => {
        const server = await startServer(t);
        const client = await openPublisher(t, server, PATH);
        const window = 5000;
        client.sendControl(TYPE.WINDOW_ACK_SIZE, Buffer.from([0, 0, window >> 8, window & 0xff]));
        sendTags(client, headers());
        for (let i = 0; i < 40; i++) {
            sendTags(client, frames({ count: 1, first: i, start_ms: i * 40, size: 1000 }));
            await client.settled();
        }
        const acks = client.received.filter(message => message.type === TYPE.ACKNOWLEDGEMENT).map(ack => ack.value);
        assert.ok(acks.length >= 5, `${acks.length} acknowledgements of ${client.bytesWritten} bytes`);
        for (const [i, value] of acks.entries()) {
            assert.ok(value <= client.bytesWritten, 'no more than was sent');
            assert.ok(value - (acks[i - 1] ?? 0) <= 2 * window + 6000, 'no later than asked for');
        }
        assert.ok(client.bytesWritten - acks.at(-1) < 2 * window);
    });

    it('who neither publishes nor plays is let go', TEST, async t => {
        const server = await startServer(t, { 'limits.idle_s': 1 });
        const client = await RtmpClient.ready(t, server.rtmpPort);
        await client.waitClosed(8000);
    });
});
