// websocket.mjs - WebSocket (RFC 6455) over a bare socket, frame by frame.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { HttpConnection } from './http.mjs';

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// A client's frame; `mask` false breaks the rule that clients mask (5.1).
export function makeFrame(opcode, payload = Buffer.alloc(0), { mask = true, final = true, reserved = 0 } = {}) {
    const long = payload.length > 125;
    assert.ok(payload.length < 0x10000);
    const head = [(final ? 0x80 : 0) | reserved << 4 | opcode,
                  (mask ? 0x80 : 0) | (long ? 126 : payload.length)];
    if (long)
        head.push(payload.length >> 8, payload.length & 0xff);
    if (!mask)
        return Buffer.concat([Buffer.from(head), payload]);
    const key = randomBytes(4);
    return Buffer.concat([Buffer.from(head), key, Buffer.from(payload.map((byte, i) => byte ^ key[i & 3]))]);
}

export function closePayload(code, reason = '') {
    return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

export class WebSocketConnection extends HttpConnection {
    frames = [];                // { opcode, final, payload }
    #bytes = Buffer.alloc(0);   // of a frame that is not complete

    sendUpgrade(path, headers = {}) {
        this.key = randomBytes(16).toString('base64');
        this.request(`GET ${path} HTTP/1.1`, {
            Connection: 'Upgrade', Upgrade: 'websocket',
            'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': this.key, ...headers,
        });
    }

    // Waits for the server's 101; returns its head, or that of a refusal.
    async upgraded(ms) {
        const head = await this.head(ms);
        if (head.status !== 101)
            return head;
        assert.equal(head.headers.upgrade.toLowerCase(), 'websocket');
        assert.equal(head.headers.connection.toLowerCase(), 'upgrade');
        assert.equal(head.headers['sec-websocket-accept'],
                     createHash('sha1').update(this.key + GUID).digest('base64'));
        this.streamTo(bytes => {
            this.#bytes = Buffer.concat([this.#bytes, bytes]);
            while (this.#readFrame())
                continue;
        });
        return head;
    }

    #readFrame() {
        const bytes = this.#bytes;
        if (bytes.length < 2)
            return false;
        assert.equal(bytes[1] & 0x80, 0, 'a server does not mask');
        assert.equal(bytes[0] & 0x70, 0, 'no reserved bits');
        let size = bytes[1], at = 2;
        if (size === 126 || size === 127) {
            at = size === 126 ? 4 : 10;
            if (bytes.length < at)
                return false;
            size = at === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
            assert.ok(size > (at === 4 ? 125 : 0xffff), 'the shortest form of a length');
        }
        if (bytes.length < at + size)
            return false;
        const payload = Buffer.from(bytes.subarray(at, at + size));
        const frame = { opcode: bytes[0] & 0x0f, final: bytes[0] >= 0x80, payload };
        this.#bytes = bytes.subarray(at + size);
        this.frames.push(frame);
        this.onFrame?.(frame);
        return true;
    }

    send(opcode, payload, options) {
        return this.write(makeFrame(opcode, payload, options));
    }

    // The first frame of a kind, from number `from` on.
    async frame(opcode, { from = 0, ms } = {}) {
        return this.until(() => this.frames.slice(from).find(frame => frame.opcode === opcode),
                          () => `a frame of opcode ${opcode} after ${this.frames.length} frames`, ms);
    }

    // The close frame's code.
    async closeCode(ms) {
        const { payload } = await this.frame(OPCODE.CLOSE, { ms });
        return payload.length >= 2 ? payload.readUInt16BE() : undefined;
    }
}
