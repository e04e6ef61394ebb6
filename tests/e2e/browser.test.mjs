// browser.test.mjs - mpegts.js in Chromium, over every way a page can play.

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openPage } from './lib/browser.mjs';
import { releaseOnly } from './lib/env.mjs';
import { film, publishArgs, temporaryFolder } from './lib/media.mjs';
import { start } from './lib/process.mjs';
import { startTlsServer } from './lib/tls.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/film';

const PAGE = `<!doctype html><title>player</title><video muted></video><script src="mpegts.js"></script><script>
    const video = document.querySelector('video');
    function play(url) {
        const player = mpegts.createPlayer({ type: 'flv', isLive: true, url });
        player.on(mpegts.Events.ERROR, (...error) => { throw new Error(error.join(' ')); });
        player.attachMediaElement(video);
        player.load();
        return player.play();
    }
    function pixels() {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        const context = canvas.getContext('2d');
        context.drawImage(video, 0, 0);
        return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data).join();
    }
</script>`;

function makePages(t) {
    const folder = temporaryFolder(t);
    const script = createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js');
    copyFileSync(script, join(folder, 'mpegts.js'));
    writeFileSync(join(folder, 'player.html'), PAGE);
    return folder;
}

async function publishForever(t, server) {
    const args = publishArgs(await film('av'), server.rtmpUrl(PATH));
    return start(t, 'ffmpeg', ['-stream_loop', '-1', ...args]);
}

describe('Chromium plays H.264 and AAC', { skip: releaseOnly }, () => {
    for (const [name, page, stream] of [
        ['http-flv', 'httpUrl', 'httpUrl'], ['ws-flv', 'httpUrl', 'wsUrl'],
        ['https', 'httpsUrl', 'httpsUrl'], ['wss', 'httpsUrl', 'wssUrl'],
    ])
        it(`over ${name}`, TEST, async t => {
            const server = await startTlsServer(t, { 'static.root': makePages(t) });
            await publishForever(t, server);
            const tab = await openPage(t, server[page]('/player.html'));
            await tab.evaluate(url => play(url), server[stream](`${PATH}.flv`));
            await tab.waitForFunction(() => video.currentTime > 0.5 && video.videoWidth > 0, null, { timeout: 30000 });
            const [first, time] = await tab.evaluate(() => [pixels(), video.currentTime]);
            await tab.waitForFunction(before => video.currentTime > before + 0.5, time, { timeout: 30000 });
            assert.notEqual(await tab.evaluate(() => pixels()), first, 'the picture moves');
            const seen = await tab.evaluate(() => ({ width: video.videoWidth, sound: video.webkitAudioDecodedByteCount }));
            assert.equal(seen.width, 192);
            assert.ok(seen.sound > 0, 'sound is decoded');
            assert.deepEqual(tab.faults, []);
        });
});
