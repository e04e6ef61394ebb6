// Recordings when things go wrong: the server is killed, the disk is full, gone, or read-only.

import assert from 'node:assert/strict';
import {
    closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanup } from './lib/cleanup.mjs';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { binary } from './lib/env.mjs';
import { isFrame, isVideo, readFlv, writeFlv } from './lib/flv.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { Program, run } from './lib/process.mjs';
import { openPublisher, sendPaced, sendTags } from './lib/publisher.mjs';
import { assertCatalogue, assertSegment, beingWritten, complete, isPart, recorded, segments } from './lib/recordings.mjs';
import { Server, startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const PATH = '/live/taped';
const KILL_ROUNDS = Number(process.env.MILLRACE_KILL_ROUNDS ?? 3);
const LOSS_MS = 1000;
const record = (root, settings = {}) => ({ 'record.path': root, 'record.segmentDuration': 1, 'record.min_free': 0, ...settings });

// A publisher that sends frames at the pace of their time until it is told to stop; sentMs is how far it is.
async function pour(t, server, { size = 400, gop = 10 } = {}) {
    const client = await openPublisher(t, server, PATH);
    const source = { client, sent: [], over: false };
    const tags = frames({ count: 100000, gop, size });
    sendTags(client, headers());
    source.done = sendPaced({
        get closed() { return client.closed; },
        sendTag: tag => { client.sendTag(tag); source.sent.push({ tag, at: Date.now() }); },
    }, tags, { isOver: () => source.over }).catch(() => {});
    source.stop = async () => {
        source.over = true;
        await source.done;
        client.finish();
    };
    return source;
}

const videoNumbers = list => list.flatMap(segment => segment.frames).filter(isVideo).map(numberOf);

function assertConsecutive(numbers) {
    const wrong = numbers.findIndex((number, i) => number !== numbers[0] + i);
    assert.equal(wrong, -1, `frame ${numbers[wrong]} follows ${numbers[wrong - 1]}`);
}

for (let round = 1; round <= KILL_ROUNDS; round++) {
    test(`killed at a random moment, round ${round}: a second at most is lost`, async t => {
        const root = temporaryFolder(t);
        const first = new Server(record(root));
        cleanup(t, () => first.kill('SIGKILL'));
        await first.ready();
        const source = await pour(t, first);
        await beingWritten(root, PATH);
        await sleep(500 + Math.random() * 2500);
        const killedAt = Date.now();
        first.kill('SIGKILL');
        await first.exited;
        source.over = true;
        await source.done;

        const second = await startServer(t, record(root));
        await complete(root, PATH);
        await second.end();
        await assertCatalogue(root, PATH);
        const list = segments(root, PATH);
        list.forEach(segment => assertSegment(segment));
        const numbers = videoNumbers(list);
        assertConsecutive(numbers);
        assert.equal(numbers[0], 0);
        const safe = source.sent.filter(({ tag, at }) => isVideo(tag) && at <= killedAt - LOSS_MS).at(-1);
        if (safe !== undefined)
            assert.ok(numbers.at(-1) >= numberOf(safe.tag),
                      `frame ${numbers.at(-1)} is the last, ${numberOf(safe.tag)} was sent a second before`);
    });
}

// Writes a recording of so many bytes, cut off, under a name as a server gives it.
function leavePart(root, size) {
    const folder = join(root, 'live', 'taped');
    mkdirSync(folder, { recursive: true });
    const part = join(folder, '20260131090507_segment_001.flv.part');
    const group = writeFlv([...headers(), ...frames({ count: 100, gop: 25, size: 20000 })]);
    writeFileSync(part, group);
    const tags = group.subarray(13);
    const fd = openSync(part, 'a');
    for (let written = group.length; written < size; written += tags.length)
        writeFileSync(fd, tags);
    closeSync(fd);
    truncateSync(part, size);
    return part;
}

test('a part of a large file is repaired at start, with progress in the log', async t => {
    const root = temporaryFolder(t);
    leavePart(root, Number(process.env.MILLRACE_PART_SIZE ?? 64 << 20));
    const server = await startServer(t, record(root));
    await complete(root, PATH, 1, 120000);
    await server.logged(/repaired .*segment_001\.flv/);
    const info = await run(binary, ['info', join(root, 'live', 'taped', recorded(root, PATH)[0])], { timeout_ms: 60000 });
    assert.match(info.stdout, /with room for an index/);
});

test('parts that hold nothing, and files of other names, are left or removed, not renamed', async t => {
    const root = temporaryFolder(t);
    const folder = join(root, 'live', 'taped');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'notes.flv.part'), 'FLV');
    writeFileSync(join(folder, '20260131090507_segment_001.flv.part'), 'FLV\x01');
    const server = await startServer(t, record(root));
    await sleep(500);
    assert.ok(existsSync(join(folder, 'notes.flv.part')));
    assert.ok(!recorded(root, PATH).some(name => name.endsWith('.flv')));
    assert.ok(server.isRunning());
});

