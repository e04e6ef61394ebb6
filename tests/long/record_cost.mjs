// record_cost.mjs - what recording costs: CPU and memory of a server to which streams are published, not recorded
// and recorded.  By hand, on a machine that does nothing else:
//
//     node tests/long/record_cost.mjs [STREAMS [SECONDS]]        200 30

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root as source } from '../e2e/lib/env.mjs';
import { Program, run } from '../e2e/lib/process.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { sleep } from '../e2e/lib/wait.mjs';

const [streams = 200, seconds = 30] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(process.env.MILLRACE_LONG_FOLDER ?? tmpdir(), 'millrace-cost-'));
const { stdout } = await run(join(source, 'bench/make-media'), [], { timeout_ms: 120000 });
const HZ = 100;

// Seconds of CPU so far: in the program, in the kernel.
function cpuOf(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return [fields[11] / HZ, fields[12] / HZ];
}

async function measure(what, settings) {
    const server = new Server({ workers: 1, 'log.level': 'info', ...settings });
    await server.ready();
    const bench = new Program(join(source, 'build/release/millrace-bench'), [
        '--file', stdout.trim(), '--publish', `${streams}`, '--duration', `${seconds + 20}`, '--viewers', '1', '--protocol', 'flv',
        '--rtmp-port', `${server.rtmpPort}`, '--http-port', `${server.httpPort}`,
    ]);
    await sleep(15000);
    const before = cpuOf(server.pid), at = Date.now();
    await sleep(seconds * 1000);
    const after = cpuOf(server.pid), took = (Date.now() - at) / 1000;
    const [user, system] = [0, 1].map(i => (after[i] - before[i]) / took * 100);
    const memory = server.residentSize() / 2 ** 20;
    console.log(`${what}: ${(user + system).toFixed(1)} % of a core (${user.toFixed(1)} user, ${system.toFixed(1)} system), ` +
                `${memory.toFixed(0)} MB`);
    bench.kill('SIGKILL');
    await server.stop(30000);
    return [user + system, memory];
}

try {
    const [idle, small] = await measure('not recorded', {});
    const [busy, large] = await measure('recorded', {
        'record.path': join(folder, 'records'), 'record.segmentDuration': 10, 'record.min_free': 0,
    });
    console.log(`each recording: ${((busy - idle) / streams).toFixed(3)} % of a core, ${((large - small) * 1024 / streams).toFixed(0)} kB`);
} finally {
    rmSync(folder, { recursive: true, force: true });
}
