// slow_viewers.mjs - viewers who cannot keep up, beside those who can.
//
//     node tests/long/slow_viewers.mjs --minutes 10 --viewers 1000 --mbit 8
//
// Of the viewers of one stream 70 % read as fast as they can, over RTMP, HTTP and WebSocket; 10 % read
// nothing, 10 % half of what they are sent, and 10 % all of it for ten seconds and nothing for ten.
// Three more, one over each protocol, go on and off as well, and what they get is decoded.
//
//   - memory is flat, within the bounds of the configuration
//   - those who keep up lose nothing, and have the latency that they have without the others
//   - those who do not go on at a keyframe, with pictures that decode, or are let go
//   - every skip is counted, with its reason

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, BENCH, MEGABYTE, megabytes, readOptions, Record, requirePrograms, ROOT, Scope, sleep, Verdict } from './watch.mjs';

const { minutes, viewers, mbit } = readOptions({ minutes: 10, viewers: 1000, mbit: 8 });
requirePrograms();

const { Program, run } = await import('../e2e/lib/process.mjs');
const { startServer } = await import('../e2e/lib/server.mjs');
const { openViewer, PROTOCOLS } = await import('../e2e/lib/viewers.mjs');
const { isFrame, isKeyframe, isVideo, isSequenceHeader, writeFlv } = await import('../e2e/lib/flv.mjs');

const PATH = '/live/bench0';
const OFF_MS = 10000, WARM_S = 30, JUDGE_S = 20;
const scope = new Scope(), verdict = new Verdict();
const folder = scope.folder();
const seconds = Math.round(minutes * 60), slow = Math.round(viewers / 10), healthy = viewers - 3 * slow;

// A film of so many megabits a second, noise and all, with a keyframe every two seconds.
async function makeFilm() {
    const file = join(folder, 'film.flv'), rate = `${mbit * 1000}k`;
    await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y',
        '-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=20,noise=alls=${10 + 4 * mbit}:allf=t`,
        '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=20',
        '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '0', '-b:v', rate, '-minrate', rate, '-maxrate', rate,
        '-bufsize', rate, '-g', '60', '-keyint_min', '60', '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '128k', '-f', 'flv', file],
              { timeout_ms: 600000 });
    return file;
}

const film = await makeFilm();
const filmRate = readFileSync(film).length / 20;
console.log(`a film of ${(filmRate * 8 / 1e6).toFixed(1)} Mb/s; ${healthy} viewers keep up, ${3 * slow + 3} do not; ${minutes} minutes`);

const settings = { 'log.level': 'info', 'log.format': 'text', 'delivery.lag_ms': 5000, 'delivery.stall_s': 30 };
const server = await startServer(scope, settings);

function load(name, options) {
    const json = join(folder, `${name}.json`);
    const program = new Program(BENCH, ['--rtmp-port', server.rtmpPort, '--http-port', server.httpPort, '--json', json, '--quiet',
                                        '--timeout', 60, ...options].map(String));
    scope.after(() => program.kill('SIGKILL'));
    program.report = async ms => {
        await program.finish(ms);
        return JSON.parse(readFileSync(json, 'utf8'));
    };
    return program;
}

const latencyOf = report => Math.max(...Object.entries(report.groups).filter(([name]) => name !== 'slow')
    .map(([, group]) => group.measured.latency_ms?.p99 ?? 0));
const sumOf = (report, key) => Object.values(report.groups).reduce((sum, group) => sum + group.measured[key], 0);

// First without the slow ones: what the machine can do.
const base = await load('base', ['--file', film, '--viewers', healthy, '--protocol', 'rtmp,flv,ws', '--duration', JUDGE_S])
    .report((JUDGE_S + 120) * 1000);
console.log(`alone: p99 ${latencyOf(base)} ms, server ${base.server?.cores ?? '-'} cores`);

const others = () => ask(server.httpPort, '/api/statistics').then(({ skips, stalls, drops }) => ({ skips, stalls, drops }));
const record = new Record(server, others);
const all = load('healthy', ['--file', film, '--viewers', healthy, '--protocol', 'rtmp,flv,ws', '--duration', seconds + WARM_S, '--expect-lossless']);
await sleep(5000);
const late = ['--no-publish', '--protocol', 'rtmp,flv,ws', '--duration', seconds, '--viewers', slow, '--lead', 0];
// Who is let go comes back: a new process of stalled ones takes the place of the one that ended.
let over = false;
const stalled = (async () => {
    while (!over)
        await load('stalled', [...late.slice(0, 4), 40, ...late.slice(5), '--slow-share', 1, '--slow-rate', 0]).finish(300000).catch(() => {});
})();
const throttled = load('throttled', [...late, '--slow-share', 1, '--slow-rate', Math.round(filmRate / 2)]);
const onOff = load('on-off', [...late, '--timeout', 600]);
const freezer = setInterval(() => {
    onOff.kill('SIGSTOP');
    setTimeout(() => onOff.kill('SIGCONT'), OFF_MS);
}, 2 * OFF_MS);

