// tls_certificates.test.mjs - certificates that change under way, and those that cannot be used.

import assert from 'node:assert/strict';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { frames, headers } from './lib/canned.mjs';
import { binary, isSanitized } from './lib/env.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { run } from './lib/process.mjs';
import { openPublisher, sendPaced, sendTags } from './lib/publisher.mjs';
import { settingsToArgs, startServer } from './lib/server.mjs';
import { makeCertificate, nameSeen, pairSettings, startTlsServer } from './lib/tls.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/stream';
const CHANGED = /certificates have changed and are loaded/;

// New files in place of old ones, each at once, as certbot and others do it.
function replace(pair, by) {
    renameSync(by.cert, pair.cert);
    renameSync(by.key, pair.key);
}

// A stream that goes on until told to stop.
async function startStream(t, server) {
    const client = await openPublisher(t, server, PATH);
    sendTags(client, headers());
    let over = false;
    t.after(() => { over = true; });
    sendPaced(client, frames({ count: 3000, gop: 25, size: 2000 }), { isOver: () => over }).catch(() => {});
}

describe('a certificate changes', { concurrency: 2 }, () => {
    it('under 100 viewers: none drops, who comes then sees the new one', TEST, async t => {
        const folder = temporaryFolder(t), pair = await makeCertificate(folder, 'old', ['old.example']);
        const server = await startTlsServer(t, {}, pair);
        await startStream(t, server);
        const viewers = Array.from({ length: isSanitized ? 30 : 100 }, (_, i) =>
            openViewer(t, server.secure, ['rtmp', 'http', 'ws'][i % 3], PATH));
        await Promise.all(viewers.map(viewer => viewer.count(20, 20000)));
        assert.equal(await nameSeen(server.httpsPort), 'old.example');
        replace(pair, await makeCertificate(folder, 'new', ['new.example']));
        await server.logged(CHANGED);
        assert.equal(await nameSeen(server.httpsPort), 'new.example');
        assert.equal(await nameSeen(server.rtmpsPort), 'new.example');
        const before = viewers.map(viewer => viewer.tags.length);
        await Promise.all(viewers.map((viewer, i) => viewer.count(before[i] + 40, 20000)));
        assert.ok(viewers.every(viewer => viewer.isConnected()));
    });

    it('to one that does not fit its key: the old one stays, until both fit', TEST, async t => {
        const folder = temporaryFolder(t), pair = await makeCertificate(folder, 'old', ['old.example']);
        const server = await startTlsServer(t, {}, pair);
        const next = await makeCertificate(folder, 'new', ['new.example']);
        renameSync(next.cert, pair.cert);
        const line = await server.logged(/the old ones stay/);
        assert.equal(line.level, 'error');
        assert.match(line.message, /rtmps: the private key in ".*old\.key" is not that of the certificate in ".*old\.crt"/);
        assert.equal(await nameSeen(server.httpsPort), 'old.example');
        renameSync(next.key, pair.key);
        await server.logged(CHANGED);
        assert.equal(await nameSeen(server.httpsPort), 'new.example');
    });

    it('with a reload that names other files, or the same again', TEST, async t => {
        const folder = temporaryFolder(t), file = join(folder, 'millrace.json');
        const [a, b] = await Promise.all(['a', 'b'].map(name => makeCertificate(folder, name, [`${name}.example`])));
        const use = pair => writeFileSync(file, JSON.stringify({ https: { port: 0, ...pair } }));
        use(a);
        const server = await startServer(t, {}, { args: ['-c', file] });
        const port = Number(/:(\d+)$/.exec((await server.logged(/listening on https:/)).message)[1]);
        assert.equal(await nameSeen(port), 'a.example');
        use(b);
        server.kill('SIGHUP');
        await poll(async () => await nameSeen(port) === 'b.example', 'the other certificate');
        use({ cert: a.cert, key: b.key });
        server.kill('SIGHUP');
        await server.logged(/the configuration stays as it was: https: the private key in/);
        assert.equal(await nameSeen(port), 'b.example');
    });

    it('to half a file: said once, and mended with the rest', TEST, async t => {
        const folder = temporaryFolder(t), pair = await makeCertificate(folder, 'old', ['old.example']);
        const server = await startTlsServer(t, {}, pair);
        writeFileSync(pair.key, '-----BEGIN PRIVATE KEY-----\n');
        await server.logged(/the old ones stay: rtmps\.key: ".*" holds no private key in PEM/);
        const lines = server.log.length;
        replace(pair, await makeCertificate(folder, 'new', ['new.example']));
        await server.logged(CHANGED);
        assert.equal(server.log.slice(lines).filter(each => each.message.includes('the old ones stay')).length, 0);
        await poll(async () => await nameSeen(server.httpsPort) === 'new.example', 'the new certificate');
    });
});

describe('a certificate that cannot be used', { concurrency: 4 }, () => {
    const failure = async settings => {
        const args = settingsToArgs({ bind: '127.0.0.1', 'rtmp.port': 0, 'http.port': 0, ...settings });
        return (await run(binary, args, { code: 1 })).stderr;
    };

    it('stops the server, with a sentence that says which and why', TEST, async t => {
        const folder = temporaryFolder(t), pair = await makeCertificate(folder, 'a'), other = await makeCertificate(folder, 'b');
        assert.match(await failure({ 'https.port': 0 }), /ERROR https\.port needs a certificate: set cert and key/);
        assert.match(await failure(pairSettings({ ...pair, cert: '/nowhere' })),
                     /ERROR rtmps\.cert: cannot read "\/nowhere": No such file or directory/);
        assert.match(await failure(pairSettings({ ...pair, key: other.key })),
                     /ERROR rtmps: the private key in ".*b\.key" is not that of the certificate in ".*a\.crt"/);
        assert.match(await failure({ 'https.port': 0, 'tls.certificates': JSON.stringify([pair, { cert: pair.key }]) }),
                     /ERROR tls\.certificates\[1\]\.cert: ".*a\.key" holds no certificate in PEM/);
    });

    it('is an error in the configuration if it is no list of files', TEST, async () => {
        for (const [value, sentence] of [
            ['[{"key":"/a"}]', /item 1: cert: expected the path of a file/],
            ['[{"cert":"/a","kye":"/b"}]', /item 1: it has a member that is neither cert nor key/],
            ['["/a"]', /item 1: expected an object with cert and key/],
            ['/a', /expected a list of objects with cert and key/],
        ]) {
            const { stderr } = await run(binary, ['--set', `tls.certificates=${value}`, '--check-config'], { code: 2 });
            assert.match(stderr, sentence);
        }
    });

    it('a key that everyone may read is used, with a warning', TEST, async t => {
        const pair = await makeCertificate(temporaryFolder(t), 'a');
        chmodSync(pair.key, 0o644);
        const server = await startTlsServer(t, {}, pair);
        assert.equal((await server.logged(/every user of this machine can read the private key/)).level, 'warn');
    });

    it('one out of date is used, with a warning', TEST, async t => {
        const folder = temporaryFolder(t), pair = await makeCertificate(folder, 'a');
        const request = join(folder, 'a.csr');
        await run('openssl', ['req', '-new', '-key', pair.key, '-subj', '/CN=localhost', '-out', request]);
        await run('openssl', ['x509', '-req', '-in', request, '-signkey', pair.key, '-days', '-1', '-out', pair.cert]);
        const server = await startTlsServer(t, {}, pair);
        assert.equal((await server.logged(/has expired/)).level, 'warn');
    });
});
