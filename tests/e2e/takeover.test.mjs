// takeover.test.mjs - a stream that has a publisher, and another who wants to be; and publishing
// under a secret name.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { audioTag, frames, headers, numberOf, videoTag } from './lib/canned.mjs';
import { patience } from './lib/env.mjs';
import { openFlvPublisher } from './lib/flv_publishers.mjs';
import { HttpConnection } from './lib/http.mjs';
import { assertMonotonic, isFrame, isKeyframe, isScript, isSequenceHeader, isVideo, readFlv, writeFlv, writeTag } from './lib/flv.mjs';
import { film, publishArgs, temporaryFolder } from './lib/media.mjs';
import { run, start } from './lib/process.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { RtmpClient, isStatus } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openAudience, openViewer, openViewers } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

const soundOf = viewer => viewer.tags.filter(tag => isFrame(tag) && !isVideo(tag)).map(numberOf);
const sound = (viewer, number) =>
    viewer.tag(tag => isFrame(tag) && !isVideo(tag) && numberOf(tag) === number, `sound ${number}`);

async function assertRefused(t, server, name, code = 'NetStream.Publish.BadName') {
    const client = await RtmpClient.ready(t, server.rtmpPort);
    client.command('publish', [name, 'live'], { msid: client.msid });
    const { values } = await client.status(code);
    await client.waitClosed();
    assert.ok(!client.received.some(isStatus('NetStream.Publish.Start')));
    return values[3].description;
}

describe('publish.takeover', { concurrency: 4 }, () => {
    it('replace: viewers of every protocol go on with the newcomer', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'replace', 'publish.resume_s': 0 });
        let publisher = await publish(t, server, PATH, frames({ count: 10, gop: 100, start_ms: 9000 }));
        const viewers = openViewers(t, server, PATH);
        await Promise.all(viewers.map(viewer => sound(viewer, 9)));
        for (let round = 1; round <= 5; round++) { // from either worker
            const next = await openPublisher(t, server, PATH);
            await publisher.waitClosed();
            sendTags(next, [...headers(), ...frames({ count: 10, gop: 100, first: 10 * round })]);
            await next.settled();
            publisher = next;
        }
        for (const viewer of viewers) {
            await sound(viewer, 59);
            assert.deepEqual(soundOf(viewer), Array.from({ length: 60 }, (_, i) => i), viewer.name);
            assertMonotonic(viewer.tags);
            assert.ok(!viewer.closed, viewer.name);
        }
    });

    it('a hundred times in a row, and nothing is left behind', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'replace', 'publish.resume_s': 0, 'limits.streams': 2 });
        await server.workersRun();
        await publish(t, server, '/live/warm', frames({ count: 1 })); // what is opened once is open now
        const files = server.openFiles(), memory = server.residentSize();
        let last;
        for (let i = 0; i < 100; i++)
            last = await publish(t, server, PATH, frames({ count: 2 }));
        const pushes = kind => server.log.filter(line => line.message.includes(`${kind} push ${PATH}`)).length;
        await server.until(() => pushes('stop') === 99, () => `99 ends, not ${pushes('stop')}`);
        assert.equal(pushes('start'), 100);
        last.close();
        await poll(() => server.openFiles() <= files, () => `${server.openFiles()} descriptors, not ${files}`);
        server.assertGrownLess(memory, 4 << 20);
        await openPublisher(t, server, '/live/another'); // the place of the stream is free
    });

    it('replace_if_stalled: only who has sent nothing for publish.stalled_s', TEST, async t => {
        const server = await startServer(t, { 'publish.stalled_s': 2 });
        const first = await publish(t, server, PATH, frames({ count: 10 }));
        assert.match(await assertRefused(t, server, 'stream'), /already publishing/);
        first.sendTag(audioTag(10, 400));
        await first.settled();
        const since = Date.now();
        while (!first.closed) {
            const next = await RtmpClient.ready(t, server.rtmpPort);
            next.command('publish', ['stream', 'live'], { msid: next.msid });
            await next.message(message => isStatus('NetStream.Publish.BadName')(message) ||
                                          isStatus('NetStream.Publish.Start')(message), 'an answer');
            if (next.received.some(isStatus('NetStream.Publish.Start')))
                await first.waitClosed();
        }
        assert.ok(Date.now() - since > 1500, `after ${Date.now() - since} ms`);
    });

    it('reject: nobody yields, however silent', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'reject', 'publish.stalled_s': 1 });
        const first = await publish(t, server, PATH, frames({ count: 10 }));
        for (const end = Date.now() + 2500; Date.now() < end;)
            await assertRefused(t, server, 'stream');
        first.sendTag(audioTag(10, 400));
        await first.settled();
    });

    it('an app has its own', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'reject', 'apps.other.publish.takeover': 'replace' });
        await openPublisher(t, server, '/live/stream');
        await assertRefused(t, server, 'stream');
        const before = await openPublisher(t, server, '/other/stream');
        await openPublisher(t, server, '/other/stream');
        await before.waitClosed();
    });
});

