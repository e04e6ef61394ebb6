// slow_disk.mjs - many recordings at once on a disk that is too slow for them for a while.  By hand:
//
//     node tests/long/slow_disk.mjs [STREAMS [SECONDS [BYTES A SECOND]]]        200 30 10000000
//
// Streams are published and watched, one viewer each, for a third of the time with a disk as it is, then
// with one of so many bytes a second, then as it is.  What must hold: no viewer misses a picture; every gap is
// counted, and as long as it says; afterwards all is recorded again.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root as source } from '../e2e/lib/env.mjs';
import { readFlv, scriptOf } from '../e2e/lib/flv.mjs';
import { Program, run } from '../e2e/lib/process.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { poll, sleep } from '../e2e/lib/wait.mjs';

const [streams = 200, seconds = 30, slow = 10e6] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(process.env.MILLRACE_LONG_FOLDER ?? tmpdir(), 'millrace-slow-'));
const root = join(folder, 'records'), rate = join(folder, 'rate'), shim = join(folder, 'slow_disk.so');
const say = text => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);

await run('cc', ['-O2', '-Wall', '-Wextra', '-shared', '-fPIC', '-o', shim, join(source, 'tests/long/slow_disk.c'), '-ldl']);
const { stdout } = await run(join(source, 'bench/make-media'), [], { timeout_ms: 120000 });
writeFileSync(rate, '');
Object.assign(process.env, { LD_PRELOAD: shim, SLOW_DISK_RATE: rate });
const server = new Server({
    'record.path': root, 'record.segmentDuration': 10, 'record.min_free': 0, 'record.buffer_bytes': 1 << 20, workers: undefined, 'log.level': 'info',
});
delete process.env.LD_PRELOAD;
await server.ready();

const active = async () => (await (await fetch(server.httpUrl('/api/records/active'))).json()).items;
const sum = (list, key) => list.reduce((total, each) => total + each[key], 0);
async function look(text) {
    const items = await active();
    say(`${text}: ${items.length} recordings, ${sum(items, 'gaps')} gaps, ${sum(items, 'lostPackets')} packets lost, ` +
        `${items.filter(item => item.error !== null || item.file === null).length} without a file; ` +
        `${Math.round(server.residentSize() / 2 ** 20)} MB`);
    return items;
}

const report = join(folder, 'report.json');
const bench = new Program(join(source, 'build/release/millrace-bench'), [
    '--file', stdout.trim(), '--publish', `${streams}`, '--viewers', `${streams}`, '--protocol', 'flv', '--join-rate', '100',
    '--duration', `${3 * seconds}`, '--rtmp-port', `${server.rtmpPort}`, '--http-port', `${server.httpPort}`,
    '--pid', `${server.pid}`, '--expect-lossless', '--json', report,
]);
try {
    await poll(async () => (await active()).length >= streams, 'all to be recorded', 60000);
    let before;
    for (const [text, value] of [['the disk as it is', ''], [`${slow / 1e6} MB/s`, String(slow)], ['as it is again', '']]) {
        writeFileSync(rate, value);
        for (let i = 0; i < 3; i++) {
            await sleep(seconds * 1000 / 3);
            const items = await look(text);
            if (text === 'as it is again' && i === 1)
                before = items;
        }
    }
    const after = await active();
    assert.equal(after.length, streams);
    assert.equal(sum(after, 'gaps'), sum(before, 'gaps'), 'no more gaps once the disk is well');
    assert.ok(after.every(item => item.error === null && item.file !== null), 'all is recorded again');
    assert.ok(after.every(item => item.bytes > before.find(one => one.streamPath === item.streamPath).bytes), 'and grows');
    assert.ok(sum(after, 'gaps') > 0, 'the disk was slow enough to be noticed');

    await bench.finish((seconds + 60) * 1000);
    console.log(bench.stdout);
    say(`the load generator ended with ${bench.exit.code}`);
    const reported = Object.fromEntries(after.map(item => [item.name, item]));
    await poll(() => readdirSync(root, { recursive: true }).every(name => !`${name}`.endsWith('.part')), 'all to be complete', 60000);
    let worst = 0, files = 0;
    for (const [name, { gapMs, gaps }] of Object.entries(reported)) {
        const list = readdirSync(join(root, 'live', name)).sort().map(file => join(root, 'live', name, file));
        files += list.length;
        let holes = 0, found = 0, end;
        for (const file of list) {
            assert.equal(statSync(file).size, metaOf(file).filesize, file);
            const { millraceTime: at, duration } = metaOf(file);
            if (end !== undefined && at - end > 100) {
                holes += at - end;
                found++;
            }
            end = at + duration * 1000;
        }
        assert.equal(found, gaps, `${name}: ${found} holes in the files, ${gaps} gaps reported`);
        worst = Math.max(worst, Math.abs(holes - gapMs));
    }
    say(`${files} files are whole; each gap was reported, to within ${Math.round(worst)} ms of its length`);
    assert.ok(worst < 250);
    for (const name of Object.keys(reported).slice(0, 5))
        for (const file of readdirSync(join(root, 'live', name)))
            readFlv(join(root, 'live', name, file)).assertWhole();
    assert.equal(bench.exit.code, 0, bench.stderr);
    say('all is well');
} finally {
    bench.kill('SIGKILL');
    await server.stop(30000).catch(error => say(`${error}`));
    rmSync(folder, { recursive: true, force: true });
}

function metaOf(file) {
    const start = readFileSync(file).subarray(0, 65536);
    const size = start.readUIntBE(14, 3);
    return scriptOf({ body: start.subarray(24, 24 + size) })[1];
}
