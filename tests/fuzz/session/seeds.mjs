// seeds.mjs - scripts for the whole-session fuzzers (script.h) from what real clients send.
//
//     node tests/fuzz/session/seeds.mjs            (MILLRACE_BIN: the server; build/release/millrace)
//
// Each client speaks to a server on this machine through a proxy that keeps its bytes.  They are taken
// apart into messages, frames and chunks, which become steps; large ones are left out.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
process.env.MILLRACE_BIN ??= join(ROOT, 'build/release/millrace');

const { ChunkReader } = await import('../../e2e/lib/rtmp_chunk.mjs');
const { Program, run } = await import('../../e2e/lib/process.mjs');
const { frames, headers } = await import('../../e2e/lib/canned.mjs');
const { RtmpClient, uint32 } = await import('../../e2e/lib/rtmp.mjs');
const { sendTags } = await import('../../e2e/lib/publisher.mjs');
const { makeCertificate, startTlsServer } = await import('../../e2e/lib/tls.mjs');
const { WebSocketPublisher } = await import('../../e2e/lib/flv_publishers.mjs');
const { WebSocketConnection } = await import('../../e2e/lib/websocket.mjs');

const STEP = { OPEN: 0, BYTES: 1, GREET: 2, MESSAGE: 3, FRAME: 4, FRAME2: 5, TAG: 6, PIECE: 7, TURN: 8, WAIT: 9, END: 10 };
const PORT = { rtmp: 0, http: 1, http2: 2 };
const STEPS_MAX = 40, BODY_MAX = 1500;

// Steps.

function step(what, peer, body = Buffer.alloc(0)) {
    const head = Buffer.from([what | peer << 4, body.length & 0xff, body.length >> 8]);
    return Buffer.concat([head, body]);
}

function messageSteps(bytes, peer) {
    const steps = [step(STEP.OPEN, peer, Buffer.from([PORT.rtmp])), step(STEP.GREET, peer)];
    for (const { csid, type, msid, timestamp, body } of new ChunkReader().push(bytes.subarray(1 + 2 * 1536))) {
        const head = Buffer.from([Math.min(csid, 63), type, msid & 255, timestamp >> 16, timestamp >> 8, timestamp]);
        if (body.length < BODY_MAX)
            steps.push(step(STEP.MESSAGE, peer, Buffer.concat([head, body])));
    }
    return steps;
}

// The same as it was sent, in pieces of a usual size.
function rawSteps(bytes, peer, port) {
    const steps = [step(STEP.OPEN, peer, Buffer.from([port]))];
    for (let at = 0; at < Math.min(bytes.length, 8000); at += 1460)
        steps.push(step(STEP.BYTES, peer, bytes.subarray(at, Math.min(at + 1460, 8000))));
    return steps;
}

function frameSteps(bytes, peer) {
    const steps = [];
    for (let at = 0; at + 6 <= bytes.length;) {
        const size = bytes[at + 1] & 127, from = at + (size === 126 ? 4 : 2);
        const length = size === 126 ? bytes.readUInt16BE(at + 2) : size;
        const payload = Buffer.from(bytes.subarray(from + 4, from + 4 + length).map((b, i) => b ^ bytes[from + (i & 3)]));
        if (length < BODY_MAX)
            steps.push(step(STEP.FRAME, peer, Buffer.concat([bytes.subarray(at, at + 1), payload])));
        at = from + 4 + length;
    }
    return steps;
}

function pieceSteps(bytes, peer) {
    const steps = [];
    for (let at = 0; at < bytes.length;) {
        const line = bytes.indexOf('\r\n', at), size = parseInt(bytes.toString('latin1', at, line), 16);
        if (line < 0 || !Number.isFinite(size))
            break;
        if (size < BODY_MAX)
            steps.push(step(STEP.PIECE, peer, bytes.subarray(line + 2, line + 2 + size)));
        at = line + 2 + size + 2;
    }
    return steps;
}

function http1Steps(bytes, peer) {
    const end = bytes.indexOf('\r\n\r\n') + 4, head = bytes.subarray(0, end), text = head.toString('latin1').toLowerCase();
    const rest = bytes.subarray(end);
    const steps = [step(STEP.OPEN, peer, Buffer.from([PORT.http])), step(STEP.BYTES, peer, head)];
    if (text.includes('upgrade: websocket'))
        return [...steps, ...frameSteps(rest, peer)];
    return [...steps, ...(text.includes('chunked') ? pieceSteps(rest, peer) : [step(STEP.BYTES, peer, rest.subarray(0, 8000))])];
}

function http2Steps(bytes, peer) {
    const preface = 24, steps = [step(STEP.OPEN, peer, Buffer.from([PORT.http2])), step(STEP.BYTES, peer, bytes.subarray(0, preface))];
    for (let at = preface; at + 9 <= bytes.length;) {
        const size = bytes.readUIntBE(at, 3), payload = bytes.subarray(at + 9, at + 9 + size);
        const head = Buffer.from([bytes[at + 3], bytes[at + 4], bytes.readUInt32BE(at + 5) & 255]);
        if (size < BODY_MAX)
            steps.push(step(STEP.FRAME2, peer, Buffer.concat([head, payload])));
        at += 9 + size;
    }
    return steps;
}

