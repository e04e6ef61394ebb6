// server.mjs - a server of its own for a test: on free ports, with its log, ended at the test's end.

import assert from 'node:assert/strict';
import {
    closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup } from './cleanup.mjs';
import { binary, isSanitized } from './env.mjs';
import { Program } from './process.mjs';
import { DEFAULT_WAIT_MS } from './wait.mjs';

const SANITIZER_REPORT = /(ERROR|WARNING): (Address|Leak|Thread)Sanitizer|runtime error:/;

const DEFAULTS = {
    bind: '127.0.0.1',
    workers: 2,
    drain_s: 3,
    'rtmp.port': 0,
    'http.port': 0,
    'log.format': 'json',
    'log.level': 'debug',
    'publish.resume_s': 1,
};

export function settingsToArgs(settings) {
    return Object.entries(settings).filter(([, value]) => value !== undefined).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}

// How often the log is looked at.
const LOG_MS = 10;

// Its standard error is a file, which takes every line: a pipe or a socket that we are too busy to
// read may not, and the server does not wait for it.
export class Server extends Program {
    #logFile;
    #logSize = 0;               // read of it
    #timer;

    constructor(settings = {}, args = [], env = process.env) {
        assert.ok(existsSync(binary), `${binary} does not exist; MILLRACE_BIN names another`);
        const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
        const logFile = openSync(join(folder, 'log'), 'a+');
        super(binary, [...settingsToArgs({ ...DEFAULTS, ...settings }), ...args],
              { stdio: ['ignore', 'ignore', logFile], env });
        rmSync(folder, { recursive: true });
        this.#logFile = logFile;
        this.#timer = setInterval(() => this.#readLog(), LOG_MS);
    }

    #readLog() {
        const room = Buffer.alloc(65536), before = this.#logSize;
        for (;;) {
            const size = readSync(this.#logFile, room, 0, room.length, this.#logSize);
            if (size === 0)
                break;
            this.stderr += room.toString('utf8', 0, size);
            this.#logSize += size;
        }
        if (this.#logSize > before)
            this.changed();
    }

    onEnd() {
        clearInterval(this.#timer);
        this.#readLog();
        closeSync(this.#logFile);
    }

    // The log's lines so far, each an object; a line that is no JSON has only a message.
    get log() {
        return this.stderr.split('\n').slice(0, -1).map(line => {
            try {
                return JSON.parse(line);
            } catch {
                return { message: line };
            }
        });
    }

    // The first log line, from line number `from` on, whose message matches.
    async logged(pattern, { from = 0, ms = DEFAULT_WAIT_MS } = {}) {
        return this.until(() => {
            const line = this.log.slice(from).find(each => pattern.test(each.message));
            if (line === undefined && this.exit !== null)
                throw new Error(`the server ended, ${JSON.stringify(this.exit)}:\n${this.stderr.slice(-4000)}`);
            return line;
        }, () => `${pattern} in the log, which ends:\n${this.stderr.slice(-3000)}`, ms);
    }

    // Until so many lines match.
    async loggedTimes(pattern, count, ms) {
        const found = () => this.log.filter(line => pattern.test(line.message)).length;
        await this.until(() => found() >= count, () => `${count} lines of ${pattern}, not ${found()}`, ms);
    }

    // Until so many viewers have come to the stream, whether it exists or not.
    async viewersCame(path, count, ms) {
        await this.loggedTimes(new RegExp(`start play ${path}$`), count, ms);
    }

    async #port(scheme) {
        const line = await this.logged(new RegExp(`listening on ${scheme}://`));
        return Number(/:(\d+)\D*$/.exec(line.message)[1]);
    }

    async ready({ rtmp = true, http = true } = {}) {
        this.rtmpPort = rtmp ? await this.#port('rtmp') : 0;
        this.httpPort = http ? await this.#port('http') : 0;
        await this.logged(/ is ready/);
        return this;
    }

    // Until both workers have begun.
    async workersRun() {
        await this.logged(/worker 0 runs/);
        await this.logged(/worker 1 runs/);
    }

    rtmpUrl(path) {
        return `rtmp://127.0.0.1:${this.rtmpPort}${path}`;
    }

    httpUrl(path) {
        return `http://127.0.0.1:${this.httpPort}${path}`;
    }

    wsUrl(path) {
        return `ws://127.0.0.1:${this.httpPort}${path}`;
    }

    // Descriptors in use: what a connection leaves behind shows here, once the workers have theirs.
    openFiles() {
        return readdirSync(`/proc/${this.pid}/fd`).length;
    }

    // Bytes of memory in use.
    residentSize() {
        return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) * 1024;
    }

    // Memory has not grown by more than so many bytes since it was `before`.  A sanitizer's has.
    assertGrownLess(before, limit) {
        const grown = this.residentSize() - before;
        assert.ok(isSanitized || grown < limit, `${(grown / 1048576).toFixed(1)} MB more`);
    }

    isRunning() {
        return this.exit === null;
    }

    assertSound() {
        const report = SANITIZER_REPORT.exec(this.stderr);
        assert.ok(!report, `the server has a fault:\n${report && this.stderr.slice(report.index).slice(0, 6000)}`);
    }

    // Asks it to stop, and looks at how it ends.
    async end(ms = 10000) {
        const exit = await this.stop(ms);
        this.assertSound();
        assert.deepEqual(exit, { code: 0, signal: null }, `its log ends:\n${this.stderr.slice(-3000)}`);
    }
}

// Starts a server that ends with the test.  A server that ended in any but the proper way, or
// that a sanitizer has something to say about, fails the test.
export async function startServer(t, settings, options = {}) {
    const server = new Server(settings, options.args, options.env);
    cleanup(t, () => server.end());
    await server.ready(options);
    return server;
}
