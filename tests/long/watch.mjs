// watch.mjs - what the long programs share: a server that is watched while others use it.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
process.env.MILLRACE_BIN ??= join(ROOT, 'build/release/millrace');
export const BENCH = join(ROOT, 'build/release/millrace-bench');
export const MEGABYTE = 1 << 20;

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// What e2e's helpers want: somebody who undoes at the end what was begun.
export class Scope {
    #undo = [];

    after(action) {
        this.#undo.push(action);
    }

    folder() {
        const folder = mkdtempSync(join(tmpdir(), 'millrace-long-'));
        this.after(() => rmSync(folder, { recursive: true, force: true }));
        return folder;
    }

    async end() {
        while (this.#undo.length > 0)
            await this.#undo.pop()();
    }
}

// --minutes 10 --viewers 1000 as { minutes: 10, viewers: 1000 }, all numbers.
export function readOptions(defaults) {
    const options = { ...defaults }, words = process.argv.slice(2);
    while (words.length > 0) {
        const name = words.shift().replace(/^--/, ''), value = Number(words.shift());
        assert.ok(name in defaults && Number.isFinite(value),
                  `options, each with a number: ${Object.entries(defaults).map(each => `--${each.join(' ')}`).join(', ')}`);
        options[name] = value;
    }
    return options;
}

export function ask(port, path) {
    return new Promise((resolve, reject) => {
        http.get({ host: '127.0.0.1', port, path, agent: false }, answer => {
            let text = '';
            answer.on('data', piece => { text += piece; });
            const isJson = /json/.test(answer.headers['content-type']);
            answer.on('end', () => answer.statusCode === 200 ? resolve(isJson ? JSON.parse(text) : text)
                : reject(new Error(`${path}: ${answer.statusCode} ${text}`)));
        }).on('error', reject);
    });
}

// The server's process, seen from outside.
export function look(server) {
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    const number = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    return { rss: number('VmRSS') * 1024, threads: number('Threads'), descriptors: readdirSync(`/proc/${server.pid}/fd`).length };
}

export class Record {
    samples = [];
    #timer;

    // `more` returns what is to be kept beside, or a promise of it.
    constructor(server, more = () => ({}), every_ms = 5000) {
        this.began = Date.now();
        this.#timer = setInterval(async () => {
            if (server.exit !== null)
                return;
            const sample = { s: Math.round((Date.now() - this.began) / 1000), ...look(server) };
            this.samples.push(Object.assign(sample, await Promise.resolve(more()).catch(error => ({ error: error.message }))));
            if (this.samples.length % 12 === 0)
                console.log(JSON.stringify(sample));
        }, every_ms);
    }

    stop() {
        clearInterval(this.#timer);
    }

    values(name, from_s = 0, to_s = Infinity) {
        return this.samples.filter(sample => sample.s >= from_s && sample.s <= to_s).map(sample => sample[name])
            .filter(value => value !== undefined);
    }

    // Its smallest value, greatest and last.
    span(name, from_s) {
        const values = this.values(name, from_s);
        return { least: Math.min(...values), most: Math.max(...values), last: values.at(-1) };
    }

    // By how much it grows in an hour, by least squares.
    growth(name, from_s) {
        const points = this.samples.filter(sample => sample.s >= from_s && sample[name] !== undefined).map(sample => [sample.s, sample[name]]);
        const mean = i => points.reduce((sum, point) => sum + point[i], 0) / points.length;
        const [x, y] = [mean(0), mean(1)];
        const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
        const under = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
        return under > 0 ? over / under * 3600 : 0;
    }

    save(name) {
        const folder = join(ROOT, 'build/long');
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(this.samples)}\n`);
        console.log(`all samples: build/long/${name}.json`);
    }
}

// What was promised, and whether it was kept; the exit status says so.
export class Verdict {
    #broken = 0;

    that(kept, text) {
        console.log(`${kept ? 'kept  ' : 'BROKEN'}  ${text}`);
        this.#broken += !kept;
    }

    end() {
        console.log(this.#broken === 0 ? 'all kept' : `${this.#broken} broken`);
        process.exitCode = this.#broken === 0 ? 0 : 1;
    }
}

export const megabytes = bytes => `${(bytes / MEGABYTE).toFixed(1)} MB`;

export function requirePrograms() {
    for (const program of [process.env.MILLRACE_BIN, BENCH])
        assert.ok(existsSync(program), `${program} is not there: ./dev build`);
}
