// hostile_rtmp.test.mjs - RTMP clients that mean harm, or do it: their session ends, and nothing else.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { EcmaArray, encode, Raw } from './lib/amf.mjs';
import { Bystander } from './lib/bystander.mjs';
import { audioTag, frames, headers, numberOf } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isSanitized } from './lib/env.mjs';
import { isFrame } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { Random } from './lib/random.mjs';
import { basicHeader, chunkMessage, messageHeader } from './lib/rtmp_chunk.mjs';
import { HANDSHAKE_SIZE, makeC1 } from './lib/rtmp_handshake.mjs';
import { isCommand, RtmpClient, TYPE, uint32 } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll, within } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const MEGABYTE = 1 << 20;

async function begin(t, settings) {
    const server = await startServer(t, settings);
    return { server, bystander: await Bystander.begin(t, server) };
}

const command = (...values) => ({ type: TYPE.COMMAND, csid: 3, body: encode(...values) });

// Sends bytes on a bare connection, and waits until the server ends it.
async function sendAndWaitForEnd(t, port, bytes, ms) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    cleanup(t, () => socket.destroy());
    const ended = new Promise(resolve => socket.on('close', resolve).on('error', () => {}));
    socket.resume();
    socket.write(bytes);
    await within(ms ?? 5000, ended, 'the end of the connection');
}

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
        ['nothing', undefined], ['null', null], ['a string', 'live'], ['an empty object', {}], ['no app', { tcUrl: 'nonsense' }],
        ['an empty app', { app: '' }], ['an app that is a number', { app: 7 }], ['an app of 60000 bytes', { app: 'x'.repeat(60000) }],
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
                await client.message(message => isCommand('onStatus')(message) && message.values[3].level === 'error',
                                     'an error').catch(error => assert.ok(client.closed, error));
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
        ['with an endless string', [2, 0xff, 0xff, 0x61]], ['with a long string of 4 GB', [12, 0xff, 0xff, 0xff, 0xff, 0x61]],
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
                for (const isReady of [false, true]) {
                    const client = isReady ? await RtmpClient.ready(t, server.rtmpPort) : await RtmpClient.open(t, server.rtmpPort);
                    const lead = type === TYPE.COMMAND_AMF3 ? [0] : [];
                    client.send({ type, csid: 3, msid: isReady ? 1 : 0, body: Buffer.from([...lead, ...body]) });
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
            client.write(chunkMessage({ csid: 3, msid: 0, timestamp: 0, ...command('createStream', i + 100, null) }));
        await bystander.unharmed();
        if (!isSanitized)
            assert.ok(server.residentSize() - before < 16 * MEGABYTE, `${server.residentSize() - before} bytes more`);
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
        await publisher.settled().catch(error => assert.ok(publisher.closed, error)); // a broken aggregate may end it
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
        const viewers = [openViewer(t, server, 'rtmp', '/live/stream'), openViewer(t, server, 'http', '/live/stream')];
        for (const body of [encode('@setDataFrame'), encode('@setDataFrame', 'onMetaData'), encode('onMetaData'),
                            encode('@setDataFrame', 'onMetaData', null), encode('@setDataFrame', 'onMetaData', 'text'),
                            encode('@setDataFrame', 7), encode('@clearDataFrame', 'onMetaData'), encode(null), Buffer.from([2]),
                            encode('onMetaData', new Raw([8, 0xff, 0xff, 0xff, 0xff, 0, 0, 9])),
                            encode('onMetaData', new Raw([8, 0, 0, 0, 1, 0, 200, 0x61])), encode('x'.repeat(3000))])
            publisher.send({ type: TYPE.DATA, csid: 6, msid: 1, body });
        sendTags(publisher, [headers()[1], headers()[2], ...frames({ count: 100 })]);
        for (const viewer of viewers)
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 99, 'the last frame');
        await bystander.unharmed();
    });

    it('a frame larger than limits.message_size ends the session before it is taken', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.message_size': 100000 });
        const publisher = await openPublisher(t, server, '/live/stream');
        publisher.write(Buffer.concat([basicHeader(0, 5), messageHeader(0, { time: 0, length: 100001, type: 9, msid: 1 })]));
        await publisher.waitClosed();
        await bystander.unharmed();
    });
});

