// hostile_rtmp.test.mjs - RTMP clients that mean harm, or do it: their session ends, and nothing else.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { EcmaArray, encode, Raw } from './lib/amf.mjs';
import { sendAndWaitForEnd } from './lib/bare.mjs';
import { Bystander } from './lib/bystander.mjs';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isSanitized } from './lib/env.mjs';
import { isFrame } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { Random } from './lib/random.mjs';
import { basicHeader, chunkMessage, messageHeader } from './lib/rtmp_chunk.mjs';
import { HANDSHAKE_SIZE, makeC1 } from './lib/rtmp_handshake.mjs';
import { isCommand, isErrorStatus, RtmpClient, TYPE, uint32 } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';
import { within } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const MEGABYTE = 1 << 20;

async function begin(t, settings) {
    const server = await startServer(t, settings);
    return { server, bystander: await Bystander.begin(t, server) };
}

const command = (...values) => ({ type: TYPE.COMMAND, csid: 3, body: encode(...values) });

describe('connect', { concurrency: 4 }, () => {
    for (const [what, object] of [
        ['no tcUrl', { app: 'live' }],
        ['a tcUrl that is no URL', { app: 'live', tcUrl: 'this is no URL' }],
        ['a tcUrl that is a number', { app: 'live', tcUrl: 42 }],
        ['a tcUrl that is an object', { app: 'live', tcUrl: { a: 1 } }],
        ['an empty tcUrl', { app: 'live', tcUrl: '' }],
        ['a tcUrl with a broken port', { app: 'live', tcUrl: 'rtmp://host:99999999/live' }],
        ['an array for an object', new EcmaArray({ app: 'live', tcUrl: 'rtmp://a/live' })],
    ]) {
        it(`with ${what} works, for the app is known`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const client = await RtmpClient.open(t, server.rtmpPort);
            assert.equal((await client.call('connect', [], { object })).values[0], '_result');
            client.msid = await client.createStream();
            await client.publish('stream');
            await bystander.unharmed();
        });
    }

    for (const [what, object] of [
        ['nothing', undefined], ['null', null], ['a string', 'live'], ['an empty object', {}],
        ['no app', { tcUrl: 'nonsense' }], ['an empty app', { app: '' }], ['an app that is a number', { app: 7 }],
        ['an app of 60000 bytes', { app: 'x'.repeat(60000) }],
    ]) {
        it(`with ${what} is refused or harmless`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const client = await RtmpClient.open(t, server.rtmpPort);
            client.command('connect', [], { object });
            await client.message(isCommand('_error'), 'an error').catch(error => assert.ok(client.closed, error));
            await client.waitClosed();
            await bystander.unharmed();
        });
    }
});

