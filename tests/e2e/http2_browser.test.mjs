// http2_browser.test.mjs - a page with more players than a browser opens connections over HTTP/1.

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
const COUNT = 8;                // browsers open six connections to a server over HTTP/1

const PAGE = `<!doctype html><title>players</title><script src="mpegts.js"></script><script>
    function play(url) {
        const video = document.body.appendChild(document.createElement('video'));
        video.muted = true;
        const player = mpegts.createPlayer({ type: 'flv', isLive: true, url });
        player.on(mpegts.Events.ERROR, (...error) => { throw new Error(error.join(' ')); });
        player.attachMediaElement(video);
        player.load();
        player.play();
    }
    const times = () => Array.from(document.querySelectorAll('video'), video => video.currentTime);
</script><body>`;

function makePages(t) {
    const folder = temporaryFolder(t);
    const script = createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js');
    copyFileSync(script, join(folder, 'mpegts.js'));
    writeFileSync(join(folder, 'players.html'), PAGE);
    return folder;
}

describe(`Chromium plays ${COUNT} streams on one page`, { skip: releaseOnly }, () => {
    for (const protocol of ['https', 'wss'])
        it(`over ${protocol}`, TEST, async t => {
            const server = await startTlsServer(t, { 'static.root': makePages(t) });
            start(t, 'ffmpeg', ['-stream_loop', '-1', ...publishArgs(await film('av'), server.rtmpUrl(PATH))]);
            await server.workersRun();
            const before = server.openFiles();
            const tab = await openPage(t, server.httpsUrl('/players.html'));
            const urls = Array.from({ length: COUNT }, (_, i) => `${server[`${protocol}Url`](`${PATH}.flv`)}?player=${i}`);
            await tab.evaluate(all => all.forEach(play), urls);
            await tab.waitForFunction(count => times().length === count && times().every(time => time > 1), COUNT,
                                      { timeout: 40000 });
            assert.deepEqual(tab.faults, []);
            const over = await tab.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);
            assert.equal(over, 'h2');
            await server.viewersCame('/live/film', COUNT);
            const files = server.openFiles() - before;
            assert.ok(files < COUNT, `${files} more descriptors: the players do not share a connection`);
        });
});
