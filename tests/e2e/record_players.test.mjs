// Other people's players seek in recorded files, each of which has an index of its own: VLC, and mpegts.js in
// Chromium over HTTP.

import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openPage } from './lib/browser.mjs';
import { releaseOnly } from './lib/env.mjs';
import { isFrame, readFlv } from './lib/flv.mjs';
import { asOrdinaryUser, madeOnce, temporaryFolder } from './lib/media.mjs';
import { run } from './lib/process.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { complete, segments } from './lib/recordings.mjs';
import { startServer } from './lib/server.mjs';

const PATH = '/live/film';
const SEGMENT_S = 6;

// 12 s with a keyframe each second, and more bytes a second than a player takes in advance.
const film = () => madeOnce('seek.flv', file => run('ffmpeg', [
    '-nostdin', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=12,noise=alls=80:allf=t',
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=12', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-b:v', '8M', '-pix_fmt', 'yuv420p', '-g', '25', '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-f', 'flv', file,
], { timeout_ms: 60000 }));

const PAGE = `<!doctype html><title>player</title><video muted></video><script src="mpegts.js"></script><script>
    const video = document.querySelector('video');
    let player;
    function play(url) {
        if (player !== undefined)
            player.destroy();
        player = mpegts.createPlayer({ type: 'flv', isLive: false, url },
                                     { lazyLoadMaxDuration: 1, lazyLoadRecoverDuration: 0.5, stashInitialSize: 65536 });
        player.on(mpegts.Events.ERROR, (...error) => { throw new Error(error.join(' ')); });
        player.attachMediaElement(video);
        player.load();
        return player.play();
    }
</script>`;

async function tape(t, settings = {}) {
    const root = temporaryFolder(t);
    const server = await startServer(t, {
        'record.path': root, 'record.segmentDuration': SEGMENT_S, 'publish.resume_s': 0, ...settings,
    });
    const client = await openPublisher(t, server, PATH);
    sendTags(client, readFlv(await film()).tags);
    await client.settled();
    client.finish();
    await complete(root, PATH, 2);
    return { server, list: segments(root, PATH) };
}

// A digest of each decoded picture of a file, in order.
async function pictures(file) {
    const { stdout } = await run('ffmpeg', ['-nostdin', '-v', 'quiet', '-i', file, '-map', '0:v:0', '-f', 'framemd5', '-']);
    return stdout.split('\n').filter(line => /^\d/.test(line)).map(line => line.split(',').at(-1).trim());
}

describe('players seek', { concurrency: true, skip: releaseOnly }, () => {
    test('VLC seeks in each file', async t => {
        const folder = temporaryFolder(t), { list } = await tape(t), out = join(folder, 'out.ts');
        assert.equal(list.length, 2);
        for (const [i, { file, frames }] of list.entries()) {
            const at = 2.5 + i, all = await pictures(file);
            assert.equal(all.length, frames.filter(tag => isFrame(tag) && tag.type === 9).length);
            await run(...asOrdinaryUser('cvlc', ['--quiet', '--no-interact', '--play-and-exit', `--start-time=${at}`,
                                                 `--sout=#std{access=file,mux=ts,dst=${out}}`, file]));
            const [first] = await pictures(out);
            assert.equal(all.indexOf(first), 25 * Math.floor(at), `${file} from ${at} s on`);
            rmSync(out, { force: true });
        }
    });

    test('mpegts.js seeks in each file by its index, with ranges', { timeout: 60000 }, async t => {
        const pages = temporaryFolder(t);
        copyFileSync(createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js'), join(pages, 'mpegts.js'));
        writeFileSync(join(pages, 'player.html'), PAGE);
        const { server, list } = await tape(t, { 'static.root': pages });
        const tab = await openPage(t, server.httpUrl('/player.html'));
        const ranges = [];
        tab.on('request', request => ranges.push(request.headers().range));
        for (const { name, meta } of list) {
            await tab.evaluate(url => play(url), server.httpUrl(`/api/records${PATH}/${name}/download`));
            await tab.waitForFunction(() => video.currentTime > 0.2 && video.readyState >= 2);
            await tab.evaluate(() => { video.currentTime = 4.4; });
            await tab.waitForFunction(() => !video.seeking && video.currentTime > 4.6 && video.readyState >= 2);
            const place = meta.keyframes.filepositions[meta.keyframes.times.findLastIndex(time => time <= 4.4)];
            assert.ok(ranges.some(range => range?.startsWith(`bytes=${place}-`)), `${place} in ${ranges}`);
        }
        assert.deepEqual(tab.faults, []);
    });
});
