// Many viewers: measured by the load generator, which stamps each picture and counts what arrives.

import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { releaseOnly, root } from './lib/env.mjs';
import { Program, run } from './lib/process.mjs';
import { film } from './lib/media.mjs';
import { startServer } from './lib/server.mjs';

const bench = process.env.MILLRACE_BENCH ?? join(root, 'build', 'release', 'millrace-bench');
const LIMIT_MS = 120000;

// Loads the server; its figures, after a run in which nothing was lost, repeated or out of order.
async function load(server, args) {
    assert.ok(existsSync(bench), `${bench} does not exist; MILLRACE_BENCH names another`);
    const program = new Program(bench, ['--rtmp-port', server.rtmpPort, '--http-port', server.httpPort,
                                        '--pid', server.child.pid, '--quiet', '--expect-lossless', '--json', '-', ...args]
                                       .map(String));
    const { code } = await program.exited;
    const figures = JSON.parse(program.stdout);
    assert.equal(code, 0, `${figures.why}\n${program.stderr}`);
    assert.equal(figures.watching, figures.viewers);
    return figures;
}

async function highDefinition() {
    await run(join(root, 'bench', 'make-media'), [], { timeout_ms: 90000 });
    return join(root, 'build', 'bench-media', '720p30.flv');
}

describe('many viewers', { skip: releaseOnly, timeout: LIMIT_MS }, () => {
    // auto is io_uring, but where the kernel forbids it.
    for (const backend of ['auto', 'sendmsg'])
        it(`300 of a 2 Mb/s stream lose nothing, at less than 4 kB of memory each (${backend})`, async t => {
            const server = await startServer(t, { 'log.level': 'info', 'delivery.backend': backend });
            const figures = await load(server, ['--file', await highDefinition(), '--viewers', 300, '--protocol', 'rtmp,flv,ws',
                                                '--join-rate', 300, '--duration', 3]);
            // 2 kB on a quiet machine; one that is behind has more of the stream in memory.
            assert.ok(figures.server.rss_per_viewer < 4000, `${figures.server.rss_per_viewer} bytes a viewer`);
        });

    it('2,000 of one stream on two workers lose nothing', async t => {
        const server = await startServer(t, { workers: 2, 'log.level': 'info' });
        await load(server, ['--file', await film('av'), '--viewers', 2000, '--protocol', 'rtmp,flv,ws', '--join-rate', 1000,
                            '--duration', 8]);
    });

    it('see the first picture within some milliseconds of asking for it', async t => {
        const server = await startServer(t, { 'log.level': 'info' });
        const { groups } = await load(server, ['--file', await highDefinition(), '--viewers', 90, '--join-rate', 30,
                                               '--protocol', 'rtmp,flv,ws', '--duration', 1]);
        for (const [protocol, { joining }] of Object.entries(groups))
            assert.ok(joining.first_from_play_ms.p50 < 20, `${protocol}: ${JSON.stringify(joining.first_from_play_ms)}`);
    });
});
