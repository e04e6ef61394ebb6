// server.mjs - the servers that can be measured: bench/servers/NAME describes each.
//
// A description has lines "key: value".  Needed: title, protocols (of rtmp, flv, ws) and start, the
// command; there may be setup, run once before, and version.  In commands and in the file
// bench/servers/NAME.conf, {rtmp} and {http} are the ports, {dir} is a folder of its own, and {conf} is
// that file, filled in.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const PORTS = { rtmp: 19350, http: 18000, rtmps: 19351, https: 18443 };
// Before each program: with --realtime, chrt and its options.
export const launcher = [];

const READY_MS = 15000, STOP_MS = 20000;

export function listServers() {
    return fs.readdirSync('bench/servers').filter(name => !name.includes('.')).sort();
}

export function readServer(name) {
    const server = { name, options: '' };
    for (const line of fs.readFileSync(`bench/servers/${name}`, 'utf8').split('\n')) {
        const match = /^(\w+): *(.*)$/.exec(line);
        if (match)
            server[match[1]] = match[2];
    }
    for (const key of ['title', 'protocols', 'start'])
        if (!server[key])
            throw new Error(`bench/servers/${name} has no line "${key}: ..."`);
    server.protocols = server.protocols.split(/[ ,]+/);
    return server;
}

function words(command) {
    return command.split(/ +/).filter(word => word !== '');
}

export function setUp(server) {
    if (server.setup) {
        const [program, ...args] = words(server.setup);
        execFileSync(program, args, { stdio: ['ignore', 2, 2] });
    }
    const [program, ...args] = words(server.version ?? `${words(server.start)[0]} --version`);
    const told = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', program, ...args], { encoding: 'utf8' });
    server.version = /\d+(\.\d+)+/.exec(told)?.[0] ?? '';
}

function fill(text, places) {
    return text.replaceAll(/\{(\w+)\}/g, (whole, key) => places[key] ?? whole);
}

function prepareFiles(server) {
    const dir = path.resolve('build/bench/run', server.name), conf = `${dir}/conf`;
    const places = { ...PORTS, dir, conf };
    fs.rmSync(dir, { recursive: true, force: true });
    fs.mkdirSync(dir, { recursive: true });
    if (fs.existsSync(`bench/servers/${server.name}.conf`))
        fs.writeFileSync(conf, fill(fs.readFileSync(`bench/servers/${server.name}.conf`, 'utf8'), places));
    return places;
}

function answers(port) {
    return new Promise(resolve => {
        const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

async function until(condition, ms, what) {
    for (const end = Date.now() + ms; !await condition(); await sleep(50))
        if (Date.now() > end)
            throw new Error(what);
}

function gone(child) {
    return child.exitCode !== null || child.signalCode !== null;
}

// A fresh process each time, so that memory is comparable.  `cpus` as taskset has it.
export async function startServer(server, options = [], cpus = '0') {
    const places = prepareFiles(server);
    const [program, ...args] = [...words(fill(server.start, places)), ...options];
    const log = fs.openSync(`${places.dir}/log`, 'w');
    if (await answers(PORTS.rtmp))
        throw new Error(`something listens on port ${PORTS.rtmp} already`);
    const [first, ...rest] = [...launcher, 'taskset', '-c', cpus, program, ...args];
    const child = spawn(first, rest, { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    await until(async () => gone(child) || await answers(PORTS.rtmp), READY_MS, `${server.name} does not start`);
    if (gone(child))
        throw new Error(`${server.name} has ended: see ${places.dir}/log`);
    return { child, pid: child.pid, logFile: `${places.dir}/log` };
}

export async function stopServer(running) {
    running.child.kill('SIGTERM');
    try {
        await until(() => gone(running.child), STOP_MS, 'it does not stop');
    } catch {
        running.child.kill('SIGKILL');
        await until(() => gone(running.child), STOP_MS, 'it cannot be killed');
    }
}
