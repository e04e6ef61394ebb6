// proxy.test.mjs - connections through a proxy that says whose they are (PROXY protocol).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { assertAllowed, assertRefused } from './lib/access.mjs';
import { frames } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isFrame } from './lib/flv.mjs';
import { HttpConnection } from './lib/http.mjs';
import { publish } from './lib/publisher.mjs';
import { RtmpClient } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, PROTOCOLS } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';
const FROM = { 'proxy.from': '["127.0.0.2", "2001:db8::/32"]' };
const PROXY = '127.0.0.2'; // who is one

const v1 = (ip, port = 4711) => `PROXY TCP${ip.includes(':') ? 6 : 4} ${ip} ${ip.includes(':') ? '::1' : '127.0.0.1'} ${port} 1935\r\n`;

function v2(ip, { command = 0x21, tlvs = Buffer.alloc(0) } = {}) {
    const body = Buffer.concat([Buffer.from([...ip.split('.').map(Number), 127, 0, 0, 1, 0x12, 0x67, 7, 0x8f]), tlvs]);
    return Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([command, 0x11, body.length >> 8, body.length & 0xff]), body]);
}

const through = (preface, localAddress = PROXY) => ({ socketOptions: { localAddress, preface } });

// The status of a request, and the address by which the server knows who made it; null if it was cut off.
async function statusThrough(t, server, preface, localAddress = PROXY) {
    const connection = new HttpConnection(t, server.httpPort, { preface, localAddress });
    connection.request(`GET ${PATH}.mp4 HTTP/1.1`);
    return connection.response().then(response => response.status, () => null);
}

describe('a connection through a proxy', { concurrency: 4 }, () => {
    for (const [name, preface, client] of [
        ['version 1', v1('192.0.2.7'), '192.0.2.7'],
        ['version 1 over IPv6', v1('2001:db8::7'), '2001:db8::7'],
        ['version 2', v2('192.0.2.7'), '192.0.2.7'],
        ['version 2 with TLVs', v2('192.0.2.7', { tlvs: Buffer.concat([Buffer.from([4, 7, 0xd0]), Buffer.alloc(2000)]) }), '192.0.2.7'],
        ['version 1 of a health check', 'PROXY UNKNOWN\r\n', PROXY],
        ['version 2 of a health check', v2('192.0.2.7', { command: 0x20 }), PROXY],
    ]) {
        it(`is its client's, by ${name}, over every protocol`, TEST, async t => {
            const server = await startServer(t, FROM);
            await publish(t, server, PATH, frames({ count: 10 })); // from elsewhere, without a header
            for (const protocol of PROTOCOLS) {
                const { connection, client: rtmp } = await assertAllowed(t, server, protocol, 'play', PATH, through(preface));
                const line = await server.logged(new RegExp(`${protocol === 'rtmp' ? 'RTMP' : 'FLV'} session \\w+ ${client} start play ${PATH}`));
                assert.equal(line.ip, client);
                if (protocol === 'rtmp')
                    await rtmp.message(message => message.type === 9, 'a frame');
                else
                    await connection.until(() => connection.bytesRead > 500, 'the stream');
            }
        });
    }

    it('is subject to the rules on its client, not on the proxy', TEST, async t => {
        const server = await startServer(t, { ...FROM, 'publish.allow': '["192.0.2.0/24"]', 'limits.connections_per_ip': 2 });
        await assertAllowed(t, server, 'rtmp', 'publish', '/live/a', through(v1('192.0.2.7')));
        await assertRefused(t, server, 'rtmp', 'publish', '/live/b', /not allowed from this address/, through(v1('198.51.100.7')));
        await assertRefused(t, server, 'http', 'publish', '/live/c', /not allowed from this address/, through(v2('198.51.100.7')));
        for (let i = 0; i < 4; i++)
            assert.equal(await statusThrough(t, server, v1(`203.0.113.${i}`)), 404);
        assert.deepEqual([await statusThrough(t, server, v1('203.0.113.9')), await statusThrough(t, server, v1('203.0.113.9')),
                          await statusThrough(t, server, v1('203.0.113.9'))], [404, 404, null]);
        await server.logged(/connection from 203\.0\.113\.9 refused: limits\.connections_per_ip is reached/);
    });

    it('may bring its header byte by byte, and the rest with it', TEST, async t => {
        const server = await startServer(t, FROM);
        for (const preface of [v1('192.0.2.7'), v2('192.0.2.7')]) {
            const connection = new HttpConnection(t, server.httpPort, { localAddress: PROXY });
            for (const byte of Buffer.from(preface)) {
                connection.write(Buffer.from([byte]));
                await sleep(1);
            }
            connection.request('GET /nothing HTTP/1.1');
            assert.equal((await connection.response()).status, 404);
        }
    });

    it('is refused without a header, whatever it begins with', TEST, async t => {
        const server = await startServer(t, FROM);
        for (const preface of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x03', '\x16\x03\x01', 'PROXY TCP4 a b c d\r\n', v2('192.0.2.7', { command: 0x31 }),
                               `PROXY UNKNOWN ${'x'.repeat(200)}`]) {
            for (const port of [server.httpPort, server.rtmpPort]) {
                const connection = new HttpConnection(t, port, { preface, localAddress: PROXY });
                await connection.waitClosed();
                assert.equal(connection.bytesRead, 0);
            }
        }
        await server.logged(/connection from proxy 127\.0\.0\.2 refused: it begins with no PROXY header/);
    });

    it('does not wait for its header for ever, nor at the server\'s end', TEST, async t => {
        const server = await startServer(t, { ...FROM, 'limits.handshake_s': 1 });
        const connection = new HttpConnection(t, server.httpPort, { preface: 'PROXY TCP4', localAddress: PROXY });
        await connection.waitClosed();
        await server.logged(/no PROXY header came in time \(limits\.handshake_s\)/);
        const waiting = new HttpConnection(t, server.httpPort, { preface: 'PROXY', localAddress: PROXY });
        await sleep(50);
        await server.end();
        await waiting.waitClosed();
    });

    it('counts while it waits', TEST, async t => {
        const server = await startServer(t, { ...FROM, 'limits.connections': 2 });
        const waiting = [0, 1].map(() => new HttpConnection(t, server.httpPort, { preface: 'PROXY', localAddress: PROXY }));
        await Promise.all(waiting.map(each => new Promise(resolve => each.socket.once('connect', resolve))));
        await sleep(50);
        assert.equal(await statusThrough(t, server, v1('192.0.2.7')), null);
        await server.logged(/connection from 127\.0\.0\.2 refused: limits\.connections is reached/);
        for (const each of waiting)
            each.close();
        await poll(async () => await statusThrough(t, server, v1('192.0.2.7')) === 404, 'a place that is free again');
    });

    it('leaves nothing behind', TEST, async t => {
        const server = await startServer(t, FROM);
        assert.equal(await statusThrough(t, server, v1('192.0.2.7')), 404);
        const before = server.openFiles();
        for (let i = 0; i < 50; i++) {
            const connection = new HttpConnection(null, server.httpPort, { preface: i % 2 ? 'PROXY' : v1('192.0.2.7'), localAddress: PROXY });
            await new Promise(resolve => connection.socket.once('connect', resolve));
            connection.close();
        }
        await poll(() => server.openFiles() <= before, () => `${server.openFiles()} descriptors, not ${before}`);
    });
});

