// suites.mjs - what is measured, and in which order.  What is to be compared runs in turns, so that
// a machine that slows down for a while does so for all.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { kernelCases } from './kernel.mjs';
import { combine, measure, measureRaw } from './runs.mjs';
import { listServers, readServer, setUp } from './server.mjs';

const OURS = 'millrace';
const HIGHEST_STEP = 1.3, HIGHEST_VIEWERS = 18000;

function media(name) {
    return execFileSync('bench/make-media', [name], { encoding: 'utf8' }).trim();
}

function ours() {
    const server = readServer(OURS);
    setUp(server);
    return server;
}

function say(name, result) {
    const us = result.us === undefined ? '-' : `${result.us.toFixed(0)} us`;
    const p99 = result.p99 === undefined ? '' : `  99 % ${result.p99.toFixed(1)} ms`;
    console.log(`${name.padEnd(44)} ${us}${p99}  others ${((result.others ?? 0) * 100).toFixed(0)} %  ${result.why}`);
}

// Each of `cases` ({ name, run }), in turns.
async function inTurns(cases, rounds) {
    for (let round = 0; round < rounds; round++)
        for (const one of cases) {
            const result = await one.run();
            say(one.name, result);
            (one.results ??= []).push(result);
        }
    return cases.map(({ run, results, ...rest }) => ({ ...rest, ...combine(results) }));
}

// Whether a run shows that everything got there in time.
function held(result) {
    return result.passed && result.missing + result.back + result.gaps + result.starved === 0 && result.p99 < 1000;
}

async function findHighest(server, protocol, file, from) {
    let best;
    for (let viewers = from; viewers < HIGHEST_VIEWERS; viewers = Math.round(viewers * HIGHEST_STEP / 100) * 100) {
        const result = await measure({ server, protocol, media: file, viewers, load: ['--expect-lossless'] });
        say(`${server.name} ${protocol} ${viewers}`, result);
        if (!held(result))
            break;
        best = { server: server.name, protocol, ...result };
    }
    return best ?? { server: server.name, protocol, viewers: 0 };
}

// Where to begin: what it has held already.
function atLeast(rows, server, protocol) {
    return rows.some(row => row.server === server.name && row.protocol === protocol && row.viewers === 1500 &&
                            held(row)) ? 2000 : 500;
}

async function servers({ rounds, only }) {
    const file = media('720p30');
    const list = listServers().filter(name => !only || only.includes(name)).map(readServer);
    const cases = [];
    list.forEach(setUp);
    for (const viewers of [300, 1500])
        for (const server of list)
            for (const protocol of server.protocols)
                cases.push({ name: `${server.name} ${protocol} ${viewers}`, server: server.name, protocol, viewers,
                             run: () => measure({ server, protocol, viewers, media: file }) });
    for (const viewers of [300, 1500])
        for (const backend of ['sendmsg', 'io_uring'])
            cases.push({ name: `raw ${backend} ${viewers}`, server: 'raw', backend, viewers,
                         run: () => measureRaw({ viewers, flush: 0, backend, media: file }) });
    const rows = await inTurns(cases, rounds);
    const highest = [];
    for (const server of list)
        for (const protocol of server.protocols)
            highest.push(await findHighest(server, protocol, file, atLeast(rows, server, protocol)));
    return { titles: Object.fromEntries(list.map(s => [s.name, `${s.title} ${s.version}`.trim()])), rows, highest };
}

async function flush({ rounds }) {
    const file = media('720p30'), server = ours(), viewers = 1500, cases = [];
    for (const window of [0, 10, 100, 350])
        for (const backend of ['sendmsg', 'io_uring']) {
            cases.push({ name: `raw ${backend} ${window} ms`, server: 'raw', backend, flush: window,
                         run: () => measureRaw({ viewers, flush: window, backend, media: file }) });
            for (const protocol of ['flv', 'rtmp'])
                cases.push({ name: `${protocol} ${backend} ${window} ms`, server: OURS, backend, flush: window, protocol,
                             run: () => measure({ server, protocol, viewers, media: file,
                                                  options: ['--set', `delivery.flush_ms=${window}`,
                                                            '--set', `delivery.backend=${backend}`] }) });
        }
    return { viewers, rows: await inTurns(cases, rounds) };
}

// The window is what the server's log says of it while the measurement goes on.
function withWindow(result) {
    const log = fs.readFileSync(result.log, 'utf8');
    const windows = [...log.matchAll(/it gathers packets for (\d+) ms/g)].map(match => Number(match[1])).slice(-7, -2);
    return { ...result, window: windows.length > 0 ? windows.reduce((a, b) => a + b) / windows.length : 0 };
}

