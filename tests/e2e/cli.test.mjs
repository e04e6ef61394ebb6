// cli.test.mjs - the command line, the configuration file, and how the server starts and stops.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { frames } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { binary } from './lib/env.mjs';
import { isFrame } from './lib/flv.mjs';
import { HttpConnection } from './lib/http.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { run, start } from './lib/process.mjs';
import { publish } from './lib/publisher.mjs';
import { isStatus, RtmpClient } from './lib/rtmp.mjs';
import { Server, settingsToArgs, startServer } from './lib/server.mjs';
import { openViewers } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

const millrace = (args, code = 0) => run(binary, args, { code });

function configFile(t, text) {
    const file = join(temporaryFolder(t), 'millrace.json');
    writeFileSync(file, text);
    return file;
}

describe('the command line', { concurrency: 4 }, () => {
    it('--version prints the version', TEST, async () => {
        for (const option of ['--version', '-V'])
            assert.match((await millrace([option])).stdout, /^millrace \d+\.\d+\.\d+\n$/);
    });

    it('--help prints the options, and a way to try it', TEST, async () => {
        for (const option of ['--help', '-h']) {
            const { stdout } = await millrace([option]);
            for (const word of ['-c', '--set', '--check-config', '--print-config', '--version', 'ffmpeg', 'ffplay'])
                assert.ok(stdout.includes(word), word);
        }
    });

    for (const [args, sentence] of [
        [['--nonsense'], /--nonsense/], [['-c'], /-c/], [['--set', 'rtmp.port'], /KEY=VALUE/], [['word'], /word/],
        [['--set', 'rtmp.prot=1'], /rtmp\.port/], [['--rtmp-port', 'x'], /--rtmp-port|rtmp\.port/],
        [['-c', '/nowhere/millrace.json'], /\/nowhere\/millrace\.json/],
    ]) {
        it(`${args.join(' ')} is refused in one sentence`, TEST, async () => {
            const { stderr, stdout } = await millrace(args, 2);
            assert.match(stderr, sentence);
            assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
            assert.equal(stdout, '');
        });
    }
});

describe('the configuration', { concurrency: 4 }, () => {
    it('that is right is said to be', TEST, async t => {
        const file = configFile(t, '{ "rtmp": { "port": 1936 }, "log": { "level": "warn" } }');
        await millrace(['-c', file, '--check-config']);
        await millrace(['--check-config']);
    });

    for (const [what, text, sentence] of [
        ['an unknown key', '{\n  "rtmp": {\n    "prot": 1935\n  }\n}\n', /:3: .*"rtmp\.prot".*"rtmp\.port"/],
        ['a value out of range', '{\n  "http": { "port": 70000 }\n}\n', /:2: http\.port: .*65535/],
        ['a value of another type', '{ "workers": "many" }', /:1: workers: /],
        ['a word that is no choice', '{\n\n"log": { "level": "loud" } }', /:3: log\.level: /],
        ['a key twice', '{ "workers": 1,\n "workers": 2 }', /:2: duplicate/],
        ['a comma too many', '{ "workers": 1, }', /:1/],
        ['nothing', '', /millrace\.json/],
        ['an array', '[]', /millrace\.json/],
        ['a key of Node Media Server', '{ "logType": 3 }', /log\.level/],
    ]) {
        it(`with ${what} is refused, with its line`, TEST, async t => {
            const file = configFile(t, text);
            const { stderr } = await millrace(['-c', file, '--check-config'], 2);
            assert.match(stderr, sentence);
            assert.ok(stderr.includes('millrace.json'), stderr);
            assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
            assert.equal((await millrace(['-c', file], 2)).stderr, stderr, 'and so is the start');
        });
    }

    it('is printed as a file that may be loaded again', TEST, async t => {
        const { stdout } = await millrace(['--set', 'rtmp.port=1936', '--set', 'bind=::1', '--print-config']);
        const printed = JSON.parse(stdout);
        assert.equal(printed.rtmp.port, 1936);
        assert.equal(printed.bind, '::1');
        assert.equal(printed.delivery.flush_ms, 'auto');
        const again = await millrace(['-c', configFile(t, stdout), '--print-config']);
        assert.equal(again.stdout, stdout);
    });

    it('of the command line goes before the file\'s, the last before the first', TEST, async t => {
        const file = configFile(t, '{ "rtmp": { "port": 1, "ping": 7 } }');
        const args = ['--set', 'rtmp.port=2', '--rtmp-port', '3', '-c', file];
        const { stdout } = await millrace([...args, '--print-config']);
        assert.deepEqual([JSON.parse(stdout).rtmp.port, JSON.parse(stdout).rtmp.ping], [3, 7]);
    });
});

