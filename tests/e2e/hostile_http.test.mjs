// hostile_http.test.mjs - HTTP and WebSocket clients that mean harm, or do it: their connection ends,
// and nothing else.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { sendAndWaitForEnd } from './lib/bare.mjs';
import { Bystander } from './lib/bystander.mjs';
import { frames } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isSanitized } from './lib/env.mjs';
import { isFrame } from './lib/flv.mjs';
import { HttpConnection } from './lib/http.mjs';
import { publish, sendTags } from './lib/publisher.mjs';
import { Random } from './lib/random.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { sleep } from './lib/wait.mjs';
import { makeFrame, OPCODE, WebSocketConnection } from './lib/websocket.mjs';

const TEST = { timeout: 90000 };
const MEGABYTE = 1 << 20;

async function begin(t, settings) {
    const server = await startServer(t, settings);
    return { server, bystander: await Bystander.begin(t, server) };
}

// Names that are none, as a path has them.
const BAD_NAMES = [
    '.', '..', '.hidden', '%2e%2e', 'a%00b', '%ff%fe', 'a%2fb', 'a%5cb', '%', '%4', 'a%20b', '*', 'a%0d%0ab',
    '%3cscript%3e', "'--", '`id`', '$(id)', '%e2%80%ae', 'x'.repeat(257), 'x'.repeat(4000), '%25%32%66',
];

describe('names that are none', { concurrency: 2 }, () => {
    for (const [what, open] of [
        ['HTTP', (t, server, name) => {
            const connection = new HttpConnection(t, server.httpPort);
            connection.request(`GET /live/${name}.flv HTTP/1.1`, { Connection: 'close' });
            return connection.head();
        }],
        ['WebSocket', (t, server, name) => {
            const connection = new WebSocketConnection(t, server.httpPort);
            connection.sendUpgrade(`/live/${name}`);
            return connection.upgraded().finally(() => connection.close());
        }],
    ]) {
        it(`over ${what} are refused with a reason`, TEST, async t => {
            const { server, bystander } = await begin(t);
            for (const name of BAD_NAMES) {
                const { status } = await open(t, server, name);
                assert.ok([400, 404, 414].includes(status), `${name}: ${status}`);
            }
            await bystander.unharmed();
        });

        it(`over ${what} with the connection cut before the answer`, TEST, async t => {
            const { server, bystander } = await begin(t);
            for (const name of ['stream', ...BAD_NAMES]) {
                const socket = net.connect({ port: server.httpPort, host: '127.0.0.1' });
                await new Promise(resolve => socket.on('connect', resolve).on('error', () => {}));
                const upgrade = what === 'HTTP' ? '' : 'Upgrade: websocket\r\nConnection: Upgrade\r\n' +
                    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
                socket.write(`GET /live/${name}.flv HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`,
                             () => socket.resetAndDestroy());
            }
            await bystander.unharmed();
        });
    }
});