describe('commands', { concurrency: 4 }, () => {
    // What a name may be instead of a string: nothing, and every type that there is.
    for (const [what, args] of [
        ['absent', []], ['null', [null]], ['undefined', [undefined]], ['a number', [42]], ['a boolean', [true]],
        ['an object', [{ name: 'stream' }]], ['an array', [['stream']]], ['a broken marker', [new Raw([0x42])]],
        ['a string cut short', [new Raw([2, 0, 50, 0x61])]], ['a NUL', ['\0']], ['with a NUL in it', ['str\0eam']],
        ['no UTF-8', [new Raw([2, 0, 2, 0xff, 0xfe])]], ['a way up the tree', ['../../etc/passwd']],
        ['a long string', ['y'.repeat(60000)]],
    ]) {
        for (const name of ['publish', 'play']) {
            it(`${name} with a name that is ${what}`, TEST, async t => {
                const { server, bystander } = await begin(t);
                const client = await RtmpClient.ready(t, server.rtmpPort);
                client.command(name, args, { msid: 1 });
                await client.message(isErrorStatus, 'an error').catch(error => assert.ok(client.closed, error));
                assert.ok(!client.received.some(m => isCommand('onStatus')(m) && /Start$/.test(m.values[3].code)));
                await bystander.unharmed();
            });
        }
    }

    const whole = encode('connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live' });

    it('cut anywhere', TEST, async t => {
        const { server, bystander } = await begin(t);
        for (let cut = 0; cut < whole.length; cut++) {
            const client = await RtmpClient.open(null, server.rtmpPort);
            client.send({ type: TYPE.COMMAND, csid: 3, body: whole.subarray(0, cut) });
            client.end();
            await client.waitClosed();
        }
        await bystander.unharmed();
    });

    for (const [what, body] of [
        ['of one byte', [2]], ['of one marker', [3]], ['without a transaction', encode('connect')],
        ['whose name is a number', encode(1, 2, 3)], ['whose name is an object', encode({ a: 1 }, 1)],
        ['whose transaction is a string', encode('connect', 'one', {})],
        ['whose transaction is no number', encode('createStream', NaN, null)],
        ['with an endless string', [2, 0xff, 0xff, 0x61]],
        ['with a long string of 4 GB', [12, 0xff, 0xff, 0xff, 0xff, 0x61]],
        ['with an array of 4 G items', [...encode('connect', 1), 10, 0xff, 0xff, 0xff, 0xff]],
        ['with objects in objects', [...encode('connect', 1), ...Array(3000).fill([3, 0, 1, 0x61]).flat()]],
        ['with arrays in arrays', [...encode('connect', 1), ...Array(3000).fill([10, 0, 0, 0, 1]).flat()]],
        ['with a reference', [...encode('connect', 1), 7, 0, 0]],
        ['that switches to AMF3 and ends', [...encode('connect', 1), 17]],
        ['with endless AMF3', [...encode('connect', 1), 17, 9, 0xff, 0xff, 0xff, 0xff]],
        ['with AMF3 arrays in arrays', [...encode('connect', 1), 17, ...Array(3000).fill([9, 3, 1]).flat()]],
        ['with an AMF3 reference to nothing', [...encode('connect', 1), 17, 10, 0x7e]],
    ]) {
        for (const type of [TYPE.COMMAND, TYPE.COMMAND_AMF3]) {
            it(`${what}, in a message of type ${type}`, TEST, async t => {
                const { server, bystander } = await begin(t);
                for (const [open, msid] of [[RtmpClient.open, 0], [RtmpClient.ready, 1]]) {
                    const client = await open(t, server.rtmpPort);
                    const lead = type === TYPE.COMMAND_AMF3 ? [0] : [];
                    client.send({ type, csid: 3, msid, body: Buffer.from([...lead, ...body]) });
                    client.end();
                    await client.waitClosed();
                }
                await bystander.unharmed();
            });
        }
    }

    it('ten thousand of them, answered or not, take no more memory', TEST, async t => {
        const { server, bystander } = await begin(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        const before = server.residentSize();
        client.socket.pause(); // it does not read what it is answered
        for (let i = 0; i < 10000 && !client.closed; i++)
            client.send(command('createStream', i + 100, null));
        await bystander.unharmed();
        server.assertGrownLess(before, 16 * MEGABYTE);
    });
});

describe('control messages', { concurrency: 4 }, () => {
    for (const [what, type, body] of [
        ['Set Chunk Size without a size', TYPE.SET_CHUNK_SIZE, []],
        ['Set Chunk Size of three bytes', TYPE.SET_CHUNK_SIZE, [0, 0, 1]],
        ['Set Chunk Size 0', TYPE.SET_CHUNK_SIZE, [0, 0, 0, 0]],
        ['Set Chunk Size with the highest bit', TYPE.SET_CHUNK_SIZE, [0x80, 0, 0, 1]],
        ['Abort without a chunk stream', TYPE.ABORT, []],
        ['Acknowledgement without a number', TYPE.ACKNOWLEDGEMENT, [1]],
        ['a user control event of one byte', TYPE.USER_CONTROL, [0]],
        ['a ping without a stamp', TYPE.USER_CONTROL, [0, 6]],
        ['Window Acknowledgement Size without a size', TYPE.WINDOW_ACK_SIZE, []],
        ['Set Peer Bandwidth without a limit', TYPE.SET_PEER_BANDWIDTH, [0, 0]],
    ]) {
        it(`${what} ends the session at most`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const client = await RtmpClient.ready(t, server.rtmpPort);
            client.sendControl(type, Buffer.from(body));
            await bystander.unharmed();
            if (type === TYPE.SET_CHUNK_SIZE) // after that nothing could be read
                await client.waitClosed();
        });
    }

    it('a window of 0 or 1 bytes does not drown anyone in acknowledgements', TEST, async t => {
        const { server, bystander } = await begin(t);
        for (const window of [0, 1]) {
            const client = await openPublisher(t, server, `/live/window${window}`);
            client.sendControl(TYPE.WINDOW_ACK_SIZE, uint32(window));
            sendTags(client, [...headers(), ...frames({ count: 100 })]);
            await client.settled();
            assert.ok(client.received.filter(m => m.type === TYPE.ACKNOWLEDGEMENT).length <= 300);
        }
        await bystander.unharmed();
    });

    it('Abort of chunk streams that do not exist is nothing', TEST, async t => {
        const { server, bystander } = await begin(t);
        const client = await RtmpClient.ready(t, server.rtmpPort);
        for (const csid of [0, 1, 2, 3, 77, 65599, 0xffffffff])
            client.sendControl(TYPE.ABORT, uint32(csid));
        await client.publish('stream');
        await bystander.unharmed();
    });

    it('message types that do not exist are passed over', TEST, async t => {
        const { server, bystander } = await begin(t);
        const client = await openPublisher(t, server, '/live/stream');
        for (const type of [0, 7, 10, 11, 14, 16, 19, 21, 23, 100, 255])
            client.send({ type, csid: 3, msid: 1, body: Buffer.from('whatever this is') });
        await client.settled();
        await bystander.unharmed();
    });
});

