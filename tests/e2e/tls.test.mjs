// tls.test.mjs - RTMPS, HTTPS and WSS: other people's programs, what they get, and what is offered.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import { frames } from './lib/canned.mjs';
import { connectTo } from './lib/connect.mjs';
import { releaseOnly } from './lib/env.mjs';
import { assertSameTracks, FlvReader, framesOf, readFlv } from './lib/flv.mjs';
import { fetchOnce } from './lib/http.mjs';
import { film, publishArgs, temporaryFolder } from './lib/media.mjs';
import * as players from './lib/players.mjs';
import { run, start } from './lib/process.mjs';
import { publish, sendTags } from './lib/publisher.mjs';
import { makeCertificate, nameSeen, startTlsServer } from './lib/tls.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';
import { Watchable, within } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/film';

// The ws package as a viewer.
class WsViewer extends Watchable {
    tags = [];
    reader = new FlvReader(tag => { this.tags.push(tag); this.changed(); });

    constructor(t, url) {
        super();
        this.socket = new WebSocket(url, { rejectUnauthorized: false });
        this.socket.on('message', data => this.guard(() => this.reader.push(data)));
        this.closed = new Promise(resolve => this.socket.on('close', resolve));
        t.after(() => this.socket.terminate());
    }
}

describe('over TLS', { concurrency: 4 }, () => {
    it('ffmpeg publishes, and everyone gets every byte', TEST, async t => {
        const server = await startTlsServer(t), folder = temporaryFolder(t), file = await film('av');
        const viewers = [1, 2].flatMap(() => [...openViewers(t, server.secure, PATH), ...openViewers(t, server, PATH)]);
        const ws = new WsViewer(t, server.wssUrl(`${PATH}.flv`));
        const byCurl = join(folder, 'curl.flv'), byFfmpeg = join(folder, 'ffmpeg.flv');
        const curl = start(t, 'curl', ['-sSk', '-o', byCurl, server.httpsUrl(`${PATH}.flv`)]);
        const ffmpeg = players.ffmpegViewer(t, server.rtmpsUrl(PATH), byFfmpeg);
        await server.viewersCame(PATH, viewers.length + 3);
        const publisher = players.ffmpegPublisher(t, file, server.rtmpsUrl(PATH));
        assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
        const expected = readFlv(file).tags;
        for (const viewer of viewers) {
            await viewer.ended(20000);
            assertSameTracks(viewer.tags, expected, viewer.name);
        }
        await within(10000, ws.closed, 'the end of the WebSocket');
        assertSameTracks(ws.tags, expected, 'the ws package');
        for (const program of [curl, ffmpeg])
            assert.equal((await program.finish(20000)).code, 0, program.stderr);
        assertSameTracks(readFlv(byCurl).tags, expected, 'curl');
        assert.deepEqual(framesOf(readFlv(byFfmpeg).tags), framesOf(expected), 'ffmpeg');
    });

    it('ffmpeg publishes with HTTP', TEST, async t => {
        const server = await startTlsServer(t), file = await film('av');
        const viewer = openViewer(t, server, 'http', PATH);
        await server.viewersCame(PATH, 1);
        const args = publishArgs(file, server.httpsUrl(`${PATH}.flv`));
        args.splice(args.length - 1, 0, '-tls_verify', '0', '-method', 'POST');
        assert.equal((await start(t, 'ffmpeg', args).finish(20000)).code, 0);
        await viewer.ended(20000);
        assertSameTracks(viewer.tags, readFlv(file).tags, viewer.name);
    });

    for (const version of ['TLSv1.2', 'TLSv1.3']) {
        it(`${version}: megabytes in either direction`, TEST, async t => {
            const server = await startTlsServer(t, { 'delivery.lag_ms': 60000 }), only = { minVersion: version, maxVersion: version };
            const secure = { rtmpPort: { ...server.secure.rtmpPort, ...only }, httpPort: { ...server.secure.httpPort, ...only } };
            const tags = frames({ count: 60, size: 100000 });
            const client = await publish(t, secure, PATH, tags.slice(0, 1));
            const viewers = openViewers(t, secure, PATH);
            for (const viewer of viewers) {
                await viewer.started;
                viewer.pauseReading(); // the socket fills: records wait for room
            }
            sendTags(client, tags.slice(1));
            await client.settled();
            for (const viewer of viewers) {
                viewer.resumeReading();
                await viewer.tag(tag => tag.body.equals(tags.at(-1).body), 'the last tag', { ms: 20000 });
                assert.deepEqual(framesOf(viewer.tags), framesOf(tags), viewer.name);
            }
        });
    }

    it('a request after the other on one connection', TEST, async t => {
        const server = await startTlsServer(t);
        for (let i = 0; i < 3; i++)
            assert.equal((await fetchOnce(server.secure.httpPort, 'GET /nothing HTTP/1.1')).status, 404);
        const { stdout } = await run('curl', ['-skv', server.httpsUrl('/nothing'), server.httpsUrl('/nothing')]
            .concat(['-w', '%{http_code} %{num_connects}\n']));
        assert.deepEqual(stdout.match(/^404 [01]$/gm), ['404 1', '404 0']);
    });

    it('the end of a stream is told before the connection ends', TEST, async t => {
        const server = await startTlsServer(t);
        const client = await publish(t, server, PATH, frames({ count: 20 }));
        const curl = start(t, 'curl', ['-sk', '-o', '/dev/null', server.httpsUrl(`${PATH}.flv`)]);
        await server.viewersCame(PATH, 1);
        client.close();
        assert.equal((await curl.finish(10000)).code, 0); // 56 if close_notify were missing
    });

    it('who comes back with a ticket is known on every worker', TEST, async t => {
        const server = await startTlsServer(t, { workers: 4 });
        const session = await new Promise((resolve, reject) => {
            const socket = connectTo({ tls: server.httpsPort, maxVersion: 'TLSv1.2' });
            socket.on('secureConnect', () => { resolve(socket.getSession()); socket.destroy(); });
            socket.on('error', reject);
        });
        for (let i = 0; i < 12; i++)
            assert.ok(await new Promise((resolve, reject) => {
                const socket = connectTo({ tls: server.httpsPort, maxVersion: 'TLSv1.2', session });
                socket.on('secureConnect', () => { resolve(socket.isSessionReused()); socket.destroy(); });
                socket.on('error', reject);
            }), `connection ${i}`);
    });
});

