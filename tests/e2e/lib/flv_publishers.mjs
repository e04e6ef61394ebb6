// flv_publishers.mjs - our own encoders over HTTP and WebSocket.

import assert from 'node:assert/strict';
import { cleanup } from './cleanup.mjs';
import { writeFlv, writeTag } from './flv.mjs';
import { HttpConnection } from './http.mjs';
import { OPCODE, WebSocketConnection } from './websocket.mjs';

export const FLV_HEADER = writeFlv([]);

class FlvPublisher {
    begin() {
        this.send(FLV_HEADER);
    }

    sendTags(tags) {
        this.send(Buffer.concat(tags.map(writeTag)));
    }

    close() {
        this.connection.close();
    }
}

export class HttpPublisher extends FlvPublisher {
    constructor(t, server, path, { method = 'POST', headers = {}, length } = {}) {
        super();
        this.connection = new HttpConnection(t, server.httpPort);
        this.length = length;
        this.connection.request(`${method} ${path}.flv HTTP/1.1`, {
            ...(length === undefined ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': length }), ...headers,
        });
    }

    // One chunk, or just bytes where a length was announced.
    send(bytes) {
        if (this.length === undefined)
            this.connection.write(`${bytes.length.toString(16)}\r\n`);
        this.connection.write(bytes);
        if (this.length === undefined)
            this.connection.write('\r\n');
    }

    // The end of the body, and the answer to it.
    async end() {
        if (this.length === undefined)
            this.connection.write('0\r\n\r\n');
        return this.connection.response();
    }
}

export class WebSocketPublisher extends FlvPublisher {
    static async open(t, server, path, { protocol = 'publisher' } = {}) {
        const publisher = new WebSocketPublisher();
        publisher.connection = new WebSocketConnection(t, server.httpPort);
        publisher.connection.sendUpgrade(path, { 'Sec-WebSocket-Protocol': protocol });
        publisher.head = await publisher.connection.upgraded();
        assert.equal(publisher.head.status, 101);
        return publisher;
    }

    // One message, in frames of at most 60000 bytes.
    send(bytes) {
        for (let at = 0; at === 0 || at < bytes.length; at += 60000)
            this.connection.send(at === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION, bytes.subarray(at, at + 60000),
                                 { final: at + 60000 >= bytes.length });
    }
}

// A publisher over any of the protocols, with the FLV header sent.
export async function openFlvPublisher(t, server, protocol, path) {
    const publisher = protocol === 'http' ? new HttpPublisher(t, server, path)
                                          : await WebSocketPublisher.open(t, server, path);
    cleanup(t, () => publisher.close());
    publisher.begin();
    return publisher;
}