test('repair and info by hand', async t => {
    const root = temporaryFolder(t);
    const part = leavePart(root, 300001);
    const info = new Program(binary, ['info', part]);
    assert.equal((await info.exited).code, 1, info.stderr);
    assert.match(info.stdout, /H264[^]*AAC[^]*broken/);
    const repair = await run(binary, ['repair', part]);
    assert.match(repair.stdout, /segment_001\.flv: repaired/);
    const file = part.slice(0, -'.part'.length);
    assert.ok(!existsSync(part) && existsSync(file));
    readFlv(file).assertWhole();
    assert.doesNotMatch((await run(binary, ['info', file])).stdout, /broken/);
    const missing = new Program(binary, ['repair', join(root, 'nothing.flv')]);
    assert.equal((await missing.exited).code, 1);
    assert.match(missing.stderr, /No such file/);
    assert.equal((await new Program(binary, ['repair']).exited).code, 2);
});

test('a file that is being written is not repaired by hand', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, { 'record.segmentDuration': 600 }));
    const source = await pour(t, server);
    await beingWritten(root, PATH);
    const part = join(root, 'live', 'taped', recorded(root, PATH)[0]);
    const repair = new Program(binary, ['repair', part]);
    assert.equal((await repair.exited).code, 1);
    assert.match(repair.stderr, /being written/);
    await source.stop();
    await complete(root, PATH);
});

// A viewer misses nothing while the recording does.
async function assertUndisturbed(viewer) {
    const before = viewer.tags.length;
    await viewer.count(before + 20);
    assertConsecutive(viewer.tags.filter(tag => isVideo(tag) && isFrame(tag)).map(numberOf));
}

test('a folder that is deleted costs a gap, and recording goes on in a new one', async t => {
    const root = temporaryFolder(t);
    const server = await startServer(t, record(root, { 'record.segmentDuration': 600 }));
    const source = await pour(t, server);
    const viewer = openViewer(t, server, 'http', PATH);
    await beingWritten(root, PATH);
    rmSync(join(root, 'live'), { recursive: true });
    await server.logged(/recording of \/live\/taped is interrupted: No such file/);
    await server.logged(/recording of \/live\/taped goes on after a gap of \d+ ms/);
    await beingWritten(root, PATH);
    await assertUndisturbed(viewer);
    await sleep(500);
    await source.stop();
    await complete(root, PATH);
    const list = segments(root, PATH);
    list.forEach(segment => assertSegment(segment));
    assertConsecutive(videoNumbers(list));
});

const isRoot = process.getuid() === 0;
async function mountSmall(t, size) {
    const root = temporaryFolder(t);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', root]);
    cleanup(t, () => run('umount', ['-l', root]));
    return root;
}
const canMount = isRoot && await (async () => {
    const probe = new Program('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
    return (await probe.exited).code === 0;
})();
const needsMount = { skip: !canMount && 'needs the right to mount' };

test('a full disk costs a gap; what was written is whole', needsMount, async t => {
    const root = await mountSmall(t, '2m');
    const server = await startServer(t, record(root));
    const ballast = join(root, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1200 << 10));
    const source = await pour(t, server, { size: 8000 });
    const viewer = openViewer(t, server, 'http', PATH);
    await server.logged(/is interrupted: No space left/, { ms: 20000 });
    await assertUndisturbed(viewer);
    unlinkSync(ballast);
    await server.logged(/goes on after a gap/, { ms: 20000 });
    await sleep(1500);
    await source.stop();
    await poll(() => !recorded(root, PATH).some(isPart), 'parts to be repaired', 20000);
    const list = segments(root, PATH);
    list.forEach(segment => assertSegment(segment));
    assert.ok(list.length >= 2);
});

test('recording stops before the disk is full', needsMount, async t => {
    const root = await mountSmall(t, '4m');
    const server = await startServer(t, record(root, { 'record.min_free': 2 << 20, 'record.segmentDuration': 600 }));
    const source = await pour(t, server, { size: 20000 });
    await server.logged(/is interrupted: No space left/, { ms: 20000 });
    await complete(root, PATH);
    await source.stop();
    segments(root, PATH).forEach(segment => assertSegment(segment));
    const folder = join(root, 'live', 'taped');
    const used = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(used < 3.2 * (1 << 20), `${used} bytes`);
});

