// ws_publish.test.mjs - a stream in the binary messages of a WebSocket: how it is asked for, every
// split, the refusals and the close codes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import { frames, headers } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { patience } from './lib/env.mjs';
import { isFrame, readFlv, writeFlv, writeTag } from './lib/flv.mjs';
import { FLV_HEADER, HttpPublisher, openFlvPublisher, WebSocketPublisher } from './lib/flv_publishers.mjs';
import { film } from './lib/media.mjs';
import { publish, sendPaced } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { assertAllGot, openAudience, openViewer } from './lib/viewers.mjs';
import { poll, sleep, within } from './lib/wait.mjs';
import { closePayload, OPCODE, WebSocketConnection } from './lib/websocket.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/stream';
const TAGS = [...headers(), ...frames({ count: 20 })];
const FLV = writeFlv(TAGS);

const audience = (t, server) => openAudience(t, server, PATH);

// A publisher made with the library that other people use.
async function openLibrary(t, server, path, protocol = 'publisher') {
    const socket = new WebSocket(server.wsUrl(path), protocol);
    cleanup(t, () => socket.terminate());
    socket.closed = new Promise(resolve => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    await within(5000, new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject)), 'the upgrade');
    return socket;
}

// Ends it the way a client does that has sent everything.
async function closeLibrary(socket, code = 1000) {
    socket.close(code);
    return within(5000, socket.closed, 'the answer to a close');
}

describe('publishing over WebSocket', { concurrency: 4 }, () => {
    for (const [path, protocol] of [[`${PATH}.flv`, 'publisher'], [PATH, 'publisher'], [`${PATH}.flv`, 'post'],
                                    [`${PATH}?sign=1-abc`, ['unknown', 'post']]]) {
        it(`on ${path} as ${protocol}: every viewer gets every byte`, TEST, async t => {
            const server = await startServer(t), { tags } = readFlv(await film('av'));
            const viewers = await audience(t, server);
            const socket = await openLibrary(t, server, path, protocol);
            assert.equal(socket.protocol, [protocol].flat().at(-1), 'the protocol is echoed');
            socket.send(FLV_HEADER);
            await sendPaced({ sendTag: tag => socket.send(writeTag(tag)) }, tags.filter(tag => tag.type !== 18), { speed: 2 });
            assert.equal((await closeLibrary(socket)).code, 1000);
            await assertAllGot(viewers, tags);
        });
    }

    for (const [what, size] of [['single bytes', 1], ['7 bytes', 7], ['1000 bytes', 1000], ['one piece', FLV.length]]) {
        it(`in messages of ${what}`, TEST, async t => {
            const server = await startServer(t), viewers = await audience(t, server);
            const socket = await openLibrary(t, server, PATH);
            for (let at = 0; at < FLV.length; at += size)
                socket.send(FLV.subarray(at, at + size));
            assert.equal((await closeLibrary(socket)).code, 1000);
            await assertAllGot(viewers, TAGS);
        });
    }

    it('in the fragments of one endless message, with pings between them', TEST, async t => {
        const server = await startServer(t), viewers = await audience(t, server);
        const { connection } = await WebSocketPublisher.open(t, server, PATH);
        for (let at = 0; at < FLV.length; at += 100) {
            connection.send(at === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION, FLV.subarray(at, at + 100), { final: false });
            connection.send(OPCODE.PING, Buffer.from([at & 0xff]));
        }
        connection.send(OPCODE.CLOSE, closePayload(1000));
        assert.equal(await connection.closeCode(), 1000);
        const pongs = connection.frames.filter(frame => frame.opcode === OPCODE.PONG);
        assert.equal(pongs.length, Math.ceil(FLV.length / 100));
        await assertAllGot(viewers, TAGS);
    });

    it('with empty messages and a pause between', TEST, async t => {
        const server = await startServer(t, { 'publish.timeout_s': 3 * patience, 'limits.idle_s': 1, 'limits.handshake_s': 1 });
        const viewers = await audience(t, server);
        const publisher = await openFlvPublisher(t, server, 'ws', PATH);
        for (const tag of TAGS.slice(0, -2)) {
            publisher.send(Buffer.alloc(0));
            publisher.sendTags([tag]);
        }
        await sleep(2000);
        publisher.sendTags(TAGS.slice(-2));
        publisher.connection.send(OPCODE.CLOSE, closePayload(1000));
        await assertAllGot(viewers, TAGS);
    });
});