describe('a publisher over HTTP or WebSocket that is cut off inside a tag', { concurrency: 2 }, () => {
    for (const protocol of ['http', 'ws'])
        it(`${protocol}: viewers get whole tags, and the next publisher`, TEST, async t => {
            const server = await startServer(t, { 'publish.resume_s': 20 }), tags = [...headers(), ...frames({ count: 20 })];
            const viewers = await openAudience(t, server, PATH);
            const first = await openFlvPublisher(t, server, protocol, PATH);
            first.sendTags(tags);
            first.send(writeTag(videoTag(99, 800, { size: 50000 })).subarray(0, 30000));
            await Promise.all(viewers.map(viewer => viewer.count(tags.length)));
            first.connection.socket.resetAndDestroy();
            await server.logged(/stop push/);
            const second = await openFlvPublisher(t, server, protocol, PATH);
            second.sendTags([...headers(), ...frames({ count: 5, first: 100 })]);
            for (const viewer of viewers) {
                await sound(viewer, 104);
                assert.deepEqual(soundOf(viewer), [...Array(20).keys(), 100, 101, 102, 103, 104], viewer.name);
                assertMonotonic(viewer.tags, viewer.name);
            }
            second.close();
        });
});

describe('a backup', { concurrency: 4 }, () => {
    const settings = { 'publish.standby_after_ms': 500, 'publish.standby_return_s': 1, 'publish.resume_s': 0 };
    const BACKUP = 1000; // the backup's frames count from here
    const group = (first, size) => frames({ count: 10, gop: 5, first, start_ms: first * 40, size });

    // Sends groups of ten frames, numbered on from `first`, until told to stop.
    function keepSending(client, first, size = () => 200) {
        sendTags(client, headers());
        const timer = setInterval(() => {
            if (client.closed)
                clearInterval(timer);
            else
                sendTags(client, group(first, size()));
            first += 10;
        }, 100);
        return () => clearInterval(timer);
    }

    const until = (viewer, from, want) =>
        viewer.tag((tag, i) => i >= from && isFrame(tag) && (numberOf(tag) >= BACKUP) === (want === 'backup'), want);

    it('takes over when the main publisher goes, and gives back when it has been well', TEST, async t => {
        const server = await startServer(t, settings);
        const viewers = openViewers(t, server, PATH);
        let main = await openPublisher(t, server, PATH);
        const backup = await openPublisher(t, server, `${PATH}?backup=1`);
        t.after(keepSending(backup, BACKUP));
        keepSending(main, 0);
        for (let round = 0; round < 2; round++) {
            let from = viewers.map(viewer => viewer.tags.length);
            await Promise.all(viewers.map((viewer, i) => until(viewer, from[i], 'main')));
            if (round === 0)
                main.close();
            else
                main.socket.pause(), main.stop(); // connected, and silent
            from = viewers.map(viewer => viewer.tags.length);
            await Promise.all(viewers.map((viewer, i) => until(viewer, from[i], 'backup')));
            if (round === 1)
                break;
            main = await openPublisher(t, server, PATH);
            main.stop = keepSending(main, 500);
        }
        for (const viewer of viewers) {
            assertMonotonic(viewer.tags);
            assert.ok(viewer.isConnected(), viewer.name);
        }
    });

    it('takes over when the main publisher\'s bitrate falls, and gives back when it has risen', TEST, async t => {
        const server = await startServer(t, { ...settings, 'publish.standby_after_ms': 60000,
                                              'apps.live.publish.standby_min_bitrate': 400000 });
        const viewers = openViewers(t, server, PATH);
        const main = await openPublisher(t, server, PATH);
        const backup = await openPublisher(t, server, `${PATH}?backup=1`);
        let size = 1000; // ten frames in a tenth of a second: 0.8 Mb/s and a little for the sound
        t.after(keepSending(main, 0, () => size));
        t.after(keepSending(backup, BACKUP, () => 1000));
        await Promise.all(viewers.map(viewer => until(viewer, 0, 'main')));
        for (const [bytes, who, why] of [[60, 'backup', 'bitrate has fallen'], [1000, 'main', 'well for a while']]) {
            const from = viewers.map(viewer => viewer.tags.length);
            size = bytes;
            await Promise.all(viewers.map((viewer, i) => until(viewer, from[i], who)));
            await server.logged(new RegExp(`the ${who} publisher is on the air: .*${why}`));
        }
        viewers.forEach(viewer => assertMonotonic(viewer.tags));
        assert.equal(server.log.filter(line => /is on the air/.test(line.message)).length, 2);
    });

    // ffmpeg joins what two encoders made, of other sizes and sound, and finds nothing to complain about.
    it('has every picture decodable, from one group to the next', TEST, async t => {
        const server = await startServer(t, settings), folder = temporaryFolder(t);
        const url = server.rtmpUrl(PATH), witness = openViewer(t, server, 'ws', PATH);
        await server.viewersCame(PATH, 1);
        const args = publishArgs(await film('av'), url);
        const main = start(t, 'ffmpeg', ['-stream_loop', '-1', ...args]);
        await witness.tag(isKeyframe);
        start(t, 'ffmpeg', ['-stream_loop', '-1', ...publishArgs(await film('small'), `${url}?backup=1`)]);
        await server.logged(/the backup publisher stands by/);
        await witness.until(() => witness.tags.filter(isKeyframe).length > 1, 'two groups');
        main.kill('SIGKILL');
        await server.logged(/the backup publisher is on the air: the other has gone/);
        const [before, after] = await witness.until(() => {
            const video = witness.tags.filter(isVideo), at = video.findLastIndex(isSequenceHeader);
            return video.length > at + 30 && video.filter(isSequenceHeader).length === 2 && [video[at - 1], video[at + 1]];
        }, 'a second of the backup');
        assert.ok(isKeyframe(after));
        assert.ok(after.timestamp - before.timestamp <= 40, `a gap of ${after.timestamp - before.timestamp} ms`);
        const gone = server.log.findIndex(line => /stop push/.test(line.message));
        const lines = server.log.slice(gone).filter(line => /stop push|on the air/.test(line.message));
        const wait = new Date(lines[1].time) - new Date(lines[0].time);
        assert.ok(wait <= 1000 * patience + 250, `${wait} ms: longer than a group`); // of 25 frames
        const file = join(folder, 'seen.flv');
        writeFileSync(file, writeFlv(witness.tags.filter(tag => !isScript(tag)))); // later metadata ends FFmpeg 5's ffprobe
        const { stdout, stderr } = await run('ffprobe', ['-v', 'error', '-err_detect', 'explode', '-count_frames', '-select_streams',
                                                         'v', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file]);
        assert.equal(stderr, '');
        assert.equal(Number.parseInt(stdout), readFlv(file).tags.filter(tag => isVideo(tag) && isFrame(tag)).length);
    });
});

