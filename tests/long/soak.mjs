// soak.mjs - a day in half an hour: publishers and viewers come and go, records rotate, the configuration is
// read again, certificates change; and at the end nothing is left of it.
//
//     node tests/long/soak.mjs --minutes 30 [--publishers 20] [--viewers 200] [--seed 1]
//     MILLRACE_BIN=build/asan/millrace node tests/long/soak.mjs --minutes 10     leaks are told at its exit

import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { ask, BENCH, MEGABYTE, megabytes, readOptions, Record, requirePrograms, ROOT, Scope, sleep, Verdict } from './watch.mjs';

const { minutes, publishers, viewers, seed } = readOptions({ minutes: 30, publishers: 20, viewers: 200, seed: 1 });
requirePrograms();

const { Program } = await import('../e2e/lib/process.mjs');
const { Random } = await import('../e2e/lib/random.mjs');
const { makeCertificate, startTlsServer } = await import('../e2e/lib/tls.mjs');
const { frames, headers } = await import('../e2e/lib/canned.mjs');
const { openPublisher, sendTags } = await import('../e2e/lib/publisher.mjs');
const { openFlvPublisher } = await import('../e2e/lib/flv_publishers.mjs');
const { openViewer, PROTOCOLS } = await import('../e2e/lib/viewers.mjs');
const { isSanitized } = await import('../e2e/lib/env.mjs');

const STREAMS = 2 * publishers, until = Date.now() + minutes * 60000;
const scope = new Scope(), verdict = new Verdict(), random = new Random(seed);
const folder = scope.folder(), done = {};
const count = name => { done[name] = (done[name] ?? 0) + 1; };
const isOver = () => Date.now() > until;
const between = (low, high) => low + random.below(high - low);

// What a connection says when it is broken is its own matter here.
process.on('unhandledRejection', () => count('rejections'));

const pairs = await Promise.all([0, 1, 2].map(i => makeCertificate(folder, `pair${i}`)));
const live = { cert: join(folder, 'live.crt'), key: join(folder, 'live.key') };
const useCertificate = i => { copyFileSync(pairs[i].key, live.key); copyFileSync(pairs[i].cert, live.cert); };
useCertificate(0);
const records = join(folder, 'records'), configuration = join(folder, 'millrace.json');
const configure = i => writeFileSync(configuration, JSON.stringify({
    delivery: { flush_ms: 5 + i % 3 * 5, lag_ms: 2000 + i % 2 * 1000 },
    limits: { streams: 1000 + i }, publish: { resume_s: 1 + i % 3 },
    record: { keep_stream_bytes: 4 << 20, segmentDuration: 5 + i % 5 },
    apps: { [`app${i % 4}`]: { delivery: { gop_cache: i % 2 === 0 } } },
}));
configure(0);
const server = await startTlsServer(scope, { 'record.path': records, 'log.level': 'info', drain_s: 5, 'publish.resume_s': undefined,
                                             'store.keep_s': 60 }, live, { args: ['-c', configuration] });

// Those who come and go, each until the end of the day.  `own` undoes what one of them began.

async function life(name, action) {
    while (!isOver()) {
        const own = new Scope();
        try {
            await action(own);
            count(name);
        } catch {
            count(`${name} cut short`);
        }
        await own.end().catch(() => {});
    }
}

const pathOf = i => `/live/s${i}`;

async function publishOnce(own) {
    const path = pathOf(random.below(STREAMS)), kind = random.below(4), lasts_ms = between(2000, 30000), began = Date.now();
    const face = random.below(3) === 0 ? server.secure : server;
    const publisher = kind < 2 ? await openPublisher(own, face, path) : await openFlvPublisher(own, face, kind === 2 ? 'http' : 'ws', path);
    const send = tags => kind < 2 ? sendTags(publisher, tags) : publisher.sendTags(tags);
    send(headers());
    for (let number = 0; Date.now() - began < lasts_ms && !isOver(); number += 5) {
        send(frames({ count: 5, first: number, start_ms: number * 40, gop: 25, size: between(100, 4000) }));
        await sleep(200);
    }
    if (random.below(4) === 0)
        (publisher.socket ?? publisher.connection.socket).resetAndDestroy?.();
    else
        publisher.close();
}

