// runs.mjs - one run of the load generator or of the raw limit, and what is kept of it.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { launcher, PORTS, startServer, stopServer } from './server.mjs';

export const LOAD_CPU = os.cpus().length - 1;
const TOOLS = 'build/release';

function run(program, args) {
    return new Promise((resolve, reject) => {
        const [first, ...rest] = [...launcher, program, ...args];
        const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
        let out = '', errors = '';
        child.stdout.on('data', data => { out += data; });
        child.stderr.on('data', data => { errors += data; });
        child.on('error', reject);
        child.on('close', code => resolve({ code, out, errors }));
    });
}

// The first group's figures, and the server's.
function summary(report) {
    const group = Object.values(report.groups).find(g => g.measured) ?? { measured: {}, joining: {} };
    const sum = (key, groups = Object.values(report.groups)) =>
        groups.reduce((n, g) => n + g.measured[key] + g.joining[key], 0);
    const first = group.joining.first_from_connect_ms;
    return {
        passed: report.passed, why: report.why, viewers: report.viewers, watching: report.watching,
        starved: report.starved, publishers: report.publishers_live,
        us: report.server?.us_per_viewer_second, userUs: report.server?.user_us_per_viewer_second,
        cores: report.server?.cores, rssBefore: report.server?.rss_before,
        rssWith: report.server?.rss_with_viewers, rssPerViewer: report.server?.rss_per_viewer,
        p50: group.measured.latency_ms?.p50, p99: group.measured.latency_ms?.p99,
        max: group.measured.latency_ms?.max, mbit: group.measured.mbit_per_s,
        missing: sum('missing'), repeated: sum('repeated'), back: sum('time_back'), gaps: sum('time_gaps'),
        pictures: group.measured.pictures, first99: first?.p99, firstMax: first?.max,
        joinS: report.join_s, generator: report.generator.cores, machine: report.machine.cores,
        others: report.machine.cores - report.generator.cores - (report.server?.cores ?? 0),
    };
}

function residentBytes(pid) {
    return Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

// `setup`: server, options (its), viewers, protocol, media, load (options of the generator), cpus,
// loadCpu (null: not pinned).
export async function measure(setup) {
    const running = await startServer(setup.server, setup.options ?? [], setup.cpus ?? '0');
    const json = 'build/bench/last.json';
    fs.rmSync(json, { force: true });
    try {
        const rssIdle = residentBytes(running.pid);
        const args = ['--file', setup.media, '--rtmp-port', PORTS.rtmp, '--http-port', PORTS.http,
                      '--rtmps-port', PORTS.rtmps, '--https-port', PORTS.https, '--pid', running.pid,
                      '--viewers', setup.viewers, '--protocol', setup.protocol, '--quiet', '--json', json,
                      '--join-rate', 1000, '--duration', 8, ...setup.load ?? []];
        if (setup.loadCpu !== null)
            args.push('--cpu', setup.loadCpu ?? LOAD_CPU);
        const { errors, out } = await run(`${TOOLS}/millrace-bench`, args.map(String));
        if (!fs.existsSync(json))
            return { passed: false, why: (errors + out).trim().split('\n').pop() };
        return { ...summary(JSON.parse(fs.readFileSync(json, 'utf8'))), rssIdle, log: running.logFile };
    } finally {
        await stopServer(running);
    }
}

// What the kernel itself takes for the same packets.
export async function measureRaw({ viewers, flush, backend, media, duration = 8 }) {
    const args = ['--file', media, '--viewers', viewers, '--flush', flush, '--duration', duration,
                  '--cpu', 0, '--sink-cpu', LOAD_CPU];
    if (backend === 'io_uring')
        args.push('--uring');
    const { out, errors } = await run(`${TOOLS}/millrace-rawlimit`, args.map(String));
    const match = /: ([\d.]+) us of CPU per viewer-second \(user ([\d.]+)/.exec(out);
    if (!match)
        return { passed: false, why: errors.trim() };
    const late = /late by ([\d.]+) ms/.exec(out), sends = /([\d.]+) sends\/s/.exec(out);
    return { passed: true, why: '', viewers, us: Number(match[1]), userUs: Number(match[2]),
             cores: Number(match[1]) * viewers / 1e6, late: Number(late[1]), sends: Number(sends[1]) };
}

export function median(values) {
    const sorted = values.filter(value => value !== undefined && value !== null).sort((a, b) => a - b);
    const middle = sorted.length / 2;
    if (sorted.length === 0)
        return undefined;
    return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Several runs of the same: the median of each number, and the worst of what should be nothing.
export function combine(results) {
    const good = results.filter(result => result.us !== undefined);
    const out = { ...(good[0] ?? results[0]), runs: results.length };
    for (const key of Object.keys(out))
        if (typeof out[key] === 'number' && key !== 'runs')
            out[key] = median(good.map(result => result[key]));
    for (const key of ['missing', 'repeated', 'back', 'gaps', 'starved'])
        if (out[key] !== undefined)
            out[key] = Math.max(...good.map(result => result[key]));
    out.usAll = good.map(result => Math.round(result.us * 10) / 10);
    out.passed = results.every(result => result.passed);
    out.why = results.find(result => !result.passed)?.why ?? '';
    delete out.log;
    return out;
}
