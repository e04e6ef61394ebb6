// screenshots_browser.test.mjs - the pictures of docs/images, taken of a server with real streams and
// viewers.  Only when they are asked for, since they take minutes: MILLRACE_SCREENSHOTS=1.

import { mkdirSync, renameSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { launchBrowser, openTab } from './lib/browser.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { root } from './lib/env.mjs';
import { madeOnce, publishArgs, temporaryFolder } from './lib/media.mjs';
import { until, WAIT, waitForState } from './lib/pages.mjs';
import { run, start } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';
import { sleep } from './lib/wait.mjs';

const isWanted = process.env.MILLRACE_SCREENSHOTS === '1';
const MINUTES = Number(process.env.MILLRACE_SCREENSHOT_MINUTES ?? 4);   // of history in the charts
const folder = join(root, 'docs', 'images');

const FILMS = {
    journey: ['mandelbrot=size=1280x720:rate=30:start_scale=0.6:end_scale=0.002:end_pts=900:maxiter=600', 1400, 30],
    bars: ['smptehdbars=size=1280x720:rate=25', 700, 25],
    cells: ['life=size=640x360:mold=12:rate=25:ratio=0.12:death_color=#124a52:life_color=#8ee6ec', 600, 25],
    card: ['testsrc2=size=854x480:rate=25', 800, 25],
};
const STREAMS = [
    ['/live/keynote', 'journey', 34], ['/live/studio-1', 'bars', 12], ['/live/studio-2', 'card', 7], ['/live/backstage', 'cells', 2],
    ['/events/hall-a', 'journey', 9], ['/events/hall-b', 'bars', 5], ['/lab/cells', 'cells', 1], ['/lab/test-card', 'card', 0],
];

function makeFilm(name) {
    const [source, kilobits, rate] = FILMS[name];
    return madeOnce(`screenshot-${name}.flv`, file => run('ffmpeg', [
        '-nostdin', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', source, '-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000', '-t', '30',
        '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', String(2 * rate), '-b:v', `${kilobits}k`,
        '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-f', 'flv', file], { timeout_ms: 240000 }));
}

// Somebody who watches and looks at nothing.
function watch(t, server, path) {
    const request = http.get(server.httpUrl(`${path}.flv`), { agent: false }, answer => answer.resume());
    request.on('error', () => {});
    cleanup(t, () => request.destroy());
    return request;
}

// With a palette of its own a picture of a page takes a quarter of the bytes.
async function shoot(tab, name) {
    const file = join(folder, `${name}.png`), large = join(folder, `${name}.large.png`);
    mkdirSync(folder, { recursive: true });
    await tab.screenshot({ path: large });
    await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', '-i', large, '-vf',
                         'split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=sierra2_4a', `${file}.png`]);
    renameSync(`${file}.png`, file);
    if (statSync(file).size > statSync(large).size)
        renameSync(large, file);
    else
        await run('rm', [large]);
}

describe('screenshots', { skip: !isWanted && 'only with MILLRACE_SCREENSHOTS=1' }, () => {
    it('are made', { timeout: 900000 }, async t => {
        const server = await startServer(t, { 'record.path': temporaryFolder(t), 'record.segmentDuration': 60, 'record.min_free': 0,
                                              'log.level': 'info' });
        for (const name of Object.keys(FILMS))
            await makeFilm(name);
        for (const [path, name] of STREAMS)
            start(t, 'ffmpeg', ['-stream_loop', '-1', ...publishArgs(await makeFilm(name), server.rtmpUrl(path))]);
        const viewers = STREAMS.flatMap(([path, , count]) => Array.from({ length: count }, () => path));
        const end = Date.now() + MINUTES * 60000, wait = MINUTES * 60000 * 0.8 / viewers.length;
        let gone = null;
        for (let i = 0; i < viewers.length; i++) {      // in an order that is not the table's
            gone?.destroy();
            const request = watch(t, server, viewers[i * 37 % viewers.length]);
            gone = i % 9 === 8 ? watch(t, server, viewers[0]) : null;
            request.setNoDelay(true);
            await sleep(wait);
        }
        while (Date.now() < end)
            await sleep(1000);

        const browser = await launchBrowser();
        cleanup(t, () => browser.close());
        const open = (path, colorScheme, viewport = { width: 1440, height: 900 }) =>
            openTab(t, browser, server.httpUrl(path), { viewport, colorScheme });

        const monitor = await open('/monitor.html', 'dark');
        await monitor.locator('.streams-card tr[data-key]').first().waitFor(WAIT);
        await sleep(62000);                             // the lines of the last minute in the table
        await shoot(monitor, 'monitor');
        await monitor.locator('.stream-name a').first().click();
        await monitor.locator('.stream-page tr[data-key]').first().waitFor(WAIT);
        await sleep(3000);
        await shoot(monitor, 'stream');

        const player = await open('/#/live/keynote', 'light');
        await waitForState(player, 'playing');
        for (const button of await player.locator('.preview').all())
            await button.dispatchEvent('click');
        await until(player, 'document.querySelectorAll(".thumb.drawn").length >= 7');
        await player.getByRole('button', { name: 'Signal of this player' }).click();
        await sleep(2500);
        await shoot(player, 'player');

        const recordings = await open('/recordings.html#/live/keynote', 'dark');
        await recordings.locator('tr[data-key]').nth(2).getByRole('button', { name: /Play from/ }).click();
        await waitForState(recordings, 'playing');
        for (let i = 0; i < 3; i++)
            await recordings.getByRole('button', { name: 'Zoom in' }).click();
        await sleep(4000);
        await recordings.evaluate(() => scrollTo(0, 0));
        await shoot(recordings, 'recordings');

        const phone = await open('/#/live/keynote', 'dark', { width: 390, height: 844 });
        await waitForState(phone, 'playing');
        await phone.locator('.preview').last().dispatchEvent('click');
        await sleep(4000);
        await shoot(phone, 'phone');
    });
});