describe('memory', { concurrency: 2 }, () => {
    // On so many chunk streams, the header and first chunk of a message of `length` bytes.
    function announce(client, count, length) {
        for (let i = 0; i < count; i++)
            client.write(Buffer.concat([basicHeader(0, 10 + i), messageHeader(0, { time: 0, length, type: 9, msid: 1 }),
                                        Buffer.alloc(Math.min(client.chunkSize, length))]));
    }

    it('is not given to what is only announced', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        for (let i = 0; i < 10; i++) {
            const client = await openPublisher(t, server, `/live/announce${i}`);
            announce(client, 32, 8 * MEGABYTE - 1);
        }
        for (let i = 0; i < 10; i++) {
            const client = await openPublisher(t, server, `/live/more${i}`);
            announce(client, 32, 0xffffff);
            await client.waitClosed();
        }
        await bystander.unharmed();
        if (!isSanitized)
            assert.ok(server.residentSize() - before < 32 * MEGABYTE, `${server.residentSize() - before} bytes more`);
    });

    it('of unfinished messages is bounded for each connection', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        const client = await openPublisher(t, server, '/live/stream');
        client.setChunkSize(4 * MEGABYTE);
        for (let i = 0; i < 32 && !client.closed; i++) {
            announce(client, 32, 8 * MEGABYTE - 1);
            await Promise.race([new Promise(resolve => client.socket.write('', resolve)), client.ended]);
        }
        await client.waitClosed(20000);
        if (!isSanitized)
            assert.ok(server.residentSize() - before < 64 * MEGABYTE, `${server.residentSize() - before} bytes more`);
        await bystander.unharmed();
    });

    it('before there is a publisher it is for commands only', TEST, async t => {
        const { server, bystander } = await begin(t);
        for (const client of [await RtmpClient.open(t, server.rtmpPort), await RtmpClient.ready(t, server.rtmpPort)]) {
            announce(client, 1, MEGABYTE);
            await client.waitClosed();
        }
        await bystander.unharmed();
    });

    it('nothing stays of connections that are gone', TEST, async t => {
        const { server, bystander } = await begin(t);
        await server.workersRun();
        const before = server.openFiles();
        for (let i = 0; i < 300; i++) {
            const socket = net.connect({ port: i % 2 ? server.rtmpPort : server.httpPort, host: '127.0.0.1' });
            cleanup(t, () => socket.destroy());
            await new Promise(resolve => socket.on('connect', resolve));
            if (i % 3 === 0)
                socket.write(makeC1().subarray(0, i));
            socket.on('error', () => {});
            i % 5 === 0 ? socket.resetAndDestroy() : socket.destroy();
        }
        await poll(() => server.openFiles() <= before, () => `${before} files, not ${server.openFiles()}`);
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
            await sendAndWaitForEnd(t, server.rtmpPort, bytes, 8000);
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
        await sendAndWaitForEnd(t, server.rtmpPort, Buffer.alloc(0), 8000);
        await bystander.unharmed();
    });

    it('followed by commands that come slowly is let go in time', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
        const client = await RtmpClient.open(t, server.rtmpPort);
        const bytes = chunkMessage({ csid: 3, timestamp: 0, ...command('connect', 1, { app: 'live', tcUrl: 'x'.repeat(500) }) });
        let at = 0;
        const timer = setInterval(() => at < bytes.length && !client.closed && client.write(bytes.subarray(at, ++at)), 50);
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
                client.guard = action => { try { action(); } catch { /* what we say is noise, so may be the answer */ } };
                client.write(random.bytes(1 + random.below(3000)));
                await over(client);
                if (i % 3 === 2)
                    await poll(() => server.log.filter(line => /stop push/.test(line.message)).length >= Math.floor(i / 3) + 1, 'the end of its stream');
            }
            await bystander.unharmed();
        });

        it(`a session with bytes changed, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
            const random = new Random(seed);
            const say = (message, options) => chunkMessage({ csid: 3, msid: 0, timestamp: 0, ...message }, options);
            const session = Buffer.concat([
                Buffer.from([3]), makeC1(), Buffer.alloc(HANDSHAKE_SIZE),
                say(command('connect', 1, { app: 'live', tcUrl: 'rtmp://127.0.0.1/live', flashVer: 'x', objectEncoding: 0 })),
                say({ type: TYPE.SET_CHUNK_SIZE, csid: 2, body: uint32(1000) }),
                say(command('createStream', 2, null), { chunkSize: 1000 }),
                say({ ...command('publish', 3, null, 'mutant', 'live'), msid: 1 }, { chunkSize: 1000 }),
                ...[...headers(), ...frames({ count: 5 })].map(tag => say({ ...tag, csid: 5, msid: 1 }, { chunkSize: 1000 })),
                say({ ...command('deleteStream', 4, null, 1) }, { chunkSize: 1000 }),
            ]);
            const start = 1 + 2 * HANDSHAKE_SIZE;
            for (let i = 0; i < ROUNDS; i++) {
                const mutant = Buffer.from(session);
                for (let n = 1 + random.below(4); n > 0; n--)
                    mutant[start + random.below(mutant.length - start)] = random.next();
                const socket = net.connect({ port: server.rtmpPort, host: '127.0.0.1' });
                const ended = new Promise(resolve => socket.on('close', resolve).on('error', () => {}));
                socket.resume();
                socket.end(i % 2 ? mutant : mutant.subarray(0, start + random.below(mutant.length - start)));
                await within(5000, ended, `the end of mutant ${i}`);
            }
            await bystander.unharmed();
        });
    }
});

describe('limits', { concurrency: 4 }, () => {
    it('of connections: one more is closed at once, and there is room again after one has left', TEST, async t => {
        const server = await startServer(t, { 'limits.connections': 4 });
        const clients = [];
        for (let i = 0; i < 4; i++)
            clients.push(await RtmpClient.ready(t, server.rtmpPort));
        await assert.rejects(RtmpClient.open(t, server.rtmpPort));
        await sendAndWaitForEnd(t, server.httpPort, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        clients[0].close();
        await poll(() => RtmpClient.open(null, server.rtmpPort).then(client => (client.close(), true), () => false), 'room');
        await clients[1].settled();
    });

    it('of connections from one address', TEST, async t => {
        const server = await startServer(t, { 'limits.connections_per_ip': 2 });
        const clients = [await RtmpClient.ready(t, server.rtmpPort), await RtmpClient.ready(t, server.rtmpPort)];
        await assert.rejects(RtmpClient.open(t, server.rtmpPort));
        clients[0].close();
        await poll(() => RtmpClient.open(null, server.rtmpPort).then(client => (client.close(), true), () => false), 'room');
    });

    it('of streams, for publishers and for viewers', TEST, async t => {
        const server = await startServer(t, { 'limits.streams': 2 });
        const first = await openPublisher(t, server, '/live/a');
        openViewer(t, server, 'http', '/live/b');
        await server.viewersCame('/live/b', 1);
        const third = await RtmpClient.ready(t, server.rtmpPort);
        third.command('publish', ['c', 'live'], { msid: 1 });
        await third.status('NetStream.Publish.BadName');
        const fourth = await RtmpClient.ready(t, server.rtmpPort);
        fourth.command('play', ['d'], { msid: 1 });
        await fourth.status('NetStream.Play.Failed');
        assert.equal((await openViewer(t, server, 'http', '/live/e').refused()).status, 503);
        first.command('deleteStream', [first.msid]);
        await first.status('NetStream.Unpublish.Success');
        await openPublisher(t, server, '/live/c');
    });

    it('of streams that nobody waits for any more leave nothing', TEST, async t => {
        const server = await startServer(t, { 'limits.streams': 5, 'publish.resume_s': 0 });
        for (let i = 0; i < 20; i++) {
            const publisher = await openPublisher(t, server, `/live/turn${i}`);
            sendTags(publisher, [...headers(), audioTag(0, 0)]);
            const viewer = openViewer(t, server, 'rtmp', `/live/turn${i}`);
            await viewer.tag(isFrame);
            publisher.close();
            await viewer.ended();
            viewer.close();
            await server.until(() => server.log.some(line => line.message.includes(`stop play /live/turn${i}`)), 'its end');
        }
    });
});