async function viewOnce(own) {
    const face = random.below(4) === 0 ? server.secure : server;
    const viewer = openViewer(own, face, PROTOCOLS[random.below(3)], pathOf(random.below(STREAMS)));
    viewer.finish = () => viewer.close();
    await Promise.race([viewer.started, sleep(3000)]);
    const lasts_ms = between(100, 8000);
    if (random.below(5) === 0)
        viewer.pauseReading?.();
    await sleep(lasts_ms);
    viewer.tags.length = 0;
}

// Those who never become anything: they connect, say a little that makes no sense, and are gone.
async function strayOnce(own) {
    const ports = [server.rtmpPort, server.httpPort, server.rtmpsPort, server.httpsPort];
    const socket = net.connect({ port: ports[random.below(4)], host: '127.0.0.1' });
    own.after(() => socket.destroy());
    socket.on('error', () => {}).resume();
    socket.write(random.bytes(between(1, 3000)));
    await sleep(between(0, 500));
    if (random.below(2) === 0)
        socket.resetAndDestroy();
}

async function every(ms, name, action) {
    for (let i = 1; !isOver(); i++) {
        await sleep(ms);
        await action(i);
        count(name);
    }
}

const record = new Record(server, () => ask(server.httpPort, '/api/statistics').then(all => ({
    sessions: all.sessions.total, streams: all.streams.total, connections: all.connections.open })));
await sleep(500);
const lives = [
    ...Array.from({ length: publishers }, () => life('publishers', publishOnce)),
    ...Array.from({ length: viewers }, () => life('viewers', viewOnce)),
    ...Array.from({ length: 10 }, () => life('strays', strayOnce)),
    every(10000, 'reloads', i => { configure(i); server.kill('SIGHUP'); }),
    every(30000, 'certificates', i => useCertificate(i % 3)),
    every(3000, 'API calls', () => Promise.all(['/api/streams', '/api/sessions', '/api/history', '/api/records', '/metrics'].map(
        path => ask(server.httpPort, path).catch(() => {})))),
];
await Promise.all(lives);

// Everybody has gone: what remains is what there was at first.
const deadline = Date.now() + 60000;
let rest;
do {
    await sleep(1000);
    rest = await ask(server.httpPort, '/api/statistics');
} while (Date.now() < deadline && (rest.sessions.total > 0 || rest.streams.total > 0));
await sleep(2000);
record.stop();
record.save('soak');
console.log(JSON.stringify(done));

const warm_s = Math.min(120, minutes * 60 / 4), threads = record.span('threads', warm_s), descriptors = record.span('descriptors', warm_s);
const first = record.values('rss', warm_s, warm_s + 60), average = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const grown = average(record.values('rss').slice(-12)) - average(first);
verdict.that(rest.streams.total === 0 && rest.sessions.total === 0, `left at the end: ${rest.streams.total} streams, ${rest.sessions.total} sessions`);
if (!isSanitized)
    verdict.that(grown < 24 * MEGABYTE, `memory: ${megabytes(average(first))} after ${warm_s} s, ${megabytes(grown)} more at the end; ` +
                 `${megabytes(record.growth('rss', warm_s))} an hour by its slope`);
verdict.that(threads.most - threads.least <= 2, `threads: ${threads.least} to ${threads.most}`);
verdict.that(descriptors.last <= 80, `descriptors: at most ${descriptors.most}, at the end ${descriptors.last}`);
verdict.that((done.publishers ?? 0) > minutes * publishers && (done.viewers ?? 0) > minutes * viewers,
             `${done.publishers} publishers, ${done.viewers} viewers and ${done.strays} strays came and went`);
verdict.that(readdirSync(records, { recursive: true }).length > 0, `${done.reloads} reloads, ${done.certificates} certificates`);
const before = server.stderr.length;
try {
    await server.end(30000);
    verdict.that(true, 'the server ends in order, and no sanitizer has a word to say');
} catch (error) {
    verdict.that(false, error.message);
}
console.log(server.stderr.slice(before, before + 2000));
await scope.end();
verdict.end();
process.exit();