describe('what is offered', { concurrency: 4 }, () => {
    it('the certificate for the name that is asked for', TEST, async t => {
        const folder = temporaryFolder(t), [a, b, c] = await Promise.all([
            makeCertificate(folder, 'a', ['a.example', 'www.a.example']),
            makeCertificate(folder, 'b', ['b.example'], { kind: 'rsa' }),
            makeCertificate(folder, 'c', ['*.c.example']),
        ]);
        const server = await startTlsServer(t, { 'tls.certificates': JSON.stringify([b, c]) }, a);
        const expected = { 'a.example': 'a.example', 'b.example': 'b.example', 'x.c.example': '*.c.example',
                           'else.example': 'a.example' };
        for (const port of [server.rtmpsPort, server.httpsPort]) {
            for (const [name, seen] of Object.entries(expected)) {
                const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', name]);
                assert.match(stdout, new RegExp(`subject=CN = ${seen.replace('*', '\\*')}\n`), name);
            }
            const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-noservername']);
            assert.match(stdout, /subject=CN = a\.example\n/);
        }
        assert.equal(await nameSeen(server.httpsPort, 'www.a.example'), 'a.example');
    });

    it('shared certificates are enough', TEST, async t => {
        const pair = await makeCertificate(temporaryFolder(t), 'one', ['one.example']);
        const server = await startTlsServer(t, { 'tls.certificates': JSON.stringify([pair]) }, { cert: '', key: '' });
        assert.equal(await nameSeen(server.rtmpsPort, 'one.example'), 'one.example');
        assert.equal(await nameSeen(server.httpsPort), 'one.example');
    });

    it('TLS 1.2 and 1.3 with forward secrecy, and nothing else', { ...TEST, skip: releaseOnly }, async t => {
        const folder = temporaryFolder(t);
        const rsa = await makeCertificate(folder, 'rsa', ['localhost'], { kind: 'rsa' });
        const server = await startTlsServer(t, { 'tls.certificates': JSON.stringify([rsa]) });
        for (const port of [server.rtmpsPort, server.httpsPort]) {
            const { stdout } = await run('sslscan', ['--no-colour', '--sni-name=localhost', `127.0.0.1:${port}`],
                                         { timeout_ms: 60000 });
            for (const version of ['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1'])
                assert.match(stdout, new RegExp(`${version} +disabled`), stdout);
            assert.match(stdout, /TLSv1\.2 +enabled/);
            assert.match(stdout, /TLSv1\.3 +enabled/);
            assert.match(stdout, /Session renegotiation not supported/);
            assert.doesNotMatch(stdout, /Compression enabled|vulnerable to heartbleed(?<!not vulnerable to heartbleed)/);
            const ciphers = stdout.match(/^(Preferred|Accepted).*$/gm);
            assert.equal(ciphers.length, 9, stdout);
            for (const cipher of ciphers)
                assert.match(cipher, /TLS_AES|TLS_CHACHA20|ECDHE-(ECDSA|RSA)-(AES\d+-GCM|CHACHA20)/);
        }
    });

    it('HTTP/2 or 1.1 is agreed on, and RTMP is not asked', TEST, async t => {
        const server = await startTlsServer(t);
        const agreed = (port, ALPNProtocols) => new Promise((resolve, reject) => {
            const socket = connectTo({ tls: port, ALPNProtocols });
            socket.on('secureConnect', () => { resolve(socket.alpnProtocol); socket.destroy(); });
            socket.on('error', reject);
        });
        assert.equal(await agreed(server.httpsPort, ['http/1.1', 'h2']), 'h2');
        assert.equal(await agreed(server.httpsPort, ['http/1.1']), 'http/1.1');
        assert.equal(await agreed(server.rtmpsPort, ['rtmp']), false);
        await assert.rejects(agreed(server.httpsPort, ['h3']));
    });
});