describe('publish.keys', { concurrency: 4 }, () => {
    const KEY = 'k3y-Zz91';
    const keys = JSON.stringify([{ key: KEY, stream: 'live/show' }, { key: 'old-k3y', stream: 'live/show', expires: 1000 }]);

    it('a key publishes the stream it stands for, and only it does', TEST, async t => {
        const server = await startServer(t, { 'publish.keys': keys, 'auth.publish': true, 'auth.secret': 'x1y2' });
        const publisher = await openPublisher(t, server, `/live/${KEY}`);
        sendTags(publisher, [...headers(), ...frames({ count: 10 })]);
        for (const viewer of openViewers(t, server, '/live/show'))
            await sound(viewer, 9);
        assert.match(await assertRefused(t, server, 'show', 'NetStream.Publish.Unauthorized'), /key/);
        assert.match(await assertRefused(t, server, 'old-k3y', 'NetStream.Publish.Unauthorized'), /expired/);
        assert.match(await assertRefused(t, server, KEY), /already publishing/);
    });

    it('is not told from a wrong one to who is shut out by its address', TEST, async t => {
        const server = await startServer(t, { 'publish.keys': keys, 'publish.deny': '["127.0.0.0/8"]' });
        const told = new Set();
        for (const name of [KEY, 'old-k3y', 'no-key', 'show'])
            told.add(await assertRefused(t, server, name, 'NetStream.Publish.Unauthorized'));
        assert.deepEqual([...told], ['not allowed from this address']);
        assert.ok(!server.stderr.includes(KEY) && !server.stderr.includes('old-k3y'), server.stderr);
    });

    it('is told to nobody', TEST, async t => {
        const server = await startServer(t, { 'publish.keys': keys });
        const publisher = await publish(t, server, `/live/${KEY}`, frames({ count: 10 }));
        await assertRefused(t, server, 'old-k3y', 'NetStream.Publish.Unauthorized');
        await assertRefused(t, server, KEY);
        const connection = new HttpConnection(t, server.httpPort);
        connection.request(`POST /live/${KEY}.flv HTTP/1.1`, { 'Content-Length': 100 });
        assert.equal((await connection.response()).status, 409);
        publisher.close();
        await server.logged(/stop push/);
        assert.ok(!server.stderr.includes(KEY) && !server.stderr.includes('old-k3y'), server.stderr);
    });
});
