// http2_hostile.test.mjs - HTTP/2 peers that cost more than they should: each is bounded, and named.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Bystander } from './lib/bystander.mjs';
import { BareHttp2, CALM, field, FLAG, FRAME, frame, get, requestFields, uint32 } from './lib/http2.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { Random } from './lib/random.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { sleep } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const odd = i => 2 * i + 1;
const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

// Both SETTINGS_INITIAL_WINDOW_SIZE.
const NO_WINDOW = [[4, 0]];

describe('a flood is ended with ENHANCE_YOUR_CALM, and named:', { concurrency: 4 }, () => {
    for (const [name, limit, bytes] of [
        ['requests broken off at once', 'http2.resets',
            () => times(2000, i => Buffer.concat([get(odd(i), '/nothing'), frame(FRAME.RST_STREAM, 0, odd(i), uint32(8))]))],
        // The server is made to break them off.
        ['requests that are broken', 'http2.resets',
            () => times(2000, i => Buffer.concat([get(odd(i), '/live/none.flv'),
                                                  frame(FRAME.WINDOW_UPDATE, 0, odd(i), uint32(0x7fffffff))]))],
        ['PING', 'http2.control_frames', () => times(20000, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
        ['SETTINGS', 'http2.control_frames', () => times(20000, () => frame(FRAME.SETTINGS, 0, 0))],
        ['PRIORITY', 'http2.control_frames',
            () => times(20000, () => frame(FRAME.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 1])))],
        ['WINDOW_UPDATE', 'http2.control_frames', () => times(20000, () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1)))],
        ['empty DATA', 'http2.control_frames',
            () => Buffer.concat([frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, requestFields('/live/a.flv', { method: 'POST' })),
                                 times(20000, () => frame(FRAME.DATA, 0, 1))])],
        ['a head of many megabytes', 'limits.http_header_size',
            () => Buffer.concat([frame(FRAME.HEADERS, 0, 1, requestFields('/')),
                                 times(200, () => frame(FRAME.CONTINUATION, 0, 1, times(4, () => field('x', 'a'.repeat(4000)))))])],
        // Little to send, much to keep: one field that is named again and again (RFC 7541, 6.1).
        ['a bomb of HPACK', 'limits.http_header_size',
            () => Buffer.concat([get(1, '/', { more: {} }),
                                 frame(FRAME.HEADERS, FLAG.END_STREAM | FLAG.END_HEADERS, 3, Buffer.concat([
                                     Buffer.from([0x40]), field('x', 'a'.repeat(4000)).subarray(1),
                                     Buffer.alloc(10000, 0xbe)]))])],
    ]) {
        it(name, TEST, async t => {
            const server = await startTlsServer(t);
            const bystander = await Bystander.begin(t, server);
            const bare = await BareHttp2.open(t, server);
            const before = server.residentSize();
            bare.write(bytes());
            assert.equal(await bare.goaway(20000), CALM);
            await server.logged(new RegExp(`is ended: .*${limit.replace('.', '\\.')}`));
            await bystander.unharmed();
            server.assertGrownLess(before, 20 << 20);
        });
    }
});

