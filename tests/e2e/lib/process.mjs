// process.mjs - other programs: started with a time limit, always ended, by their id.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cleanup } from './cleanup.mjs';
import { Watchable, within } from './wait.mjs';

const OUTPUT_MAX = 4 << 20;
const running = new Set();

// When a test run is cut off, nothing that it started stays.
process.on('exit', () => running.forEach(program => program.kill('SIGKILL')));

export class Program extends Watchable {
    stdout = '';
    stderr = '';
    exit = null;                // { code, signal }
    told = false;               // to end

    constructor(file, args, options = {}) {
        super();
        this.name = file.split('/').pop();
        this.child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        running.add(this);
        this.exited = new Promise(resolve => {
            this.child.on('error', error => {
                this.stderr += `${error}\n`;
                this.#ended(resolve, { code: -1, signal: null });
            });
            this.child.on('close', (code, signal) => this.#ended(resolve, { code, signal }));
        });
        for (const name of ['stdout', 'stderr'])
            this.child[name]?.setEncoding('utf8').on('data', text => {
                this[name] = (this[name] + text).slice(-OUTPUT_MAX);
                this.changed();
            });
    }

    // For who gets to its output in other ways: the last chance to.
    onEnd() {
    }

    #ended(resolve, exit) {
        if (this.exit !== null)
            return;
        this.onEnd();
        this.exit = exit;
        running.delete(this);
        resolve(this.exit);
        this.changed();
    }

    get pid() {
        return this.child.pid;
    }

    kill(signal = 'SIGTERM') {
        this.told ||= signal === 'SIGTERM' || signal === 'SIGINT';
        if (this.exit === null && this.pid !== undefined)
            this.child.kill(signal);
    }

    // Ends it, if it has not ended by itself.  Who is told twice may leave in a hurry.
    async stop(ms = 3000) {
        if (!this.told)
            this.kill('SIGTERM');
        try {
            return await within(ms, this.exited, `${this.name} after SIGTERM`);
        } catch (error) {
            this.kill('SIGKILL');
            await this.exited;
            throw error;
        }
    }

    async finish(ms) {
        return within(ms, this.exited, () => `the end of ${this.name}, which said ${this.stderr.slice(-2000)}`);
    }
}

// A program that the test ends with, if it does not end before.
export function start(t, file, args, options) {
    const program = new Program(file, args, options);
    cleanup(t, () => program.stop().catch(() => {}));
    return program;
}

// Runs it to its end; any exit code but `code` (unless that is null) is an error.
export async function run(file, args, { timeout_ms = 20000, code = 0, ...options } = {}) {
    const program = new Program(file, args, options);
    try {
        await program.finish(timeout_ms);
    } finally {
        program.kill('SIGKILL');
    }
    if (code !== null)
        assert.equal(program.exit.code, code, `${program.name} ${args.join(' ')}:\n${program.stderr.slice(-4000)}`);
    return program;
}