describe('the end', { concurrency: 4 }, () => {
    for (const [what, payload, code] of [['a code', closePayload(1001, 'bye'), 1001], ['no code', Buffer.alloc(0), 1000]]) {
        it(`a close with ${what} is answered, and the stream is free at once`, TEST, async t => {
            const server = await startServer(t);
            for (let i = 0; i < 5; i++) {
                const { connection } = await openFlvPublisher(t, server, 'ws', PATH);
                connection.send(OPCODE.CLOSE, payload);
                assert.equal(await connection.closeCode(), code);
                await connection.waitClosed();
            }
        });
    }

    it('of the server is a close with 1001', TEST, async t => {
        const server = await startServer(t);
        const publisher = await openFlvPublisher(t, server, 'ws', PATH);
        server.kill();
        assert.equal(await publisher.connection.closeCode(), 1001);
    });

    it('leaves nothing behind', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, '/live/warm', frames({ count: 1 })); // what is opened once is open now
        const before = server.openFiles();
        for (let i = 0; i < 30; i++) {
            const publisher = await openFlvPublisher(t, server, 'ws', `/live/s${i}`);
            publisher.sendTags(TAGS);
            publisher.close();
        }
        await poll(() => server.openFiles() <= before, () => `${server.openFiles()} descriptors, not ${before}`);
    });
});

describe('a refusal', { concurrency: 4 }, () => {
    it('of a stream that has a publisher is 409 before the upgrade, whatever the protocol of either', TEST, async t => {
        const server = await startServer(t);
        const first = await openFlvPublisher(t, server, 'ws', PATH);
        first.sendTags(TAGS);
        await publish(t, server, '/live/other', frames({ count: 1 }));
        for (const path of [PATH, '/live/other.flv']) {
            const connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(path, { 'Sec-WebSocket-Protocol': 'publisher' });
            assert.equal((await connection.upgraded()).status, 409);
        }
        assert.equal((await new HttpPublisher(t, server, PATH).connection.response()).status, 409);
    });

    for (const [path, status] of [['/', 404], ['/live', 404], ['/a/b/c', 404], ['/live/.hidden', 400]]) {
        it(`of ${path} is ${status} before the upgrade`, TEST, async t => {
            const server = await startServer(t), connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(path, { 'Sec-WebSocket-Protocol': 'publisher' });
            assert.equal((await connection.upgraded()).status, status);
        });
    }

    for (const protocol of ['Publisher', 'publishers', 'player']) {
        it(`the subprotocol ${protocol} does not publish`, TEST, async t => {
            const server = await startServer(t), connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(PATH, { 'Sec-WebSocket-Protocol': protocol });
            const head = await connection.upgraded();
            assert.equal(head.headers['sec-websocket-protocol'], undefined);
            await server.viewersCame(PATH, 1);
        });
    }

    const broken = Buffer.from(FLV);
    broken[broken.length - 1] ^= 0x55;
    for (const [what, send, code] of [
        ['a text message', c => c.send(OPCODE.TEXT, Buffer.from('hello')), 1003],
        ['a text message after FLV', c => { c.send(OPCODE.BINARY, FLV); c.send(OPCODE.TEXT, Buffer.from('hello')); }, 1003],
        ['text that is no UTF-8', c => c.send(OPCODE.TEXT, Buffer.from([0xff, 0xfe])), 1007],
        ['what is no FLV', c => c.send(OPCODE.BINARY, Buffer.from('hello, server')), 4415],
        ['a wrong PreviousTagSize', c => c.send(OPCODE.BINARY, broken), 4400],
        ['a tag above limits.message_size',
         c => c.send(OPCODE.BINARY, Buffer.concat([FLV_HEADER, Buffer.from('09010001000000000000000000', 'hex')])), 4413],
        ['a frame without a mask', c => c.send(OPCODE.BINARY, FLV, { mask: false }), 1002],
        ['a reserved bit', c => c.send(OPCODE.BINARY, FLV, { reserved: 4 }), 1002],
        ['a new message inside another', c => { c.send(OPCODE.BINARY, FLV, { final: false }); c.send(OPCODE.BINARY, FLV); }, 1002],
        ['a length with its highest bit set', c => c.write(Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])), [1002, 1009]],
        ['silence', () => {}, 4408],
    ]) {
        it(`of ${what} is a close with ${code}, and the stream is free`, TEST, async t => {
            const server = await startServer(t, { 'limits.message_size': 65536, 'publish.timeout_s': what === 'silence' ? 1 : 60 });
            const { connection } = await WebSocketPublisher.open(t, server, PATH);
            send(connection);
            const got = await connection.closeCode();
            assert.ok([code].flat().includes(got), `${got}`);
            connection.send(OPCODE.CLOSE, closePayload(got));
            await connection.waitClosed();
            const viewer = openViewer(t, server, 'http', PATH);
            const next = await openFlvPublisher(t, server, 'ws', PATH);
            next.sendTags(TAGS);
            await viewer.tag(isFrame);
        });
    }
});
