// faults.test.mjs - a server whose kernel and libraries fail it: who watches loses nothing, and what is
// refused is refused without spinning.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { describe, it } from 'node:test';
import { audioTag, frames, headers, numberOf, videoTag } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { releaseOnly } from './lib/env.mjs';
import { ERRNO, startFaultyServer } from './lib/faults.mjs';
import { isFrame, isVideo } from './lib/flv.mjs';
import { HttpConnection } from './lib/http.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { openViewer, openViewers } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const TEST = { timeout: 90000, skip: releaseOnly };
const PATH = '/live/stream';
const CALM = { 'delivery.lag_ms': 60000, 'delivery.stall_s': 60, 'limits.handshake_s': 60 };

// Processor time in use, in milliseconds.
function cpuMs(server) {
    const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
}

// A publisher and a viewer over each protocol, plain and over TLS.
async function onAir(t, server) {
    const viewers = [...openViewers(t, server, PATH), ...openViewers(t, server.secure, PATH)];
    await server.viewersCame(PATH, viewers.length, 30000);
    const publisher = await openPublisher(t, server, PATH);
    sendTags(publisher, headers());
    let next = 0;
    const send = async (count, ms = 30000) => {
        const first = next;
        next += count;
        sendTags(publisher, frames({ count, first, start_ms: first * 40, gop: 5, size: 700 }));
        await Promise.all(viewers.map(viewer => viewer.frame(next - 1, { ms })));
        for (const viewer of viewers) {
            const numbers = viewer.tags.filter(tag => isFrame(tag) && isVideo(tag)).map(numberOf);
            assert.deepEqual(numbers, Array.from({ length: next }, (_, i) => i), viewer.name);
        }
    };
    await send(5);
    return send;
}

describe('sockets that fail now and then', { concurrency: 3 }, () => {
    for (const [what, faults] of [
        ['a byte at a time', { stride: 1 }],
        ['seven bytes at a time, EAGAIN and EINTR in between', { stride: 7, eagain: 3, eintr: 5 }],
        ['no buffers in the kernel', { enobufs: 2 }],
        ['all of it', { stride: 100, eagain: 4, eintr: 3, enobufs: 5 }],
    ]) {
        it(what, TEST, async t => {
            const server = await startFaultyServer(t, CALM);
            server.faults.set(faults);
            const send = await onAir(t, server);
            await send(4);
            for (const name of Object.keys(faults))
                assert.ok(server.faults.felt(name) > 5, name);
        });
    }
});

describe('accept() that fails', { concurrency: 2 }, () => {
    // With the spare descriptor gone as well nobody can be told: they wait until it works again.
    for (const [what, faults] of [
        ['the whole system is out of descriptors', { accept_error: ERRNO.ENFILE, open_error: ERRNO.ENFILE }],
        ['there is no memory', { accept_error: ERRNO.ENOMEM }],
    ]) {
        it(`because ${what}: no spinning, and then it goes on`, TEST, async t => {
            const server = await startFaultyServer(t, CALM);
            const send = await onAir(t, server);
            server.faults.set(faults);
            const before = cpuMs(server);
            const late = openViewer(t, server, 'http', PATH);
            await sleep(700);
            assert.ok(cpuMs(server) - before < 300, `${cpuMs(server) - before} ms of CPU`);
            assert.ok(server.faults.felt('accept_error') < 200, 'it was tried too often');
            await send(5);
            server.faults.set();
            await late.started;
            assert.ok(server.log.length < 500);
        });
    }

    it('because the connection has gone again: the next is taken', TEST, async t => {
        const server = await startFaultyServer(t, CALM);
        server.faults.set({ accept_error: ERRNO.EPROTO });
        const late = openViewer(t, server, 'http', '/live/none');
        await poll(() => server.faults.felt('accept_error') > 0, 'an accept() that fails');
        server.faults.set();
        await server.viewersCame('/live/none', 1);
        late.failure = null;
        late.finish = () => late.close();
    });
});

it('with its own descriptors used up: who comes is sent away at once, and logged a few times', TEST, async t => {
    const server = await startFaultyServer(t, { ...CALM, 'log.level': 'info' });
    const send = await onAir(t, server);
    const limit = server.openFiles() + 20;
    execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${limit}:${limit}`]);
    const sockets = [], closed = new Set();
    const before = cpuMs(server);
    for (let i = 0; i < 300; i++) {
        const socket = net.connect({ port: server.httpPort, host: '127.0.0.1' });
        socket.on('close', () => closed.add(socket)).on('error', () => {}).resume();
        cleanup(t, () => socket.destroy());
        sockets.push(socket);
    }
    await poll(() => closed.size >= 270, () => `${closed.size} are closed`);
    await send(5);
    await sleep(300);
    assert.ok(cpuMs(server) - before < 600, `${cpuMs(server) - before} ms of CPU`);
    assert.ok(server.log.filter(line => /out of file descriptors/.test(line.message)).length <= 60);
    await server.logged(/more connections refused for want of file descriptors/);
    sockets.forEach(socket => socket.destroy());
    await poll(() => server.openFiles() < limit - 10, 'descriptors that are free again');
    await openViewer(t, server, 'http', PATH).started;
});

describe('a clock that is set', { concurrency: 2 }, () => {
    for (const hours of [-24 * 365 * 20, 24 * 365 * 20]) {
        it(`by ${hours} hours: nothing that is on ends`, TEST, async t => {
            const server = await startFaultyServer(t, CALM);
            const send = await onAir(t, server);
            server.faults.set({ wall_offset_s: hours * 3600 });
            await send(5);
            await publish(t, server, '/live/later', frames({ count: 5 }));
            await openViewer(t, server, 'http', '/live/later').frame(4);
            server.faults.set();
            await send(5);
        });
    }
});

it('libraries without memory: a connection may end, the server and others go on', TEST, async t => {
    const server = await startFaultyServer(t, CALM);
    const plain = openViewer(t, server, 'http', PATH);
    await server.viewersCame(PATH, 1);
    const publisher = await openPublisher(t, server, PATH);
    sendTags(publisher, headers());
    for (const nth of [2, 3, 7, 31, 97]) {
        server.faults.set({ malloc_nth: nth });
        const attempts = Array.from({ length: 40 }, () => {
            const connection = new HttpConnection(null, server.secure.httpPort);
            cleanup(t, () => connection.close());
            connection.request('GET /nothing HTTP/1.1', { Connection: 'close' });
            return Promise.race([connection.response().catch(() => {}), connection.ended, sleep(3000)])
                .finally(() => connection.close());
        });
        await Promise.all(attempts);
        assert.ok(server.isRunning(), server.stderr.slice(-2000));
    }
    assert.ok(server.faults.felt('malloc_nth') > 100, `${server.faults.felt('malloc_nth')} times`);
    server.faults.set();
    sendTags(publisher, [videoTag(0, 0, { keyframe: true }), audioTag(0, 5)]);
    await plain.frame(0);
    let answers = 0; // in a row: of every worker, whatever was still on its way when memory came back
    await poll(async () => {
        const after = new HttpConnection(null, server.secure.httpPort);
        after.request('GET /nothing HTTP/1.1', { Connection: 'close' });
        const status = await after.response().then(response => response.status, () => 0);
        after.close();
        answers = status === 404 ? answers + 1 : 0;
        return answers >= 8;
    }, 'answers again', 30000);
});