describe('starting', { concurrency: 4 }, () => {
    // Something else that listens.
    async function occupy(t) {
        const other = net.createServer();
        await new Promise(resolve => other.listen(0, '127.0.0.1', resolve));
        cleanup(t, () => other.close());
        return other.address().port;
    }

    for (const key of ['rtmp.port', 'http.port']) {
        it(`with ${key} in use fails with one clear sentence`, TEST, async t => {
            const port = await occupy(t);
            const settings = { bind: '127.0.0.1', 'rtmp.port': 0, 'http.port': 0, [key]: port };
            const { stderr } = await millrace(settingsToArgs(settings), 1);
            const errors = stderr.split('\n').filter(line => line.includes('ERROR'));
            assert.equal(errors.length, 1, stderr);
            assert.match(errors[0], new RegExp(`${port}.*${key}.*in use`));
        });
    }

    it('beside a second server on the same port fails as well', TEST, async t => {
        const server = await startServer(t);
        const args = settingsToArgs({ bind: '127.0.0.1', 'rtmp.port': server.rtmpPort, 'http.port': 0 });
        assert.match((await millrace(args, 1)).stderr, /in use/);
        await RtmpClient.ready(t, server.rtmpPort);
    });

    it('on an address that is not ours fails', TEST, async () => {
        const args = settingsToArgs({ bind: '192.0.2.1', 'rtmp.port': 0, 'http.port': 0 });
        assert.match((await millrace(args, 1)).stderr, /192\.0\.2\.1/);
    });

    it('right after the last one has stopped, with connections of it still waiting', TEST, async t => {
        const first = new Server();
        cleanup(t, () => first.kill('SIGKILL'));
        await first.ready();
        const clients = [await RtmpClient.ready(t, first.rtmpPort), await RtmpClient.ready(t, first.rtmpPort)];
        await first.end();
        await startServer(t, { 'rtmp.port': first.rtmpPort, 'http.port': first.httpPort });
        assert.ok(clients.every(client => client.closed));
    });

    it('without one of the listeners', TEST, async t => {
        const server = await startServer(t, { 'http.port': null }, { http: false });
        await RtmpClient.ready(t, server.rtmpPort);
        assert.ok(!server.log.some(line => line.message.includes('http://')));
        const other = await startServer(t, { 'rtmp.port': null }, { rtmp: false });
        const connection = new HttpConnection(t, other.httpPort);
        connection.request('GET /healthz HTTP/1.1');
        assert.equal((await connection.response()).status, 200);
    });

    it('with the configuration of Node Media Server 4, which has a folder for its store', TEST, async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, {
            'auth.play': false, 'auth.publish': false, 'auth.secret': 'b0fe7cbd7d1ac5f7a5d5c1bd7a3cfb1e',
            'store.path': root, 'record.path': '', 'static.router': '/', 'static.root': root, 'notify.url': '',
        });
        await (await publish(t, server, PATH, frames({ count: 2 }))).close();
        await server.end();
        assert.ok(existsSync(join(root, 'millrace.db')));
    });

    it('on IPv6', TEST, async t => {
        const server = await startServer(t, { bind: '::' });
        const socket = net.connect({ port: server.httpPort, host: '::1' });
        cleanup(t, () => socket.destroy());
        await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
        await RtmpClient.ready(t, server.rtmpPort); // IPv4 as well
        assert.match((await server.logged(/listening on rtmp/)).message, /\[::\]/);
    });

    for (const backend of ['sendmsg', 'auto', 'io_uring']) {
        it(`with delivery.backend ${backend}`, TEST, async t => {
            const server = new Server({ 'delivery.backend': backend });
            cleanup(t, () => server.kill('SIGKILL'));
            try {
                await server.ready();
            } catch (error) {
                assert.equal(backend, 'io_uring', error); // which the kernel may forbid
                return;
            }
            cleanup(t, () => server.end());
            const viewers = openViewers(t, server, PATH);
            await server.viewersCame(PATH, 3);
            await publish(t, server, PATH, frames({ count: 20 }));
            for (const viewer of viewers)
                await viewer.count(3 + 40);
        });
    }
});

