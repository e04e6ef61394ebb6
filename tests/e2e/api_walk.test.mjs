// api_walk.test.mjs - a walk over the description of the API in which nothing is as described: no
// answer is a fault of the server's, and the server goes on.

import assert from 'node:assert/strict';
import http from 'node:http';
import { it } from 'node:test';
import { ANNA, BOB, call, callers, Description } from './lib/api.mjs';
import { frames } from './lib/canned.mjs';
import { isSanitized } from './lib/env.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { publish } from './lib/publisher.mjs';
import { Random } from './lib/random.mjs';
import { startServer } from './lib/server.mjs';
import { within } from './lib/wait.mjs';

const PATH = '/live/stream';
const STEPS = isSanitized ? 300 : 800;
const AT_ONCE = 6;
const METHODS = ['GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'];
const WORDS = ['', 'live', 'stream', 'live/stream', '/live/stream', '%2Flive%2Fstream', '..', '.', '%2e%2e', '%00', '%0a', '%ff', 'a'.repeat(300), '0', '-1',
               '1', '99999999999999999999', '2026-01-31T09:05:07Z', 'null', 'true', '{}', '[]', '"', "'", ' or 1=1', '%', '*', '\u00e4', '0000000000000000',
               '20260131090507_segment_001.flv', 'publisher', 'viewer', 'rtmp', 'x'.repeat(3000)];
const BODIES = [undefined, '', '{}', '[]', 'null', '{', '"x"', `${'['.repeat(5000)}`, `{"x":"${'x'.repeat(70000)}"}`, '{"a":1,"a":2}', '\u0000', '{"\u00e4":"\\ud800"}'];
const VALUES = [null, true, 0, -1, 1.5, 1e300, '', 'play', 'publish', '/live/stream', '192.0.2.0/24', '0.0.0.0/0', [], {}, [[[1]]], 'x'.repeat(2000)];

class Walk {
    constructor(seed) {
        this.random = new Random(seed);
        const description = new Description();
        this.operations = description.operations.map(operation =>
            ({ ...operation, parameters: (operation.parameters ?? []).map(each => description.resolve(each)) }));
    }

    any(list) {
        return list[this.random.below(list.length)];
    }

    word() {
        const text = this.any(WORDS);
        return /^%|%/.test(text) ? text : encodeURIComponent(text);
    }

    // Mostly as described, with one thing or another that is not.
    step() {
        const { path: template, method, parameters, requestBody } = this.any(this.operations);
        let path = template.replace(/\{\w+\}/g, () => this.word());
        if (this.random.below(10) === 0)
            path += this.any(['/', '/x', '//', '%2f', ';', '#']);
        const query = [];
        for (const parameter of parameters)
            if (this.random.below(2) === 0)
                query.push(`${parameter.name}=${this.word()}`);
        if (this.random.below(8) === 0)
            query.push(this.any(['x=1', '&&', '=', 'page=1&page=1', '%', '%00=1']));
        const properties = requestBody && ['use', 'path', 'ttlS', 'expiresAt', 'ip', 'username', 'password'];
        const body = properties && this.random.below(3) > 0
            ? JSON.stringify(Object.fromEntries(properties.filter(() => this.random.below(2)).map(name => [name, this.any(VALUES)])))
            : this.any(BODIES);
        const headers = this.any([ANNA, ANNA, ANNA, BOB, {}]);
        const types = ['application/json', 'application/json', 'application/json; charset=utf-8', 'text/plain', ''];
        return {
            method: this.random.below(3) > 0 ? method : this.any(METHODS),
            path: query.length > 0 ? `${path}?${query.join('&')}` : path,
            headers: { ...headers, ...body !== undefined && { 'Content-Type': this.any(types), 'Content-Length': Buffer.byteLength(body) },
                       ...this.random.below(10) === 0 && { Origin: 'https://evil.example' }, 'Last-Event-ID': this.any(['0', '1', 'x', '-1']) },
            body,
        };
    }
}

// The status; of a stream of events, as soon as it begins, and of a few others not at all.
function send(server, agent, { method, path, headers, body }, leaves) {
    return within(8000, new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port: server.httpPort, method, path, headers, agent }, answer => {
            if (/event-stream/.test(answer.headers['content-type'] ?? ''))
                request.destroy();
            answer.resume();
            answer.on('close', () => resolve(answer.statusCode));
        });
        request.on('error', error => {
            if (leaves || /ECONNRESET|EPIPE|socket hang up/.test(`${error.code} ${error}`))
                resolve(0); // one that we have broken, or whose body was too much to be read
            else
                reject(error);
        });
        request.end(body);
        if (leaves)
            setImmediate(() => request.destroy());
    }), () => `an answer to ${method} ${path}`);
}

it('a walk off the path', { timeout: 60000 }, async t => {
    const server = await startServer(t, { 'auth.secret': 'secret', 'record.path': temporaryFolder(t), 'log.level': 'info', ...callers() });
    const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1000000), walk = new Walk(seed);
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
    t.after(() => agent.destroy());
    const seen = new Map();
    let left = STEPS;
    await publish(t, server, PATH, frames({ count: 10 }));
    const worker = async () => {
        while (left-- > 0) {
            const step = walk.step();
            const status = await send(server, agent, step, walk.random.below(20) === 0);
            assert.ok(status < 500 || status === 503, `seed ${seed}: ${status} to ${JSON.stringify(step)}`);
            seen.set(status, (seen.get(status) ?? 0) + 1);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    for (const status of [200, 400, 401, 403, 404, 405])
        assert.ok(seen.has(status), `seed ${seed}: no ${status}, but ${JSON.stringify([...seen])}`);
    assert.equal((await call(server, 'GET', '/healthz')).status, 200);
});
