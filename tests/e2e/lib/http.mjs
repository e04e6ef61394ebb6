// http.mjs - HTTP over a bare socket: any bytes out, responses in.

import assert from 'node:assert/strict';
import { cleanup } from './cleanup.mjs';
import { connectTo } from './connect.mjs';
import { Watchable, within } from './wait.mjs';

export class HttpConnection extends Watchable {
    closed = false;             // by either side
    bytesRead = 0;
    bytesWritten = 0;
    #pending = Buffer.alloc(0);
    #sink = null;

    // `preface`: bytes that go before all others, as a proxy's.
    constructor(t, port, { preface, ...socketOptions } = {}) {
        super();
        this.socket = connectTo(port, socketOptions);
        if (preface !== undefined)
            this.socket.write(preface);   // to a proxy's gate, which takes it
        if (t !== null)
            cleanup(t, () => this.finish());
        this.socket.on('data', bytes => {
            this.bytesRead += bytes.length;
            this.#pending = Buffer.concat([this.#pending, bytes]);
            this.guard(() => this.#pass());
        });
        this.socket.on('error', error => { this.error = error; });
        this.ended = new Promise(resolve => this.socket.on('close', () => {
            this.closed = true;
            resolve();
            this.changed();
        }));
    }

    write(bytes) {
        this.bytesWritten += Buffer.byteLength(bytes);
        return this.socket.write(bytes);
    }

    // Until the kernel has taken it.
    written(bytes) {
        return new Promise(resolve => this.socket.write(bytes, resolve));
    }

    request(line, headers = {}) {
        const head = Object.entries({ Host: 'localhost', ...headers })
            .filter(([, value]) => value !== undefined)
            .map(([name, value]) => `${name}: ${value}\r\n`).join('');
        return this.write(`${line}\r\n${head}\r\n`);
    }

    // From now on, everything that comes goes to sink(bytes).
    streamTo(sink) {
        this.#sink = sink;
        this.guard(() => this.#pass());
    }

    #pass() {
        if (this.#sink !== null && this.#pending.length > 0)
            this.#sink(this.take());
    }

    // What has come and was not taken.
    get pending() {
        return this.#pending;
    }

    take(size = this.#pending.length) {
        const bytes = this.#pending.subarray(0, size);
        this.#pending = this.#pending.subarray(size);
        return bytes;
    }

    // A response's head: { status, reason, headers }; names in lower case.
    async head(ms) {
        const end = await this.until(() => {
            const at = this.#pending.indexOf('\r\n\r\n');
            if (at < 0 && this.closed)
                throw new Error(`no response, only ${JSON.stringify(this.#pending.toString('latin1'))}`);
            return at >= 0 && at;
        }, 'a response', ms);
        const [first, ...lines] = this.take(end + 4).toString('latin1', 0, end).split('\r\n');
        const match = /^HTTP\/1\.([01]) (\d{3}) (.*)$/.exec(first);
        assert.ok(match, `a status line, not ${first}`);
        const headers = {};
        for (const line of lines) {
            const colon = line.indexOf(': ');
            assert.ok(colon > 0, `a header, not ${line}`);
            headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
        }
        return { status: Number(match[2]), reason: match[3], headers };
    }

    // A body of known length.
    async body(size) {
        await this.until(() => this.#pending.length >= size || this.#failIfClosed(size), `${size} bytes of body`);
        return this.take(size);
    }

    #failIfClosed(size) {
        if (this.closed)
            throw new Error(`closed with ${this.#pending.length} of ${size} bytes`);
        return false;
    }

    // Head and body of a response that is not a stream.
    async response({ method = 'GET', ms } = {}) {
        const head = await this.head(ms);
        const size = Number(head.headers['content-length'] ?? 0);
        const body = method === 'HEAD' || head.status === 204 ? Buffer.alloc(0) : await this.body(size);
        return { ...head, body: body.toString() };
    }

    async waitClosed(ms = 5000) {
        await within(ms, this.ended, 'the end of the connection');
    }

    close() {
        this.socket.destroy();
    }

    // At the end of a test: what was wrong with the server's bytes is told even if nobody waited.
    finish() {
        const failure = this.failure;
        this.close();
        if (failure !== null)
            throw failure;
    }
}

// One request on a connection of its own.
export async function fetchOnce(port, line, headers) {
    const connection = new HttpConnection(null, port);
    try {
        connection.request(line, headers);
        return await connection.response({ method: line.split(' ')[0] });
    } finally {
        connection.close();
    }
}
