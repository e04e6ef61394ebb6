// pages.mjs - what tests of the pages look at: pictures, faults of access, figures.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { film, publishArgs } from './media.mjs';
import { start } from './process.mjs';
import { poll } from './wait.mjs';

export const WAIT = { timeout: 30000 };

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// A real film, over and over, until the test ends or the program is stopped.
export async function publishFilm(t, server, path, name = 'av') {
    return start(t, 'ffmpeg', ['-stream_loop', '-1', ...publishArgs(await film(name), server.rtmpUrl(path))]);
}

// How the page is seen: a number that changes with the picture.
const LOOK = `(() => {
    const video = document.querySelector('video'), canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [64, 36];
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 36);
    return context.getImageData(0, 0, 64, 36).data.reduce((sum, value, i) => (sum * 31 + value * (i + 1)) % 2147483647, 7);
})()`;

// Until an expression is true in the page.  (Playwright's own waitForFunction() needs what the pages'
// policy forbids.)
export async function until(tab, expression, what = expression) {
    return poll(() => tab.evaluate(expression), what, WAIT.timeout);
}

// Until the state of the picture is `state`.
export async function waitForState(tab, state, options = WAIT) {
    await tab.waitForSelector(`.stage[data-state="${state}"]`, options);
}

// That the picture moves, and sound is decoded.
export async function assertPlays(tab, { sound = true } = {}) {
    await waitForState(tab, 'playing');
    await until(tab, 'document.querySelector("video").currentTime > 0.3', 'it plays');
    const first = await tab.evaluate(LOOK);
    await until(tab, `${LOOK} !== ${first}`, 'the picture moves');
    if (sound)
        await until(tab, 'document.querySelector("video").webkitAudioDecodedByteCount > 0', 'sound is decoded');
}

// That nothing is wider than the window, and axe finds nothing serious.
export async function assertUsable(tab, what) {
    const [width, room] = await tab.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
    assert.ok(width <= room, `${what}: ${width} pixels wide in a window of ${room}`);
    const violations = await tab.evaluate(`${axeSource};
        axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
            .filter(each => ['serious', 'critical'].includes(each.impact))
            .map(each => each.id + ': ' + each.nodes.slice(0, 5).map(node => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))`);
    assert.deepEqual(violations, [], what);
}

// Bytes of the page's heap in use, and nodes in its documents, when all that nobody has is gone.
export async function memoryOf(tab) {
    const session = await tab.context().newCDPSession(tab);
    await session.send('HeapProfiler.collectGarbage');
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    await session.detach();
    return { usedSize, nodes, jsEventListeners };
}