async function curve({ rounds }) {
    const file = media('720p30'), server = ours();
    const cases = [100, 300, 600, 1000, 1500, 2200, 3000, 4000, 5000].map(viewers => ({
        name: `auto ${viewers}`, viewers,
        run: async () => withWindow(await measure({ server, protocol: 'flv', viewers, media: file,
                                                    options: ['--set', 'log.level=debug'] })) }));
    for (const viewers of [300, 1500, 3000])
        for (const window of [0, 20])
            cases.push({ name: `${window} ms ${viewers}`, viewers, fixed: window,
                         run: () => measure({ server, protocol: 'flv', viewers, media: file,
                                              options: ['--set', `delivery.flush_ms=${window}`] }) });
    return { rows: await inTurns(cases, rounds) };
}

async function publishers({ rounds }) {
    const file = media('180p30'), server = ours(), cases = [];
    for (const window of ['auto', '0', '20'])
        cases.push({ name: `500 publishers, flush_ms ${window}`, server: OURS, flush: window, count: 500,
                     run: () => measure({ server, protocol: 'flv', viewers: 500, media: file,
                                          load: ['--publish', 500],
                                          options: ['--set', `delivery.flush_ms=${window}`] }) });
    for (const name of listServers().filter(other => other !== OURS)) {
        const other = readServer(name), protocol = other.protocols.includes('flv') ? 'flv' : other.protocols[0];
        setUp(other);
        cases.push({ name: `500 publishers, ${name}`, server: name, title: `${other.title} ${other.version}`, protocol, count: 500,
                     run: () => measure({ server: other, protocol, viewers: 500, media: file, load: ['--publish', 500] }) });
    }
    cases.push({ name: '2000 publishers', server: OURS, flush: 'auto', count: 2000,
                 run: () => measure({ server, protocol: 'flv', viewers: 100, media: file,
                                      load: ['--publish', 2000, '--streams', 100, '--lead', 5] }) });
    return { rows: await inTurns(cases, rounds) };
}

async function crowds({ rounds }) {
    const server = ours(), film = media('720p30'), sound = media('audio');
    return { rows: await inTurns([
        { name: '5000 viewers of 2.1 Mb/s',
          run: () => measure({ server, protocol: 'flv', viewers: 5000, media: film, load: ['--expect-lossless'] }) },
        { name: '10000 viewers of 100 kb/s',
          run: () => measure({ server, protocol: 'flv', viewers: 10000, media: sound,
                               load: ['--expect-lossless', '--join-rate', 2000] }) },
        { name: '2000 viewers in a second',
          run: () => measure({ server, protocol: 'flv', viewers: 2000, media: film,
                               load: ['--expect-lossless', '--join-rate', 2000] }) },
        { name: '30 % of 1000 read slowly',
          run: () => measure({ server, protocol: 'flv', viewers: 1000, media: film,
                               load: ['--slow-share', 0.3] }) },
    ], rounds) };
}

// The generator has the last core, where one of two workers is, too.
async function workers({ rounds }) {
    const server = ours(), film = media('720p30'), cases = [];
    for (const count of [1, 2])
        for (const cpus of count === 1 ? ['0'] : ['0', '0,1'])
            cases.push({ name: `${count} workers on ${cpus}`, workers: count, cpus,
                         run: () => measure({ server, protocol: 'flv', viewers: 1000, media: film, cpus,
                                              options: ['--set', `workers=${count}`, '--set', 'delivery.flush_ms=10'] }) });
    return { rows: await inTurns(cases, rounds) };
}

function certificate() {
    const at = 'build/bench/tls';
    if (!fs.existsSync(`${at}/cert.pem`)) {
        fs.mkdirSync(at, { recursive: true });
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                                 '-days', '3650', '-subj', '/CN=localhost', '-keyout', `${at}/key.pem`,
                                 '-out', `${at}/cert.pem`], { stdio: 'ignore' });
    }
    return ['rtmps', 'https'].flatMap(name => [`--${name}-port`, `{${name}}`, '--set', `${name}.cert=${at}/cert.pem`,
                                               '--set', `${name}.key=${at}/key.pem`]);
}

async function tls({ rounds }) {
    const server = ours(), film = media('720p30'), cases = [];
    server.start += ` ${certificate().join(' ')}`;
    for (const [protocol, ktls] of [['flv', false], ['https', false], ['https', true], ['rtmp', false],
                                    ['rtmps', false], ['ws', false], ['wss', false]])
        cases.push({ name: `${protocol}${ktls ? ' ktls' : ''}`, protocol, ktls,
                     run: () => measure({ server, protocol, viewers: 500, media: film,
                                          load: ['--join-rate', 200],
                                          options: ['--set', 'delivery.flush_ms=10', '--set', `tls.ktls=${ktls}`] }) });
    return { rows: await inTurns(cases, rounds) };
}

async function kernel({ rounds }) {
    return { rows: await inTurns(kernelCases(ours(), media('720p30')), rounds) };
}

export const suites = { servers, flush, curve, publishers, crowds, workers, tls, kernel };