describe('stopping', { concurrency: 4 }, () => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
        it(`with ${signal} ends all that is going on, properly`, TEST, async t => {
            const server = new Server();
            cleanup(t, () => server.kill('SIGKILL'));
            await server.ready();
            const publisher = await publish(t, server, PATH, frames({ count: 20, gop: 100 }));
            const [rtmp, http, ws] = openViewers(t, server, PATH);
            for (const viewer of [rtmp, http, ws])
                await viewer.frame(19);
            const idle = await RtmpClient.ready(t, server.rtmpPort);
            const waiting = openViewers(t, server, '/live/nobody');
            const keptAlive = new HttpConnection(t, server.httpPort);
            keptAlive.request('GET / HTTP/1.1');
            await keptAlive.response();
            await server.viewersCame('/live/nobody', 3);
            const began = Date.now();
            server.kill(signal);
            assert.deepEqual(await server.finish(10000), { code: 0, signal: null }, server.stderr.slice(-2000));
            assert.ok(Date.now() - began < 5000, `it took ${Date.now() - began} ms`);
            await Promise.all([publisher, idle, keptAlive].map(each => each.waitClosed()));
            await Promise.all([rtmp, http, ws].map(viewer => viewer.ended()));
            http.reader.assertWhole();
            assert.equal(http.connection.error, undefined);
            assert.equal(ws.closeCode, 1001);
            assert.ok(rtmp.client.received.some(isStatus('NetStream.Play.UnpublishNotify')) ||
                      rtmp.client.received.some(isStatus('NetStream.Play.Stop')), rtmp.client.summary());
            assert.equal((await waiting[1].refused()).status, 503);
            server.assertSound();
        });
    }

    it('does not wait for who does not listen', TEST, async t => {
        const server = new Server({ drain_s: 1 });
        cleanup(t, () => server.kill('SIGKILL'));
        await server.ready();
        await publish(t, server, PATH, frames({ count: 50, size: 200000 }));
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers) {
            await viewer.tag(isFrame);
            viewer.pauseReading();
        }
        server.kill('SIGTERM');
        assert.deepEqual(await server.finish(6000), { code: 0, signal: null });
    });

    it('before anything has happened', TEST, async t => {
        const server = new Server();
        cleanup(t, () => server.kill('SIGKILL'));
        await server.ready();
        await server.end();
    });
});

describe('the log', { concurrency: 4 }, () => {
    it('is lines for people, or JSON', TEST, async t => {
        const json = await startServer(t);
        await publish(t, json, PATH, frames({ count: 2 }));
        const line = await json.logged(/start push/);
        assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
        assert.equal(line.level, 'info');
        assert.equal(line.path, PATH);
        assert.match(line.ip, /^127\.0\.0\.1$/);
        assert.match(line.session, /^[0-9a-f]{16}$/i);
        const text = start(t, binary, settingsToArgs({ bind: '127.0.0.1', 'rtmp.port': 0, 'http.port': 0 }));
        await text.until(() => /INFO +listening on rtmp:\/\/127\.0\.0\.1:\d+\n/.test(text.stderr), 'a line');
    });

    it('says who publishes and plays, in the words of Node Media Server', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 0 });
        const publisher = await publish(t, server, PATH, frames({ count: 2 }));
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.tag(isFrame);
        const second = await RtmpClient.ready(t, server.rtmpPort);
        second.command('publish', ['stream'], { msid: 1 });
        await server.logged(/^RTMP session \S+ 127\.0\.0\.1 start push \/live\/stream$/);
        await server.logged(/^RTMP session \S+ 127\.0\.0\.1 start play \/live\/stream$/);
        await server.logged(/^FLV session \S+ 127\.0\.0\.1 start play \/live\/stream$/);
        await server.logged(/^RTMP session \S+ 127\.0\.0\.1 push \/live\/stream error, already publishing$/);
        publisher.close();
        await server.logged(/^RTMP session \S+ 127\.0\.0\.1 stop push \/live\/stream/);
    });

    it('holds no line that a name could forge, and no query', TEST, async t => {
        const server = await startServer(t, { 'log.format': 'text' });
        for (const name of ['a\nforged', 'b\u001b[31m', 'secret?sign=hunter2']) {
            const client = await RtmpClient.ready(t, server.rtmpPort);
            client.command('publish', [name], { msid: 1 });
            await client.settled().catch(() => client.waitClosed());
        }
        await server.logged(/start push \/live\/secret/);
        assert.ok(!/^forged/m.test(server.stderr));
        assert.ok(!server.stderr.includes('\u001b'));
        assert.ok(!server.stderr.includes('hunter2'));
    });
});