// Proxies that keep what the client sends.

async function listen(server) {
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    return server.address().port;
}

function record(client, upstream, kept) {
    client.on('data', bytes => kept.push(bytes));
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
}

async function tap(port) {
    const kept = [], server = createTcpServer(client => record(client, connectTcp(port, '127.0.0.1'), kept));
    return { port: await listen(server), bytes: () => Buffer.concat(kept), close: () => server.close() };
}

async function tapTls(port, pair) {
    const kept = [], options = { key: readFileSync(pair.key), cert: readFileSync(pair.cert), ALPNProtocols: ['h2'] };
    const server = createTlsServer(options, client =>
        record(client, connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false }), kept));
    return { port: await listen(server), bytes: () => Buffer.concat(kept), close: () => server.close() };
}

// Clients.

const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];
const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=10', '-f', 'lavfi', '-i', 'sine=sample_rate=22050'];
const CODING = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-b:v', '40k', '-g', '5',
                '-c:a', 'aac', '-b:a', '16k'];
const SECONDS = ['-t', '2'];

async function during(ms, file, args) {
    const program = new Program(file, args);
    await Promise.race([program.exited, new Promise(resolve => setTimeout(resolve, ms))]);
    await program.stop().catch(() => {});
}

// OBS Studio's order of things: names of its own in connect, the stream announced, bare pings unanswered.
async function likeObs(port, name) {
    const client = await RtmpClient.open(null, port);
    client.setChunkSize(4096);
    await client.connect('live', { type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)', swfUrl: 'rtmp://a/live',
                                   capsEx: 0, videoFunction: 0 });
    client.command('releaseStream', [name]);
    client.command('FCPublish', [name]);
    client.msid = await client.createStream();
    await client.publish(name);
    sendTags(client, [...headers(), ...frames({ count: 8, gop: 4, size: 60 })]);
    await client.settled();
    client.command('FCUnpublish', [name]);
    client.command('deleteStream', [client.msid]);
    await client.settled();
    client.close();
}

async function likeAPlayer(port, name) {
    const client = await RtmpClient.ready(null, port);
    await client.play(name);
    client.sendControl(4, Buffer.from([0, 3]), uint32(client.msid), uint32(1000));
    for (const [command, values] of [['receiveAudio', [false]], ['pause', [true, 1000]], ['receiveAudio', [true]],
                                     ['pause', [false, 1000]], ['seek', [0]]])
        client.command(command, values, { msid: client.msid });
    await client.settled();
    client.close();
}

async function overWebSocket(t, port, name) {
    const publisher = await WebSocketPublisher.open(t, { httpPort: port }, `/live/${name}`);
    publisher.begin();
    publisher.sendTags(headers());
    for (const tag of frames({ count: 8, gop: 4, size: 60 }))
        publisher.sendTags([tag]);
    publisher.connection.send(8, Buffer.from([3, 232]));
    await publisher.connection.closeCode();
    publisher.close();
}

async function watchOverWebSocket(t, port, name) {
    const viewer = new WebSocketConnection(t, port);
    viewer.sendUpgrade(`/live/${name}.flv`);
    await viewer.upgraded();
    viewer.send(9, Buffer.from('ping'));
    await viewer.frame(10);
    viewer.send(8, Buffer.from([3, 232]));
    await viewer.closeCode();
    viewer.close();
}

const undo = [];
const t = { after: action => undo.push(action) };
const folder = mkdtempSync(join(tmpdir(), 'millrace-seeds-'));
const pair = await makeCertificate(folder, 'seeds');
const server = await startTlsServer(t, { 'log.level': 'info' }, pair);

async function capture(target, name, makeTap, toSteps, client, before = []) {
    const through = await makeTap();
    await client(through.port);
    const bytes = through.bytes();
    through.close();
    const corpus = join(ROOT, 'tests/fuzz/corpus', `${target}_session`);
    mkdirSync(corpus, { recursive: true });
    const peer = before.length > 0 ? 1 : 0;
    const steps = [...before, ...toSteps(bytes, peer).slice(0, STEPS_MAX)];
    writeFileSync(join(corpus, name), Buffer.concat([Buffer.from([0]), ...steps]));
    console.log(`${target}_session/${name}: ${bytes.length} bytes, ${steps.length} steps`);
    return bytes;
}

const rtmpTap = () => tap(server.rtmpPort), httpTap = () => tap(server.httpPort), tlsTap = () => tapTls(server.httpsPort, pair);
const http = (port, name) => `http://127.0.0.1:${port}/live/${name}.flv`;
const https = (port, name) => `https://127.0.0.1:${port}/live/${name}.flv`;
const rtmp = (port, name) => `rtmp://127.0.0.1:${port}/live/${name}`;