test('a disk that becomes read-only and writable again', needsMount, async t => {
    const root = await mountSmall(t, '64m');
    const server = await startServer(t, record(root));
    const source = await pour(t, server);
    await beingWritten(root, PATH);
    // A file that is open for writing keeps a mount writable, so a bind mount over it plays the part,
    // made read-only elsewhere, where nothing is opened meanwhile.
    const aside = temporaryFolder(t);
    await run('mount', ['--bind', root, aside]);
    cleanup(t, () => run('umount', ['-l', aside]));
    await run('mount', ['-o', 'remount,ro,bind', aside]);
    await run('mount', ['--bind', aside, root]);
    let bound = true;
    cleanup(t, async () => { if (bound) await run('umount', ['-l', root]); });
    await server.logged(/is interrupted: Read-only file system/, { ms: 20000 });
    await run('umount', ['-l', root]);
    bound = false;
    await server.logged(/goes on after a gap/, { ms: 30000 });
    await sleep(500);
    await source.stop();
    await poll(() => !recorded(root, PATH).some(isPart), 'parts to be repaired', 20000);
    segments(root, PATH).forEach(segment => assertSegment(segment));
});

// A disk that stops answering: a file system of its own, frozen.
async function mountFreezable(t) {
    const folder = temporaryFolder(t), image = join(folder, 'image'), root = join(folder, 'root');
    writeFileSync(image, '');
    truncateSync(image, 64 << 20);
    mkdirSync(root);
    await run('mkfs.ext4', ['-q', image]);
    await run('mount', ['-o', 'loop', image, root]);
    cleanup(t, () => run('umount', ['-l', root]));
    return root;
}
const canFreeze = canMount && await (async () => {
    const probe = new Program('sh', ['-c', 'd=$(mktemp -d) && truncate -s 16M $d/i && mkfs.ext4 -q $d/i && mkdir $d/r &&' +
        ' mount -o loop $d/i $d/r && fsfreeze -f $d/r && fsfreeze -u $d/r; s=$?; umount $d/r; rm -rf $d; exit $s']);
    return (await probe.exited).code === 0;
})();

test('a disk that hangs costs a gap, and holds up neither viewers nor the server',
     { skip: !canFreeze && 'needs the right to freeze a file system' }, async t => {
    const root = await mountFreezable(t);
    const server = await startServer(t, record(root, {
        'record.segmentDuration': 600, 'record.buffer_bytes': 65536, 'delivery.lag_bytes': 65536,
    }));
    const source = await pour(t, server, { size: 4000 });
    const viewer = openViewer(t, server, 'ws', PATH);
    await beingWritten(root, PATH);
    await sleep(1000);
    await run('fsfreeze', ['-f', root]);
    let frozen = true;
    const thaw = async () => { if (frozen) { frozen = false; await run('fsfreeze', ['-u', root]); } };
    cleanup(t, thaw);
    await server.logged(/the disk is too slow, \d+ packets are lost/, { ms: 20000 });
    await assertUndisturbed(viewer);
    assert.ok(server.residentSize() < 400 << 20);
    await thaw();
    await server.logged(/goes on after a gap/, { ms: 20000 });
    await sleep(1000);
    await source.stop();
    await complete(root, PATH, 2);
    segments(root, PATH).forEach(segment => assertSegment(segment));
});

test('old files are deleted, as many as are too many', async t => {
    const root = temporaryFolder(t);
    const outside = join(root, 'live', 'taped', 'precious.flv');
    mkdirSync(join(root, 'live', 'taped'), { recursive: true });
    writeFileSync(outside, Buffer.alloc(1 << 20));
    const server = await startServer(t, record(root, { 'record.keep_stream_bytes': 300000 }));
    const client = await openPublisher(t, server, PATH);
    sendTags(client, [...headers(), ...frames({ count: 500, gop: 25, size: 3000 })]);
    await client.settled();
    client.finish();
    await server.logged(/deleted .*segment_\d+\.flv/, { ms: 30000 });
    const sizeOf = name => statSync(join(root, 'live', 'taped', name), { throwIfNoEntry: false })?.size ?? 0;
    await poll(() => {
        const sizes = recorded(root, PATH).filter(name => /^\d/.test(name)).map(sizeOf);
        return sizes.length > 0 && sizes.reduce((a, b) => a + b, 0) <= 300000;
    }, 'the files to fit', 20000);
    assert.ok(existsSync(outside));
    assert.ok(recorded(root, PATH).filter(name => /^\d/.test(name)).every(name => Number(name.slice(23, 26)) > 10));
});
