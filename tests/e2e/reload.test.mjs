// reload.test.mjs - a new configuration for a server that runs: SIGHUP.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { assertAllowed, assertRefused, sign } from './lib/access.mjs';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isFrame, isKeyframe } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

// A server with a file for its configuration: reload() writes it anew and sends the signal.
async function fileServer(t, config, settings = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
    cleanup(t, () => rmSync(folder, { recursive: true }));
    const file = join(folder, 'millrace.json');
    writeFileSync(file, JSON.stringify(config));
    const server = await startServer(t, { 'log.level': undefined, ...settings }, { args: ['-c', file] });
    server.folder = folder;
    server.reload = async (next, pattern = /the configuration was read again/) => {
        const from = server.log.length;
        writeFileSync(file, typeof next === 'string' ? next : JSON.stringify(next));
        process.kill(server.pid, 'SIGHUP');
        return (await server.logged(pattern, { from })).message;
    };
    return server;
}

describe('a reload', { concurrency: 4 }, () => {
    it('changes what can change, and names it', TEST, async t => {
        const server = await fileServer(t, {});
        await assertAllowed(t, server, 'rtmp', 'play', PATH);
        assert.match(await server.reload({ auth: { play: true, secret: 'one' }, apps: { open: { auth: { play: false } } } }),
                     /has changed: auth\.play, auth\.secret, apps\.open$/);
        await assertRefused(t, server, 'rtmp', 'play', PATH, /a sign is needed/);
        await assertAllowed(t, server, 'rtmp', 'play', PATH, { query: sign(PATH, 'one') });
        await assertAllowed(t, server, 'rtmp', 'play', '/open/s');
        assert.match(await server.reload({ auth: { play: true, secret: 'two', secrets: ['one'] } }),
                     /has changed: auth\.secret, auth\.secrets, apps\.open$/);
        for (const secret of ['one', 'two'])
            await assertAllowed(t, server, 'rtmp', 'play', PATH, { query: sign(PATH, secret) });
        await assertRefused(t, server, 'rtmp', 'play', '/open/s', /a sign is needed/);
        await server.reload({ auth: { play: true, secret: 'two' } });
        await assertRefused(t, server, 'rtmp', 'play', PATH, /the sign is wrong/, { query: sign(PATH, 'one') });
        assert.match(await server.reload({ auth: { play: true, secret: 'two' } }), /nothing changes$/);
        assert.ok(!server.stderr.includes('one') && !server.stderr.includes('"two"'), 'a secret in the log');
    });

    it('leaves alone who plays and publishes', TEST, async t => {
        const server = await fileServer(t, {});
        const publisher = await publish(t, server, PATH, frames({ count: 10 }));
        const viewers = openViewers(t, server, PATH);
        for (const viewer of viewers)
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 9);
        await server.reload({ auth: { play: true, publish: true, secret: 's' }, publish: { deny: ['127.0.0.0/8'] } });
        sendTags(publisher, frames({ count: 10, first: 10, start_ms: 400 }));
        for (const viewer of viewers)
            await viewer.tag(tag => isFrame(tag) && numberOf(tag) === 19);
        await assertRefused(t, server, 'rtmp', 'publish', '/live/new', /not allowed/);
    });

    for (const [what, text, pattern] of [
        ['a file that is no JSON', '{ "auth": ', /stays as it was: .*millrace\.json:1: /],
        ['a key that does not exist', '{\n "auht": {} }', /stays as it was: .*millrace\.json:2: unknown key "auht"; did you mean "auth"\?/],
        ['a value that is wrong', '{ "rtmp": { "ping": 0 }, "play": { "deny": ["0.0.0.0/0"] } }', /stays as it was: .*rtmp\.ping: 0 is not/],
        ['values that do not fit', '{ "auth": { "play": true } }', /stays as it was: .*auth\.play: signs are asked for/],
    ]) {
        it(`with ${what} changes nothing`, TEST, async t => {
            const server = await fileServer(t, { play: { deny: ['127.0.0.2'] } });
            const message = await server.reload(text, /the configuration stays as it was/);
            assert.match(message, pattern);
            await assertAllowed(t, server, 'rtmp', 'play', PATH);
            await assertRefused(t, server, 'rtmp', 'play', PATH, /not allowed/, { socketOptions: { localAddress: '127.0.0.2' } });
        });
    }

    it('with a file that is gone changes nothing', TEST, async t => {
        const server = await fileServer(t, {});
        rmSync(join(server.folder, 'millrace.json'));
        process.kill(server.pid, 'SIGHUP');
        await server.logged(/the configuration stays as it was: .*No such file/);
        await assertAllowed(t, server, 'rtmp', 'play', PATH);
    });

    it('names what needs a restart, and goes on with what it had', TEST, async t => {
        const server = await fileServer(t, {});
        const from = server.log.length;
        await server.reload({ delivery: { backend: 'sendmsg' }, rtmp: { chunk_size: 4096, ping: 7 }, apps: { a: { play: { deny: ['::1'] } } } },
                            /has changed: rtmp\.ping, apps\.a$/);
        const { message, level } = await server.logged(/needs a restart/, { from });
        assert.equal(message, 'a change of these needs a restart: rtmp.chunk_size, delivery.backend');
        assert.equal(level, 'warn');
        await publish(t, server, PATH, frames({ count: 10 }));
        const viewer = openViewer(t, server, 'rtmp', PATH);
        await viewer.tag(isFrame);
        assert.equal(viewer.client.peerChunkSize, 65535);
    });

    it('sets the log level at once', TEST, async t => {
        const server = await fileServer(t, {});
        await assertAllowed(t, server, 'rtmp', 'play', PATH);
        assert.ok(!server.log.some(line => line.level === 'debug'));
        await server.reload({ log: { level: 'debug' } });
        const { client } = await assertAllowed(t, server, 'rtmp', 'play', PATH);
        client.close();
        await server.logged(/RTMP session .* closes/);
    });

    it('what stands on the command line stays over the file', TEST, async t => {
        const server = await fileServer(t, {}, { 'play.deny': '["127.0.0.2"]' });
        await server.reload({ play: { deny: [] } }, /nothing changes$/);
        await assertRefused(t, server, 'rtmp', 'play', PATH, /not allowed/, { socketOptions: { localAddress: '127.0.0.2' } });
    });

    it('of the cached group holds for streams that are there, and for new ones', TEST, async t => {
        const server = await fileServer(t, {});
        const publisher = await openPublisher(t, server, PATH);
        const first = openViewer(t, server, 'http', PATH); // keeps the outlet of a worker
        await publish(t, server, '/live/other', frames({ count: 10 }));
        sendTags(publisher, [...headers(), ...frames({ count: 10, gop: 10 })]);
        await first.tag(tag => isFrame(tag) && numberOf(tag) === 9);
        await server.reload({ delivery: { gop_cache: false } });
        sendTags(publisher, frames({ count: 5, gop: 0, first: 10, start_ms: 400 }));
        await first.tag(tag => isFrame(tag) && numberOf(tag) === 14);
        for (const path of [PATH, '/live/new']) {
            const encoder = path === PATH ? publisher : await publish(t, server, path, frames({ count: 15 }));
            const viewer = openViewer(t, server, 'http', path);
            await server.viewersCame(path, path === PATH ? 2 : 1);
            sendTags(encoder, frames({ count: 5, gop: 0, first: 15, start_ms: 600 }));
            sendTags(encoder, frames({ count: 5, gop: 5, first: 20, start_ms: 800 }));
            const start = await viewer.tag(isKeyframe);
            assert.equal(numberOf(start), 20, 'the next keyframe, nothing cached');
        }
    });

    it('holds for recordings from the next file on, and breaks none', TEST, async t => {
        const records = mkdtempSync(join(tmpdir(), 'millrace-'));
        cleanup(t, () => rmSync(records, { recursive: true }));
        const record = { path: records, segmentDuration: 3600 };
        const server = await fileServer(t, { record });
        const publisher = await publish(t, server, PATH, frames({ count: 10 }));
        for (let i = 0; i < 5; i++) {
            await server.reload({ record: { ...record, keep_s: 100000 + i }, apps: { live: { record: { segmentDuration: 1000 + i } } } });
            sendTags(publisher, frames({ count: 10, first: 10 * (i + 1), start_ms: 400 * (i + 1) }));
            await publish(t, server, `/live/s${i}`, frames({ count: 10 }));
        }
        await publisher.settled();
        publisher.close();
        await poll(() => readdirSync(join(records, 'live', 'stream')).some(name => name.endsWith('.flv')), 'the recording');
    });

    it('many times over, with streams and viewers that come and go, leaves nothing behind', TEST, async t => {
        const server = await fileServer(t, {}, { workers: 3 });
        const config = i => ({ auth: { secret: `secret ${i}` }, delivery: { gop_ms: 1000 + i },
                               apps: Object.fromEntries(Array.from({ length: 20 }, (_, app) => [`a${app}`, { play: { deny: [`10.0.0.${i}`] } }])) });
        await publish(t, server, PATH, frames({ count: 10 }));
        for (let i = 0; i < 30; i++) {
            const viewers = openViewers(t, server, PATH);
            await server.reload(config(i));
            await Promise.all(viewers.map(viewer => viewer.tag(isFrame)));
            for (const viewer of viewers)
                viewer.close();
        }
        process.kill(server.pid, 'SIGHUP'); // one that the stop overtakes
        await server.end();
    });
});