// The three whose pictures are looked at.
const watched = PROTOCOLS.map(protocol => openViewer(scope, server, protocol, PATH));
const pausing = setInterval(() => {
    watched.forEach(viewer => viewer.pauseReading());
    setTimeout(() => watched.forEach(viewer => viewer.resumeReading()), OFF_MS);
}, 2 * OFF_MS);

await sleep(seconds * 1000);
over = true;
clearInterval(freezer);
clearInterval(pausing);
onOff.kill('SIGCONT');
watched.forEach(viewer => viewer.resumeReading());
await sleep(OFF_MS);

const sessions = (await ask(server.httpPort, `/api/sessions?stream=${encodeURIComponent(PATH)}&role=viewer&pageSize=1000`)).items;
const stream = await ask(server.httpPort, `/api/streams${PATH}`);
const report = await all.report(120000);
record.stop();
record.save('slow_viewers');

// Memory: what there is to keep is the ring of each worker, bounded by lag_ms, lag_bytes and the GOP.
const memory = record.span('rss', WARM_S);
verdict.that(memory.most - memory.least < 48 * MEGABYTE, `memory is flat: ${megabytes(memory.least)} to ${megabytes(memory.most)}`);
const descriptors = record.span('descriptors', WARM_S);
verdict.that(descriptors.most <= viewers + 200, `descriptors: at most ${descriptors.most}`);
verdict.that(record.span('threads', WARM_S).most === record.span('threads', WARM_S).least, `threads: ${record.span('threads', WARM_S).most}`);

// Those who keep up.
verdict.that(report.passed, `${healthy} viewers keep up: ${report.passed ? 'nothing lost, repeated or out of order' : report.why}`);
verdict.that(sumOf(report, 'missing') === 0, `pictures that they miss: ${sumOf(report, 'missing')}`);
const bound = Math.max(3 * latencyOf(base), 150);
verdict.that(latencyOf(report) <= bound, `their latency: p99 ${latencyOf(report)} ms, ${latencyOf(base)} ms without the others`);

// Those who do not.
for (const viewer of watched) {
    const pictures = viewer.tags.filter(tag => isVideo(tag) && isFrame(tag));
    const jumps = pictures.filter((tag, i) => i > 0 && tag.timestamp - pictures[i - 1].timestamp > 200);
    verdict.that(jumps.length > 0 && jumps.every(isKeyframe), `${viewer.name}: ${pictures.length} pictures, ${jumps.length} jumps, all to keyframes`);
    const file = join(folder, `${viewer.protocol}.flv`), first = viewer.tags.findIndex(tag => isSequenceHeader(tag));
    writeFileSync(file, writeFlv(viewer.tags.slice(first)));
    const { stderr } = await run('ffmpeg', ['-nostdin', '-v', 'error', '-i', file, '-map', '0:v', '-f', 'null', '-'], { timeout_ms: 300000 });
    verdict.that(stderr === '', `${viewer.name}: what it got decodes${stderr === '' ? '' : `: ${stderr.slice(0, 300)}`}`);
    const own = sessions.filter(each => each.protocol === { rtmp: 'rtmp', http: 'flv', ws: 'ws' }[viewer.protocol] && each.skips.count === jumps.length);
    verdict.that(own.length > 0, `${viewer.name}: a session with as many skips, ${jumps.length}, is counted`);
}
const { skips, stalls } = stream;
verdict.that(skips.count > 0 && skips.count === skips.lagMs + skips.lagBytes,
             `skips of the stream: ${skips.count}, ${skips.lagMs} for lag_ms and ${skips.lagBytes} for lag_bytes; ${skips.packets} packets`);
verdict.that(stalls >= slow, `let go because they took nothing: ${stalls}`);
verdict.that(server.isRunning(), 'the server runs');

onOff.kill('SIGKILL');
throttled.kill('SIGKILL');
await scope.end();
await Promise.race([stalled, sleep(5000)]);
verdict.end();
process.exit();
