// rtmp_dialogue.test.mjs - what RTMP clients say, and what they are answered, word by word; see
// rtmp_play.test.mjs for players.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { isFrame } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { EVENT, isCommand, isErrorStatus, isEvent, isStatus, RtmpClient, TYPE, words } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

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
        assert.equal(result.body.length, 0xbe, 'not one byte more than old clients know');
    });

    it('says what it does of enhanced RTMP to whoever speaks it', TEST, async t => {
        const server = await startServer(t);
        for (const spoken of [{ fourCcList: ['hvc1'] }, { videoFourCcInfoMap: { '*': 4 } },
                              { audioFourCcInfoMap: {} }, { capsEx: 0 }]) {
            const client = await RtmpClient.open(t, server.rtmpPort);
            const [, , properties, info] = (await client.connect('live', spoken)).values;
            for (const { capsEx, videoFourCcInfoMap, audioFourCcInfoMap, fourCcList } of [properties, info])
                assert.deepEqual({ capsEx, videoFourCcInfoMap, audioFourCcInfoMap, fourCcList }, {
                    capsEx: 2 + 4 + 8, videoFourCcInfoMap: { '*': 4 }, audioFourCcInfoMap: { '*': 4 }, fourCcList: ['*'],
                }, JSON.stringify(spoken));
        }
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
        const what = layout === undefined ? 'without digests' : `with digests in layout ${layout}`;
        it(`follows a handshake ${what}`, TEST, async t => {
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
        for (const msid of [1, 2, 3])
            assert.equal(await client.createStream(), msid);
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
        await client.message(isErrorStatus, 'an error');
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