const published = await capture('rtmp', 'ffmpeg_publish', rtmpTap, messageSteps,
    port => run('ffmpeg', [...FFMPEG, ...SOURCE, ...SECONDS, ...CODING, '-f', 'flv', rtmp(port, 'a')]));
const onAir = messageSteps(published, 0).slice(0, 24);
await capture('rtmp', 'ffmpeg_publish_raw', rtmpTap, (bytes, peer) => rawSteps(bytes, peer, PORT.rtmp),
    port => run('ffmpeg', [...FFMPEG, ...SOURCE, ...SECONDS, ...CODING, '-f', 'flv', rtmp(port, 'a')]));
await capture('rtmp', 'gstreamer_publish', rtmpTap, messageSteps, port => run('gst-launch-1.0', [
    '-q', 'videotestsrc', 'num-buffers=10', '!', 'video/x-raw,width=64,height=48,framerate=10/1', '!', 'x264enc', 'tune=zerolatency',
    'bitrate=40', 'key-int-max=5', '!', 'flvmux', 'streamable=true', '!', 'rtmp2sink', `location=${rtmp(port, 'a')}`]));
await capture('rtmp', 'obs_publish', rtmpTap, messageSteps, port => likeObs(port, 'a'));
await capture('http', 'ffmpeg_post', httpTap, http1Steps, port => run('ffmpeg', [
    ...FFMPEG, ...SOURCE, ...SECONDS, ...CODING, '-f', 'flv', '-method', 'POST', http(port, 'a')]));
await capture('http', 'curl_options', httpTap, http1Steps, port => run('curl', ['-s', '-X', 'OPTIONS', http(port, 'a')]));
await capture('http', 'websocket_publish', httpTap, http1Steps, port => overWebSocket(t, port, 'a'));
await capture('http2', 'curl_post', tlsTap, http2Steps, port => run('sh', ['-c',
    `ffmpeg ${FFMPEG.join(' ')} ${SOURCE.join(' ')} ${SECONDS.join(' ')} ${CODING.join(' ')} -f flv - | ` +
    `curl -sk --http2 -X POST -T - ${https(port, 'a')}`]));

// From here on there is something to watch.
const media = new Program('ffmpeg', [...FFMPEG, '-re', ...SOURCE, ...CODING, '-f', 'flv', server.rtmpUrl('/live/a')]);
await server.logged(/start push \/live\/a/, { from: server.log.length });

await capture('rtmp', 'player', rtmpTap, bytes => messageSteps(bytes, 1), port => likeAPlayer(port, 'a'), onAir);
await capture('rtmp', 'rtmpdump_play', rtmpTap, bytes => messageSteps(bytes, 1), port => during(2500, 'rtmpdump',
    ['--quiet', '--live', '--rtmp', rtmp(port, 'a'), '--flv', join(folder, 'dump')]), onAir);
await capture('rtmp', 'ffmpeg_play', rtmpTap, bytes => messageSteps(bytes, 1), port => during(2500, 'ffmpeg',
    [...FFMPEG, '-i', rtmp(port, 'a'), '-c', 'copy', '-f', 'flv', join(folder, 'flv')]), onAir);
await capture('rtmp', 'gstreamer_play', rtmpTap, bytes => messageSteps(bytes, 1), port => during(2500, 'gst-launch-1.0',
    ['-q', 'rtmp2src', `location=${rtmp(port, 'a')}`, '!', 'fakesink']), onAir);
await capture('rtmp', 'rtmpdump_play_raw', rtmpTap, bytes => rawSteps(bytes, 1, PORT.rtmp), port => during(2500, 'rtmpdump',
    ['--quiet', '--live', '--rtmp', rtmp(port, 'a'), '--flv', join(folder, 'dump')]), onAir);

await capture('http', 'curl_play', httpTap, bytes => http1Steps(bytes, 1), port => during(1000, 'curl',
    ['-s', '-o', '/dev/null', http(port, 'a')]), onAir);
await capture('http', 'ffmpeg_play', httpTap, bytes => http1Steps(bytes, 1), port => during(1500, 'ffmpeg',
    [...FFMPEG, '-i', http(port, 'a'), '-c', 'copy', '-f', 'null', '-']), onAir);
await capture('http', 'curl_head', httpTap, bytes => http1Steps(bytes, 1), port => run('curl', ['-sI', http(port, 'a')]), onAir);
await capture('http', 'websocket_play', httpTap, bytes => http1Steps(bytes, 1), port => watchOverWebSocket(t, port, 'a'), onAir);

await capture('http2', 'curl_play', tlsTap, bytes => http2Steps(bytes, 1), port => during(1000, 'curl',
    ['-sk', '--http2', '-o', '/dev/null', https(port, 'a')]), onAir);
await capture('http2', 'nghttp_two', tlsTap, bytes => http2Steps(bytes, 1), port => during(1500, 'nghttp',
    ['-n', '--no-verify-peer', https(port, 'b'), https(port, 'a')]), onAir);

await media.stop().catch(() => {});
for (const action of undo.reverse())
    await action();
rmSync(folder, { recursive: true });