describe('media', { concurrency: 4 }, () => {
    it('messages without a body, and of one byte, are dropped', TEST, async t => {
        const { server, bystander } = await begin(t);
        const publisher = await openPublisher(t, server, '/live/stream');
        const viewer = openViewer(t, server, 'http', '/live/stream');
        sendTags(publisher, headers());
        for (const size of [0, 1, 2, 3, 4])
            for (const type of [TYPE.AUDIO, TYPE.VIDEO, TYPE.DATA, TYPE.DATA_AMF3, TYPE.AGGREGATE])
                for (const first of [0x17, 0xaf, 0x2f, 0x00, 0xff, 0x97])
                    publisher.send({ type, csid: 5, msid: 1, body: Buffer.alloc(size, first).fill(0, 1) });
        // A broken aggregate may end it.
        await publisher.settled().catch(error => assert.ok(publisher.closed, error));
        await bystander.unharmed();
        viewer.close();
    });

    for (const type of [TYPE.AUDIO, TYPE.VIDEO]) {
        it(`an empty ${type === TYPE.AUDIO ? 'audio' : 'video'} message does not end the stream`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const publisher = await openPublisher(t, server, '/live/stream');
            const viewer = openViewer(t, server, 'http', '/live/stream');
            await server.viewersCame('/live/stream', 1);
            publisher.send({ type, csid: 5, msid: 1, body: Buffer.alloc(0) });
            sendTags(publisher, [...headers(), ...frames({ count: 3 })]);
            publisher.send({ type, csid: 5, msid: 1, body: Buffer.alloc(0) });
            sendTags(publisher, frames({ count: 3, first: 3, start_ms: 120 }));
            await viewer.count(3 + 12);
            assert.deepEqual(viewer.tags.filter(isFrame).map(numberOf), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
            await bystander.unharmed();
        });
    }

    it('metadata that is no metadata passes or is dropped', TEST, async t => {
        const { server, bystander } = await begin(t);
        const publisher = await openPublisher(t, server, '/live/stream');
        const viewers = openViewers(t, server, '/live/stream');
        for (const body of [
            encode('@setDataFrame'), encode('@setDataFrame', 'onMetaData'), encode('onMetaData'),
            encode('@setDataFrame', 'onMetaData', null), encode('@setDataFrame', 'onMetaData', 'text'),
            encode('@setDataFrame', 7), encode('@clearDataFrame', 'onMetaData'), encode(null), Buffer.from([2]),
            encode('onMetaData', new Raw([8, 0xff, 0xff, 0xff, 0xff, 0, 0, 9])),
            encode('onMetaData', new Raw([8, 0, 0, 0, 1, 0, 200, 0x61])), encode('x'.repeat(3000)),
        ])
            publisher.send({ type: TYPE.DATA, csid: 6, msid: 1, body });
        sendTags(publisher, [headers()[1], headers()[2], ...frames({ count: 100 })]);
        for (const viewer of viewers)
            await viewer.frame(99);
        await bystander.unharmed();
    });

    it('a frame larger than limits.message_size ends the session before it is taken', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.message_size': 100000 });
        const publisher = await openPublisher(t, server, '/live/stream');
        const header = messageHeader(0, { time: 0, length: 100001, type: TYPE.VIDEO, msid: 1 });
        publisher.write(Buffer.concat([basicHeader(0, 5), header]));
        await publisher.waitClosed();
        await bystander.unharmed();
    });
});

