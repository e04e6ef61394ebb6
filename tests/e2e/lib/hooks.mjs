// hooks.mjs - a receiver of webhooks: keeps every request, answers as it is told to.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { cleanup } from './cleanup.mjs';
import { Watchable } from './wait.mjs';

// As docs/WEBHOOKS.md has it.
export const signatureOf = (secret, timestamp, body) =>
    `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;

export class HookServer extends Watchable {
    requests = [];              // { url, headers, text, body, at }, in the order in which they came whole
    open = 0;                   // requests not answered yet, and the most there were at a time
    openMax = 0;
    connections = 0;
    dropped = 0;                // requests whose sender left without an answer

    // `answer(request)` returns { status, json, text, headers }, or a promise of it; a status of 0 is
    // no answer at all.
    constructor(answer) {
        super();
        this.answer = answer;
    }

    // With `pair`, a certificate and its key, it speaks TLS.
    static async start(t, answer = () => ({ status: 200 }), { pair } = {}) {
        const hooks = new HookServer(answer);
        const handle = (request, response) => hooks.#take(request, response);
        hooks.server = pair === undefined ? http.createServer(handle)
            : https.createServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, handle);
        hooks.server.on('connection', () => { hooks.connections++; });
        hooks.server.on('tlsClientError', () => {});
        await new Promise(resolve => hooks.server.listen(0, '127.0.0.1', resolve));
        hooks.port = hooks.server.address().port;
        hooks.scheme = pair === undefined ? 'http' : 'https';
        cleanup(t, () => hooks.stop());
        return hooks;
    }

    url(path = '/hook') {
        return `${this.scheme}://127.0.0.1:${this.port}${path}`;
    }

    async #take(request, response) {
        const pieces = [];
        this.openMax = Math.max(this.openMax, ++this.open);
        response.on('close', () => {
            this.open--;
            if (!response.writableFinished)
                this.dropped++;
            this.changed();
        });
        for await (const piece of request)
            pieces.push(piece);
        const text = Buffer.concat(pieces).toString();
        const taken = { url: request.url, method: request.method, headers: request.headers, text,
                        body: JSON.parse(text), at: Date.now() };
        this.requests.push(taken);
        this.changed();
        const { status, json, text: plain, headers = {} } = await this.answer(taken);
        if (status === 0)
            return;
        response.writeHead(status, headers);
        response.end(json !== undefined ? JSON.stringify(json) : plain);
    }

    // The bodies of these actions, or of all.
    bodies(...actions) {
        return this.requests.map(({ body }) => body).filter(({ action }) => actions.length === 0 || actions.includes(action));
    }

    // The request number `index` of this action, and of this stream if one is given.
    async request(action, { path, index = 0, ms } = {}) {
        return this.until(() => this.requests.filter(({ body }) =>
            body.action === action && (path === undefined || body.streamPath === path))[index],
        () => `${action} ${index} of ${path}, but ${JSON.stringify(this.bodies().map(({ action: a, streamPath }) => [a, streamPath]))}`, ms);
    }

    async count(count, ...actions) {
        const found = () => this.bodies(...actions).length;
        await this.until(() => found() >= count, () => `${count} requests of ${actions}, not ${found()}`);
    }

    assertSigned({ headers, text }, secret) {
        const timestamp = headers['millrace-timestamp'];
        assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 10, timestamp);
        assert.equal(headers['millrace-signature'], signatureOf(secret, timestamp, text));
    }

    stop() {
        this.server.closeAllConnections?.();
        return new Promise(resolve => this.server.close(resolve));
    }
}