describe('certificates', () => {
    const makeCertificate = (folder, name) => {
        const [cert, key] = ['cert', 'key'].map(kind => join(folder, `${name}.${kind}.pem`));
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                                 '-subj', `/CN=${name}.example.org`, '-keyout', key, '-out', cert], { stdio: 'pipe' });
        return { cert, key };
    };
    const nameOf = port => new Promise((resolve, reject) => {
        const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().subject.CN);
            socket.destroy();
        }).once('error', reject);
    });

    it('are read again with the file that names them, and a bad one changes nothing at all', TEST, async t => {
        const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
        cleanup(t, () => rmSync(folder, { recursive: true }));
        const [one, two] = ['one', 'two'].map(name => makeCertificate(folder, name));
        const server = await fileServer(t, { https: { port: 0, ...one } });
        const { message } = await server.logged(/listening on https:/);
        const port = Number(/:(\d+)\D*$/.exec(message)[1]);
        assert.equal(await nameOf(port), 'one.example.org');
        await server.reload({ https: { port: 0, ...two } });
        assert.equal(await nameOf(port), 'two.example.org');
        const bad = await server.reload({ https: { port: 0, cert: '/nowhere', key: '' }, play: { deny: ['127.0.0.1'] } },
                                        /the configuration stays as it was/);
        assert.match(bad, /\/nowhere/);
        assert.equal(await nameOf(port), 'two.example.org');
        await assertAllowed(t, server, 'rtmp', 'play', PATH);
    });
});
