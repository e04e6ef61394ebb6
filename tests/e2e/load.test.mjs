// load.test.mjs - many at once, and nothing of them afterwards.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { frames, headers, numberOf } from './lib/canned.mjs';
import { releaseOnly } from './lib/env.mjs';
import { assertMonotonic, isFrame } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, PROTOCOLS } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const COUNT = 50, ROUNDS = 10;

it(`${COUNT} publishers at once, each with its viewer`, { timeout: 120000, skip: releaseOnly }, async t => {
    const server = await startServer(t, { 'publish.resume_s': 0 });
    await server.workersRun();
    const before = server.openFiles();
    const paths = Array.from({ length: COUNT }, (_, i) => `/live/stream${i}`);
    const viewers = paths.map((path, i) => openViewer(t, server, PROTOCOLS[i % 3], path));
    const publishers = await Promise.all(paths.map(path => openPublisher(t, server, path)));
    for (const publisher of publishers)
        sendTags(publisher, headers());
    for (let round = 0; round < ROUNDS; round++)
        for (const publisher of publishers)
            sendTags(publisher, frames({ count: 25, gop: 25, first: round * 25, start_ms: round * 1000 }));
    for (const viewer of viewers) {
        await viewer.count(3 + 50 * ROUNDS, 30000);
        assert.deepEqual(viewer.tags.filter(isFrame).map(numberOf),
                         Array.from({ length: 50 * ROUNDS }, (_, i) => i >> 1), viewer.name);
        assertMonotonic(viewer.tags, viewer.name);
    }
    for (const publisher of publishers)
        publisher.close();
    for (const viewer of viewers) {
        await viewer.ended();
        viewer.close();
    }
    await poll(() => server.openFiles() <= before, () => `${before} descriptors, not ${server.openFiles()}`);
    await server.loggedTimes(/stop (push|play) /, 2 * COUNT);
});
