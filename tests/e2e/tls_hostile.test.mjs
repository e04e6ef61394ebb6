// tls_hostile.test.mjs - peers of ports with TLS that do not do what they should.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { Bystander } from './lib/bystander.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { connectTo } from './lib/connect.mjs';
import { Random } from './lib/random.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { poll, within } from './lib/wait.mjs';

const TEST = { timeout: 90000 };

// A bare connection: `over` resolves to the bytes that came.
function connectBare(t, port, first) {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const pieces = [];
    socket.on('data', bytes => pieces.push(bytes));
    socket.on('error', () => {});
    socket.over = new Promise(resolve => socket.on('close', () => resolve(Buffer.concat(pieces))));
    cleanup(t, () => socket.destroy());
    if (first !== undefined)
        socket.write(first);
    return socket;
}

// What a TLS client says first.
async function clientHello() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.on('listening', resolve));
    const hello = new Promise(resolve => server.on('connection', socket => socket.once('data', bytes => {
        resolve(bytes);
        socket.destroy();
    })));
    connectTo({ tls: server.address().port }).on('error', () => {});
    const bytes = await hello;
    server.close();
    return bytes;
}

describe('a stranger', { concurrency: 4 }, () => {
    for (const [who, words] of [
        ['plain HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
        ['plain RTMP', Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)])],
    ]) {
        it(`${who} on a port with TLS is shown out at once, with a reason`, TEST, async t => {
            const server = await startTlsServer(t);
            for (const port of [server.rtmpsPort, server.httpsPort]) {
                const from = server.log.length;
                await within(2000, connectBare(t, port, words).over, 'the end of the connection');
                await server.logged(/closes: no TLS on a port that speaks only TLS/, { from });
            }
        });
    }

    it('TLS on a port without is shown out at once, with a reason', TEST, async t => {
        const server = await startTlsServer(t), hello = await clientHello();
        for (const port of [server.rtmpPort, server.httpPort]) {
            const from = server.log.length;
            const said = await within(2000, connectBare(t, port, hello).over, 'the end of the connection');
            assert.equal(said.length, 0);
            await server.logged(/closes: TLS on a port that speaks none/, { from });
        }
    });

    it('an old client is told so by an alert, and the log says why', TEST, async t => {
        const server = await startTlsServer(t);
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
        const error = await new Promise(resolve => connectTo({ tls: server.httpsPort, ...old }).on('error', resolve));
        assert.match(error.message, /alert protocol version/);
        const line = await server.logged(/connection from 127\.0\.0\.1 ended in its handshake: TLS: unsupported protocol/);
        assert.equal(line.level, 'info');
    });

    it('who does not trust the certificate is understood', TEST, async t => {
        const server = await startTlsServer(t);
        const socket = connectTo({ tls: server.httpsPort, rejectUnauthorized: true });
        await new Promise(resolve => socket.on('error', resolve));
        await server.logged(/closes: (TLS: the peer's alert: unknown CA|closed by peer|connection reset by peer)/);
    });
});

describe('time', { concurrency: 4 }, () => {
    for (const [what, take] of [['nothing', () => 0], ['half of a hello', bytes => bytes.length >> 1],
                                ['a hello and no more', bytes => bytes.length]]) {
        it(`${what}: ends with limits.handshake_s`, TEST, async t => {
            const server = await startTlsServer(t, { 'limits.handshake_s': 1 }), hello = await clientHello();
            for (const port of [server.rtmpsPort, server.httpsPort]) {
                const from = server.log.length;
                const socket = connectBare(t, port);
                socket.write(hello.subarray(0, take(hello)));
                await within(5000, socket.over, 'the end of the connection');
                await server.logged(/closes: TLS handshake timed out/, { from });
            }
        });
    }

    it('a hello byte by byte, in time, is a hello', TEST, async t => {
        const server = await startTlsServer(t), hello = await clientHello();
        const socket = connectBare(t, server.httpsPort);
        for (const byte of hello)
            await new Promise(resolve => socket.write(Buffer.of(byte), resolve));
        await new Promise(resolve => socket.once('data', resolve)); // the server's hello
    });
});

describe('beside a stream over TLS', { concurrency: 2 }, () => {
    const secured = server => Object.assign(Object.create(server, {
        isRunning: { value: () => server.isRunning() }, viewersCame: { value: (...args) => server.viewersCame(...args) },
    }), server.secure);

    it('noise of all sizes, at all places', TEST, async t => {
        const server = await startTlsServer(t), hello = await clientHello(), random = new Random(7);
        const bystander = await Bystander.begin(t, secured(server)), files = server.openFiles();
        for (let i = 0; i < 60; i++) {
            const port = [server.rtmpsPort, server.httpsPort][i % 2];
            const start = hello.subarray(0, i % 3 === 0 ? 0 : random.below(hello.length));
            const noise = Buffer.concat([start, random.bytes(random.below(2000))]);
            if (i % 3 === 2)
                noise[0] = 0x16;
            connectBare(t, port, noise).end();
        }
        await bystander.unharmed();
        await poll(() => server.openFiles() <= files, () => `${files} open files, not ${server.openFiles()}`, 15000);
    });

    it('500 who say hello and leave', TEST, async t => {
        const server = await startTlsServer(t), hello = await clientHello();
        const bystander = await Bystander.begin(t, secured(server)), files = server.openFiles();
        for (let round = 0; round < 5; round++) {
            const sockets = Array.from({ length: 100 }, () => connectBare(t, server.httpsPort, hello));
            await Promise.all(sockets.map(socket => new Promise(resolve => socket.once('data', resolve))));
            sockets.forEach(socket => socket.destroy());
            await bystander.unharmed();
        }
        await poll(() => server.openFiles() <= files, () => `${files} open files, not ${server.openFiles()}`, 15000);
    });
});
