// websocket.test.mjs - WebSocket-FLV: the upgrade, the frames, the end.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import { audioTag, frames, headers, videoTag } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { FlvReader, isFrame, writeTag } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { within } from './lib/wait.mjs';
import { closePayload, makeFrame, OPCODE, WebSocketConnection } from './lib/websocket.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

async function liveServer(t, settings) {
    const server = await startServer(t, settings);
    server.publisher = await publish(t, server, PATH, frames({ count: 10 }));
    return server;
}

// A connection whose upgrade the server has accepted.
async function upgrade(t, server, path = `${PATH}.flv`, requestHeaders) {
    const connection = new WebSocketConnection(t, server.httpPort);
    connection.sendUpgrade(path, requestHeaders);
    assert.equal((await connection.upgraded()).status, 101);
    return connection;
}

describe('the upgrade', { concurrency: 4 }, () => {
    for (const path of [`${PATH}.flv`, PATH, `${PATH}.flv?sign=1-abc`]) {
        it(`on ${path}`, TEST, async t => {
            const connection = await upgrade(t, await liveServer(t), path);
            const { payload } = await connection.frame(OPCODE.BINARY);
            assert.equal(payload.toString('latin1', 0, 3), 'FLV');
        });
    }

    it('with a list in Connection and other cases of letters', TEST, async t => {
        await upgrade(t, await liveServer(t), PATH, { Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' });
    });

    for (const [what, change, status] of [
        ['an old version', { 'Sec-WebSocket-Version': 8 }, 426],
        ['no version', { 'Sec-WebSocket-Version': undefined }, [400, 426]],
        ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
        ['a key that is no key', { 'Sec-WebSocket-Key': 'short' }, 400],
    ]) {
        it(`with ${what} is refused with ${status}`, TEST, async t => {
            const server = await liveServer(t);
            const connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(PATH, change);
            const head = await connection.upgraded();
            assert.ok([status].flat().includes(head.status), `${head.status}`);
            if (head.status === 426)
                assert.equal(head.headers['sec-websocket-version'], '13');
        });
    }

    for (const [path, status] of [['/', 404], ['/live', 404], ['/a/b/c', 404], ['/live/.hidden', 400],
                                  ['/live/%00', 400], ['/live/a%2fb', [400, 404]], [`/live/${'x'.repeat(300)}`, 400]]) {
        it(`on ${path.slice(0, 20)}, which is no stream, is refused with ${status}`, TEST, async t => {
            const server = await startServer(t);
            const connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(path);
            const head = await connection.upgraded();
            assert.ok([status].flat().includes(head.status), `${head.status}`);
            connection.close();
            await openViewer(t, server, 'rtmp', PATH).started;
        });
    }
});

describe('frames', { concurrency: 4 }, () => {
    it('the FLV header is one, and each tag is one', TEST, async t => {
        const server = await startServer(t);
        const connection = await upgrade(t, server);
        const publisher = await openPublisher(t, server, PATH);
        // Of all three forms of a frame's length.
        const tags = [videoTag(0, 0, { keyframe: true, size: 70000 }), audioTag(0, 5, { size: 20 }),
                      videoTag(1, 40, { size: 60000 }), ...frames({ count: 5, first: 2, start_ms: 80 })];
        sendTags(publisher, [...headers(), ...tags]);
        const expected = [...headers(), ...tags].map(writeTag);
        await connection.until(() => connection.frames.length > expected.length, 'all frames');
        assert.ok(connection.frames.every(frame => frame.final && frame.opcode === OPCODE.BINARY));
        const [header, ...rest] = connection.frames.map(frame => frame.payload);
        assert.equal(header.toString('hex'), '464c5601050000000900000000');
        for (const [i, payload] of rest.entries())
            assert.ok(payload.equals(expected[i]), `frame ${i + 1}`);
    });

    it('another client library reads them', TEST, async t => {
        const server = await liveServer(t);
        const socket = new WebSocket(server.wsUrl(`${PATH}.flv`));
        cleanup(t, () => socket.terminate());
        const reader = new FlvReader();
        const closed = new Promise((resolve, reject) => {
            socket.on('message', (data, isBinary) => {
                assert.ok(isBinary);
                reader.push(data);
            });
            socket.on('close', resolve);
            socket.on('error', reject);
        });
        const pong = new Promise(resolve => socket.on('pong', data => resolve(data.toString())));
        socket.on('open', () => socket.ping('are you there'));
        assert.equal(await within(5000, pong, 'a pong'), 'are you there');
        server.publisher.close();
        assert.equal(await within(8000, closed, 'a close'), 1000);
        reader.assertWhole();
        assert.equal(reader.tags.filter(isFrame).length, 20);
    });
});

describe('control frames', { concurrency: 4 }, () => {
    it('a ping is answered with its payload, between tags', TEST, async t => {
        const server = await liveServer(t);
        const connection = await upgrade(t, server);
        for (const text of ['', 'hello', 'x'.repeat(125)]) {
            const from = connection.frames.length;
            connection.send(OPCODE.PING, Buffer.from(text));
            assert.equal((await connection.frame(OPCODE.PONG, { from })).payload.toString(), text);
        }
    });

    for (const [what, payload, code] of [['a code', closePayload(1001, 'bye'), 1001],
                                         ['no code', Buffer.alloc(0), 1000]]) {
        it(`a close with ${what} is answered, and the connection ends`, TEST, async t => {
            const connection = await upgrade(t, await liveServer(t));
            connection.send(OPCODE.CLOSE, payload);
            assert.equal(await connection.closeCode(), code);
            await connection.waitClosed();
        });
    }

    it('the end of the stream is a close', TEST, async t => {
        const server = await liveServer(t);
        const connection = await upgrade(t, server);
        await connection.frame(OPCODE.BINARY);
        server.publisher.close();
        assert.equal(await connection.closeCode(), 1000);
        connection.send(OPCODE.CLOSE, closePayload(1000));
        await connection.waitClosed();
    });
});

describe('what breaks the rules', { concurrency: 4 }, () => {
    for (const [what, send, code] of [
        ['a frame without a mask', c => c.send(OPCODE.TEXT, Buffer.from('hello'), { mask: false }), 1002],
        ['a ping without a mask', c => c.send(OPCODE.PING, Buffer.from('hello'), { mask: false }), 1002],
        ['a reserved bit', c => c.send(OPCODE.BINARY, Buffer.from('hello'), { reserved: 4 }), 1002],
        ['an opcode that does not exist', c => c.send(5, Buffer.from('hello')), 1002],
        ['a fragmented ping', c => c.send(OPCODE.PING, Buffer.from('hello'), { final: false }), 1002],
        ['a ping too long', c => c.send(OPCODE.PING, Buffer.alloc(126)), 1002],
        ['a continuation of nothing', c => c.send(OPCODE.CONTINUATION, Buffer.from('hello')), 1002],
        ['a close code that may not be sent', c => c.send(OPCODE.CLOSE, closePayload(1005)), 1002],
        ['a close of one byte', c => c.send(OPCODE.CLOSE, Buffer.from([3])), 1002],
        ['text that is no UTF-8', c => c.send(OPCODE.TEXT, Buffer.from([0xff, 0xfe])), 1007],
        ['a message that does not end', c => c.write(Buffer.concat([
            Buffer.from('82ff000000001000000001020304', 'hex'), Buffer.alloc(100000),
        ])), 1009],
        ['fragments that do not end', c => c.write(Buffer.concat([
            makeFrame(OPCODE.BINARY, Buffer.alloc(1000), { final: false }),
            ...Array(100).fill(makeFrame(OPCODE.CONTINUATION, Buffer.alloc(1000), { final: false })),
        ])), 1009],
        ['a length with its highest bit set', c => c.write(Buffer.from('82ff800000000000000001020304', 'hex')),
         [1002, 1009]],
    ]) {
        it(`${what} ends the connection with ${code}`, TEST, async t => {
            const server = await liveServer(t);
            const other = openViewer(t, server, 'ws', PATH), connection = await upgrade(t, server);
            await other.count(3 + 20);
            await connection.frame(OPCODE.BINARY);
            send(connection);
            const got = await connection.closeCode();
            assert.ok([code].flat().includes(got), `${got}`);
            await connection.waitClosed();
            sendTags(server.publisher, frames({ count: 1, first: 10, start_ms: 400 }));
            await other.count(3 + 20 + 2);
        });
    }

    it('a viewer may say what it likes in good frames', TEST, async t => {
        const server = await liveServer(t);
        const connection = await upgrade(t, server);
        connection.send(OPCODE.TEXT, Buffer.from('hello'));
        connection.send(OPCODE.BINARY, Buffer.alloc(1000), { final: false });
        connection.send(OPCODE.CONTINUATION, Buffer.alloc(1000));
        connection.send(OPCODE.PONG);
        connection.send(OPCODE.PING, Buffer.from('still here'));
        assert.equal((await connection.frame(OPCODE.PONG)).payload.toString(), 'still here');
    });
});