describe('a header from elsewhere', { concurrency: 4 }, () => {
    it('is not believed', TEST, async t => {
        const server = await startServer(t, { ...FROM, 'publish.allow': '["192.0.2.7"]' });
        const connection = new HttpConnection(t, server.httpPort, { preface: v1('192.0.2.7') });
        assert.equal((await connection.head()).status, 400);
        const client = new RtmpClient(server.rtmpPort, { preface: v1('192.0.2.7') });
        await client.waitClosed();
        assert.equal(await statusThrough(t, server, undefined, '127.0.0.1'), 404);
    });

    it('is not looked for when there are no proxies', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 10 }));
        await openViewer(t, server, 'http', PATH).tag(isFrame);
        const connection = new HttpConnection(t, server.httpPort, { preface: v1('192.0.2.7') });
        assert.equal((await connection.head()).status, 400);
    });
});

describe('under TLS', () => {
    it('the header stands before it', TEST, async t => {
        const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
        cleanup(t, () => rmSync(folder, { recursive: true }));
        const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(folder, name));
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                                 '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'pipe' });
        const server = await startServer(t, { ...FROM, 'https.port': 0, 'https.cert': cert, 'https.key': key });
        const { message } = await server.logged(/listening on https:/);
        const socket = net.connect({ port: Number(/:(\d+)\D*$/.exec(message)[1]), host: '127.0.0.1', localAddress: PROXY });
        cleanup(t, () => socket.destroy());
        socket.write(v2('192.0.2.7'));
        const secure = tls.connect({ socket, rejectUnauthorized: false });
        const answer = await new Promise((resolve, reject) => {
            secure.once('data', resolve).once('error', reject);
            secure.write(`GET ${PATH}.flv HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
            server.logged(/FLV session \w+ 192\.0\.2\.7 start play/).then(() => server.stop()).catch(reject);
        });
        assert.match(answer.toString(), /^HTTP\/1\.1 503/);
    });
});