describe('the handshake', { concurrency: 6 }, () => {
    for (const [what, bytes] of [
        ['another version', Buffer.concat([Buffer.from([99]), makeC1(), makeC1()])],
        ['encryption', Buffer.concat([Buffer.from([6]), makeC1(), makeC1()])],
        ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
        ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
    ]) {
        it(`that is ${what} is let go`, TEST, async t => {
            const { server, bystander } = await begin(t, { 'limits.handshake_s': 2 });
            await sendAndWaitForEnd(t, server.rtmpPort, bytes);
            await bystander.unharmed();
        });
    }

    it('that comes slowly, or not at all, is let go in time', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
        const dribble = net.connect({ port: server.rtmpPort, host: '127.0.0.1' });
        cleanup(t, () => dribble.destroy());
        dribble.write(Buffer.from([3]));
        const timer = setInterval(() => dribble.write(Buffer.from([0])), 50);
        cleanup(t, () => clearInterval(timer));
        dribble.resume().on('error', () => {});
        await within(8000, new Promise(resolve => dribble.on('close', resolve)), 'the end of the slow one');
        await sendAndWaitForEnd(t, server.rtmpPort, Buffer.alloc(0));
        await bystander.unharmed();
    });

    it('followed by commands that come slowly is let go in time', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
        const client = await RtmpClient.open(t, server.rtmpPort);
        const message = command('connect', 1, { app: 'live', tcUrl: 'x'.repeat(500) });
        const bytes = chunkMessage({ timestamp: 0, ...message });
        let at = 0;
        const timer = setInterval(() => client.closed || client.write(bytes.subarray(at, ++at)), 50);
        cleanup(t, () => clearInterval(timer));
        await client.waitClosed(8000);
        await bystander.unharmed();
    });
});

describe('noise', { concurrency: 4 }, () => {
    const SEEDS = [1, 2, 3, 4].map(i => i * 7919);
    const ROUNDS = isSanitized ? 40 : 150;

    // Ends the client's side, and waits until the connection is gone.
    async function over(client) {
        client.end();
        await client.waitClosed();
    }

    for (const seed of SEEDS) {
        it(`random bytes in every state, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t, { 'limits.handshake_s': 1, 'limits.idle_s': 1 });
            const random = new Random(seed);
            for (let i = 0; i < ROUNDS; i++) {
                const port = server.rtmpPort;
                const client = i % 3 === 0 ? await RtmpClient.open(null, port)
                    : i % 3 === 1 ? await RtmpClient.ready(null, port) : await openPublisher(null, server, '/live/noise');
                client.write(random.bytes(1 + random.below(3000)));
                await over(client);
                if (i % 3 === 2)
                    await server.loggedTimes(/stop push/, (i + 1) / 3);
            }
            await bystander.unharmed();
        });

        it(`a session with bytes changed, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
            const random = new Random(seed);
            const messages = [
                command('createStream', 2, null), { ...command('publish', 3, null, 'mutant', 'live'), msid: 1 },
                ...[...headers(), ...frames({ count: 5 })].map(tag => ({ ...tag, csid: 5, msid: 1 })),
                command('deleteStream', 4, null, 1),
            ];
            const say = (message, chunkSize) => chunkMessage({ timestamp: 0, ...message }, { chunkSize });
            const session = Buffer.concat([
                Buffer.from([3]), makeC1(), Buffer.alloc(HANDSHAKE_SIZE),
                say(command('connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live', objectEncoding: 0 })),
                say({ type: TYPE.SET_CHUNK_SIZE, csid: 2, body: uint32(1000) }),
                ...messages.map(message => say(message, 1000)),
            ]);
            const start = 1 + 2 * HANDSHAKE_SIZE;
            for (let i = 0; i < ROUNDS; i++) {
                const mutant = Buffer.from(session);
                for (let n = 1 + random.below(4); n > 0; n--)
                    mutant[start + random.below(mutant.length - start)] = random.next();
                const cut = i % 2 ? mutant.length : start + random.below(mutant.length - start);
                await sendAndWaitForEnd(t, server.rtmpPort, mutant.subarray(0, cut), { end: true });
            }
            await bystander.unharmed();
        });
    }
});