describe('noise', { concurrency: 4 }, () => {
    const ROUNDS = isSanitized ? 40 : 150;

    for (const seed of [11, 12, 13]) {
        it(`random bytes, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const random = new Random(seed);
            for (let i = 0; i < ROUNDS; i++)
                await sendAndWaitForEnd(t, server.httpPort, random.bytes(1 + random.below(3000)), { end: true });
            await bystander.unharmed();
        });

        it(`requests with bytes changed, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const random = new Random(seed);
            const request = (line, headers, body = '') =>
                [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', body].join('\r\n');
            const requests = [
                request('GET /live/nobody.flv?sign=1-a', ['Range: bytes=0-', 'Connection: close']),
                request('POST /live/nobody.flv', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
                request('POST /', ['Content-Length: 5'], 'hello') + request('GET /', []),
                request('GET /live/nobody', [
                    'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
                    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
                ], makeFrame(OPCODE.PING, Buffer.from('x')).toString('latin1')),
            ];
            for (let i = 0; i < ROUNDS; i++) {
                const mutant = Buffer.from(requests[i % requests.length], 'latin1');
                for (let n = 1 + random.below(3); n > 0; n--)
                    mutant[random.below(mutant.length)] = random.next();
                await sendAndWaitForEnd(t, server.httpPort, mutant, { end: true });
            }
            await bystander.unharmed();
        });

        const randomFrame = random => makeFrame(random.below(16), random.bytes(random.below(300)), {
            mask: random.below(8) !== 0, final: random.below(4) !== 0, reserved: random.below(9) === 0 ? 2 : 0,
        });

        it(`random WebSocket frames, seed ${seed}`, TEST, async t => {
            const { server, bystander } = await begin(t);
            const random = new Random(seed);
            for (let i = 0; i < ROUNDS / 3; i++) {
                const connection = new WebSocketConnection(null, server.httpPort);
                cleanup(t, () => connection.close());
                connection.sendUpgrade('/live/bystander');
                await connection.upgraded();
                for (let n = random.below(5); n >= 0; n--)
                    connection.write(random.below(3) === 0 ? random.bytes(random.below(200)) : randomFrame(random));
                connection.socket.end();
                await connection.waitClosed();
            }
            await bystander.unharmed();
        });
    }
});

describe('too much', { concurrency: 4 }, () => {
    it('of a body that nobody wants is not read for ever', TEST, async t => {
        const { server, bystander } = await begin(t);
        for (const framing of ['Content-Length: 1000000000', 'Transfer-Encoding: chunked']) {
            const connection = new HttpConnection(t, server.httpPort);
            connection.write(`POST /nothing HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
            assert.equal((await connection.response()).status, 404);
            const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536), Buffer.from('\r\n')]);
            for (let i = 0; i < 100 && !connection.closed; i++)
                await Promise.race([connection.written(chunk), connection.ended]);
            await connection.waitClosed();
        }
        await bystander.unharmed();
    });

    it('requests at once whose answers are not read do not fill the memory', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        const connection = new HttpConnection(t, server.httpPort);
        connection.socket.pause();
        const many = Buffer.from('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2000));
        // Until the server stops reading, or closes.
        for (let i = 0; i < 100 && !connection.closed; i++)
            await Promise.race([connection.written(many), connection.ended, sleep(100)]);
        await bystander.unharmed();
        server.assertGrownLess(before, 24 * MEGABYTE);
    });

    it('pings whose answers are not read do not fill the memory', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        const connection = new WebSocketConnection(t, server.httpPort);
        connection.sendUpgrade('/live/bystander');
        await connection.upgraded();
        connection.socket.pause();
        const ping = makeFrame(OPCODE.PING, Buffer.alloc(125)), many = Buffer.concat(Array(2000).fill(ping));
        for (let i = 0; i < 100 && !connection.closed; i++)
            await Promise.race([connection.written(many), connection.ended, sleep(100)]);
        await bystander.unharmed();
        server.assertGrownLess(before, 24 * MEGABYTE);
    });

    it('said by an HTTP viewer is passed over', TEST, async t => {
        const { server, bystander } = await begin(t);
        const publisher = await publish(t, server, '/live/stream', frames({ count: 5 }));
        const viewer = openViewer(t, server, 'http', '/live/stream');
        await viewer.tag(isFrame);
        for (let i = 0; i < 50; i++)
            viewer.connection.write(Buffer.alloc(65536, 'GET / HTTP/1.1\r\n\r\n'));
        sendTags(publisher, frames({ count: 5, gop: 0, first: 5, start_ms: 200 }));
        await viewer.count(3 + 20).catch(error => assert.ok(viewer.isOver, error));
        await bystander.unharmed();
    });
});

describe('too slow', { concurrency: 4 }, () => {
    it('a request byte by byte is let go in time', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
        const connection = new HttpConnection(t, server.httpPort);
        connection.write('GET /live/bystander.flv HTTP/1.1\r\nHost: a\r\nX-Slow: ');
        const timer = setInterval(() => connection.closed || connection.write('x'), 40);
        cleanup(t, () => clearInterval(timer));
        await connection.waitClosed(8000);
        assert.match(connection.pending.toString('latin1'), /^HTTP\/1\.1 408 /);
        await bystander.unharmed();
    });

    it('a body that does not come is let go in time', TEST, async t => {
        const { server, bystander } = await begin(t, { 'limits.handshake_s': 1 });
        const connection = new HttpConnection(t, server.httpPort);
        connection.write('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc');
        await connection.waitClosed(8000);
        await bystander.unharmed();
    });
});
