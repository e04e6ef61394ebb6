// http2.mjs - HTTP/2 clients: node's, for what is proper, and bare frames, for what is not.

import http2 from 'node:http2';
import { cleanup } from './cleanup.mjs';
import { connectTo } from './connect.mjs';
import { FlvReader, isFrame, isVideo } from './flv.mjs';
import { numberOf } from './canned.mjs';
import { Watchable, within } from './wait.mjs';

// A connection by node's client.
export async function connectHttp2(t, server, options = {}) {
    const session = http2.connect(`https://127.0.0.1:${server.httpsPort}`, { rejectUnauthorized: false, ...options });
    session.on('error', () => {});
    cleanup(t, () => session.destroy());
    await within(5000, new Promise(resolve => session.once('remoteSettings', resolve)), 'SETTINGS');
    return session;
}

// One request to its end: { status, headers, body }.
export async function request(session, headers, body) {
    const stream = session.request(headers, { endStream: body === undefined });
    const pieces = [];
    const answer = new Promise((resolve, reject) => {
        stream.on('response', got => { answer.headers = got; });
        stream.on('data', piece => pieces.push(piece));
        stream.on('error', reject);
        stream.on('end', resolve);
    });
    if (body !== undefined)
        stream.end(body);
    await within(8000, answer, `an answer to ${headers[':path']}`);
    return { status: answer.headers[':status'], headers: answer.headers, body: Buffer.concat(pieces) };
}

// A stream that is played as one of several on a connection.
export class Http2Viewer extends Watchable {
    tags = [];
    code = null;                // that its stream was closed with
    reader = new FlvReader(tag => this.tags.push(tag));

    constructor(session, path) {
        super();
        this.name = `${path} over HTTP/2`;
        this.stream = session.request({ ':path': `${path}.flv` });
        this.stream.on('response', headers => { this.status = headers[':status']; this.changed(); });
        this.stream.on('data', bytes => this.guard(() => this.reader.push(bytes)));
        this.stream.on('error', () => {});
        this.stream.on('close', () => { this.code = this.stream.rstCode; this.changed(); });
    }

    get numbers() {
        return this.tags.filter(tag => isFrame(tag) && isVideo(tag)).map(numberOf);
    }

    async frame(number, ms) {
        await this.until(() => this.numbers.includes(number), () => `frame ${number} of ${this.name}`, ms);
    }

    async closed(ms) {
        await this.until(() => this.code !== null, `the end of ${this.name}`, ms);
        return this.code;
    }
}

export const FRAME = {
    DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9,
};
export const FLAG = { END_STREAM: 1, END_HEADERS: 4 };
export const CALM = 11;         // ENHANCE_YOUR_CALM
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
}

// A literal header field that nobody is to remember, without Huffman's code (RFC 7541, 6.2.2).
export function field(name, value) {
    const text = string => {
        const bytes = Buffer.from(string), size = bytes.length;
        if (size < 127)
            return Buffer.concat([Buffer.from([size]), bytes]);
        const rest = [];
        let left = size - 127;
        for (; left >= 128; left >>= 7)
            rest.push((left & 127) | 128);
        return Buffer.concat([Buffer.from([127, ...rest, left]), bytes]);
    };
    return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

export function requestFields(path, { method = 'GET', more = {} } = {}) {
    const all = { ':method': method, ':scheme': 'https', ':authority': 'localhost', ':path': path, ...more };
    return Buffer.concat(Object.entries(all).map(([name, value]) => field(name, value)));
}

export const get = (stream, path, options) =>
    frame(FRAME.HEADERS, FLAG.END_STREAM | FLAG.END_HEADERS, stream, requestFields(path, options));

export const uint32 = (...values) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
    return bytes;
};

// Bare frames: `settings` are those of the client, [id, value] each.
export class BareHttp2 extends Watchable {
    frames = [];                // { type, flags, stream, payload }
    closed = false;
    #bytes = Buffer.alloc(0);

    static async open(t, server, { settings = [], greet = true } = {}) {
        const bare = new BareHttp2();
        bare.socket = connectTo({ tls: server.httpsPort, ALPNProtocols: ['h2'] });
        cleanup(t, () => bare.socket.destroy());
        bare.socket.on('error', () => {});
        bare.socket.on('close', () => { bare.closed = true; bare.changed(); });
        bare.socket.on('data', bytes => bare.guard(() => bare.#take(bytes)));
        await within(5000, new Promise(resolve => bare.socket.once('secureConnect', resolve)), 'a TLS handshake');
        if (greet) {
            const payload = Buffer.concat(settings.map(([id, value]) => Buffer.from([id >> 8, id & 255, ...uint32(value)])));
            bare.write(Buffer.from(PREFACE), frame(FRAME.SETTINGS, 0, 0, payload));
        }
        return bare;
    }

    write(...pieces) {
        if (!this.socket.destroyed)
            this.socket.write(Buffer.concat(pieces));
    }

    #take(bytes) {
        this.#bytes = Buffer.concat([this.#bytes, bytes]);
        while (this.#bytes.length >= 9 && this.#bytes.length >= 9 + this.#bytes.readUIntBE(0, 3)) {
            const size = this.#bytes.readUIntBE(0, 3), b = this.#bytes;
            this.frames.push({ type: b[3], flags: b[4], stream: b.readUInt32BE(5), payload: b.subarray(9, 9 + size) });
            this.#bytes = b.subarray(9 + size);
        }
    }

    async frame(type, stream, ms) {
        return this.until(() => this.frames.find(f => f.type === type && (stream === undefined || f.stream === stream)),
                          () => `a frame of type ${type} among ${this.frames.map(f => f.type)}`, ms);
    }

    // The code of the GOAWAY with which the server ends the connection.
    async goaway(ms) {
        await this.until(() => this.closed, 'the end of the connection', ms);
        return this.frames.findLast(f => f.type === FRAME.GOAWAY)?.payload.readUInt32BE(4);
    }
}