describe('a connection is ended for', { concurrency: 4 }, () => {
    for (const [name, bytes] of [
        ['words that are no HTTP/2', () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
        ['CONTINUATION without end', () => null],
    ]) {
        it(name, TEST, async t => {
            const server = await startTlsServer(t);
            const bare = await BareHttp2.open(t, server, { greet: bytes() === null });
            bare.write(bytes() ?? Buffer.concat([frame(FRAME.HEADERS, 0, 1, requestFields('/')),
                                                 times(20000, () => frame(FRAME.CONTINUATION, 0, 1))]));
            await bare.goaway();
            await server.logged(/HTTP\/2 session .* ends/);
        });
    }

    it('a head that is not completed in time', TEST, async t => {
        const server = await startTlsServer(t, { 'limits.handshake_s': 1 });
        const bare = await BareHttp2.open(t, server);
        bare.write(frame(FRAME.HEADERS, 0, 1, requestFields('/')));
        await bare.goaway();
        await server.logged(/HTTP\/2 session .* ends: .*limits\.handshake_s/);
    });

    it('nothing, if the head was whole but broken', TEST, async t => {
        const server = await startTlsServer(t, { 'limits.handshake_s': 1 });
        const bare = await BareHttp2.open(t, server);
        const whole = FLAG.END_STREAM | FLAG.END_HEADERS;
        bare.write(frame(FRAME.HEADERS, whole, 1, field(':method', 'GET')));
        await bare.frame(FRAME.RST_STREAM, 1);
        bare.write(frame(FRAME.HEADERS, whole, 3, Buffer.concat([requestFields('/'), field('Upper', 'case')])));
        await bare.frame(FRAME.RST_STREAM, 3);
        await sleep(3000);
        bare.write(get(5, '/nothing'));
        await bare.frame(FRAME.HEADERS, 5);
    });

    it('silence, before and after a request', TEST, async t => {
        const server = await startTlsServer(t, { 'limits.handshake_s': 1, 'limits.idle_s': 2 });
        const silent = await BareHttp2.open(t, server, { greet: false });
        const idle = await BareHttp2.open(t, server);
        idle.write(get(1, '/nothing'));
        await idle.frame(FRAME.HEADERS, 1);
        assert.equal(await idle.goaway(), 0);
        await silent.until(() => silent.closed, 'the end of the connection');
        await server.logged(/HTTP\/2 session .* ends: .*limits\.idle_s/);
    });
});

describe('a peer that opens no window', { concurrency: 4 }, () => {
    it('gets heads and no more, and its streams are given up', TEST, async t => {
        const folder = temporaryFolder(t);
        writeFileSync(join(folder, 'a.bin'), randomBytes(300000));
        const server = await startTlsServer(t, { 'static.root': folder, 'delivery.stall_s': 2 });
        const bystander = await Bystander.begin(t, server);
        const bare = await BareHttp2.open(t, server, { settings: NO_WINDOW });
        const before = server.residentSize();
        bare.write(times(50, i => get(odd(i), '/a.bin')), times(50, i => get(odd(50 + i), '/nothing')));
        await bare.until(() => bare.frames.filter(f => f.type === FRAME.RST_STREAM).length === 100,
                         () => `100 resets among ${bare.frames.map(f => f.type)}`, 20000);
        assert.equal(bare.frames.filter(f => f.type === FRAME.DATA).length, 0);
        assert.equal(bare.frames.filter(f => f.type === FRAME.HEADERS).length, 100);
        bare.write(get(odd(100), '/nothing'));
        await bare.frame(FRAME.HEADERS, odd(100));
        await bystander.unharmed();
        server.assertGrownLess(before, 20 << 20);
    });

    it('gets what the windows allow, to the byte', TEST, async t => {
        const folder = temporaryFolder(t), bytes = randomBytes(300000);
        writeFileSync(join(folder, 'a.bin'), bytes);
        const server = await startTlsServer(t, { 'static.root': folder });
        const bare = await BareHttp2.open(t, server, { settings: NO_WINDOW });
        const got = () => Buffer.concat(bare.frames.filter(f => f.type === FRAME.DATA).map(f => f.payload));
        bare.write(get(1, '/a.bin'));
        await bare.frame(FRAME.HEADERS, 1);
        let size = 0;
        for (const step of [1, 100, 16384, 40000, 5000]) {
            bare.write(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(step)));
            size += step;
            await bare.until(() => got().length >= size, () => `${size} bytes, not ${got().length}`);
        }
        await sleep(50);
        assert.equal(got().length, size);
        bare.write(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1 << 20)));
        await bare.until(() => got().length === 65535, 'all that the window of the connection allows');
        bare.write(frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1 << 20)));
        await bare.until(() => bare.frames.some(f => f.type === FRAME.DATA && f.flags & FLAG.END_STREAM), 'the end');
        assert.ok(got().equals(bytes));
    });
});

describe('a peer that asks for too much at a time', () => {
    it('is refused what is beyond http2.streams', TEST, async t => {
        const server = await startTlsServer(t, { 'http2.streams': 10 });
        const bare = await BareHttp2.open(t, server);
        bare.write(times(30, i => get(odd(i), '/live/stream.flv')));
        await server.viewersCame('/live/stream', 10);
        const resets = () => bare.frames.filter(f => f.type === FRAME.RST_STREAM);
        await bare.until(() => resets().length === 20, () => `20 resets, not ${resets().length}`);
        assert.ok(resets().every(f => f.payload.readUInt32BE() === 7), 'REFUSED_STREAM');
        bare.write(frame(FRAME.RST_STREAM, 0, 1, uint32(8)), get(odd(30), '/nothing'));
        await bare.frame(FRAME.HEADERS, odd(30));
    });
});

describe('a peer that does not read', { concurrency: 4 }, () => {
    it('does not make the server remember much', TEST, async t => {
        const server = await startTlsServer(t, { 'http2.control_frames': 1000000, 'http2.resets': 100000 });
        const bare = await BareHttp2.open(t, server);
        const before = server.residentSize();
        bare.socket.pause();
        for (let i = 0; i < 50; i++) {
            bare.write(times(2000, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))));
            bare.write(times(200, j => Buffer.concat([get(odd(200 * i + j), '/nothing'),
                                                      frame(FRAME.RST_STREAM, 0, odd(200 * i + j), uint32(8))])));
        }
        await sleep(1000);
        server.assertGrownLess(before, 10 << 20);
        bare.socket.resume();
    });
});

describe('bytes at random', () => {
    it('end nothing but their own connection', TEST, async t => {
        const server = await startTlsServer(t), bystander = await Bystander.begin(t, server);
        const random = new Random(4711);
        const whole = i => Buffer.concat([get(odd(2 * i), '/nothing'),
                                          frame(FRAME.HEADERS, FLAG.END_HEADERS, odd(2 * i + 1),
                                                requestFields('/live/a.flv', { method: 'POST' })),
                                          frame(FRAME.DATA, FLAG.END_STREAM, odd(2 * i + 1), randomBytes(300))]);
        for (let round = 0; round < 40; round++) {
            const bare = await BareHttp2.open(t, server), bytes = times(5, whole);
            for (let i = 0; i < 3; i++)
                bytes[random.below(bytes.length)] ^= 1 << random.below(8);
            bare.write(bytes);
            await sleep(10);
            bare.socket.destroy();
        }
        await bystander.unharmed();
    });
});
