// viewers.mjs - who watches: one face for RTMP, HTTP-FLV and WebSocket-FLV.
//
//   tags     { type, timestamp, body } in the order in which they came
//   flags    of the FLV header (none with RTMP)
//   started  resolves when the server has agreed to play
//   isOver   the stream has ended, as far as its protocol lets the viewer know; RTMP may begin again

import assert from 'node:assert/strict';
import { cleanup } from './cleanup.mjs';
import { numberOf } from './canned.mjs';
import { assertMonotonic, assertSameTracks, FlvReader, isAudio, isFrame } from './flv.mjs';
import { HttpConnection } from './http.mjs';
import { splitPath } from './publisher.mjs';
import { EVENT, isEvent, isMedia, RtmpClient } from './rtmp.mjs';
import { Watchable } from './wait.mjs';
import { OPCODE, WebSocketConnection } from './websocket.mjs';

export const PROTOCOLS = ['rtmp', 'http', 'ws'];

class Viewer extends Watchable {
    tags = [];
    flags = null;
    isOver = false;

    constructor(t, protocol) {
        super();
        this.protocol = protocol;
        cleanup(t, () => this.finish());
    }

    add(tag) {
        this.tags.push(tag);
        this.changed();
    }

    over() {
        this.isOver = true;
        this.changed();
    }

    get name() {
        return `a viewer over ${this.protocol}`;
    }

    // The first tag from number `from` on that passes.
    async tag(passes, what = 'a tag', { from = 0, ms } = {}) {
        return this.until(() => {
            const found = this.tags.slice(from).find(passes);
            if (found === undefined && this.isOver)
                throw new Error(`${this.name}: the stream ended before ${what}`);
            return found;
        }, () => `${this.name}: ${what} after ${this.tags.length} tags`, ms);
    }

    // The frame of that number; of sound, which canned.mjs sends after the picture.
    async frame(number, { isKind = isAudio, ...options } = {}) {
        const passes = tag => isKind(tag) && isFrame(tag) && numberOf(tag) === number;
        return this.tag(passes, `frame ${number}`, options);
    }

    async count(count, ms) {
        const what = () => `${this.name}: ${count} tags, not ${this.tags.length}`;
        await this.until(() => this.tags.length >= count, what, ms);
        return this.tags;
    }

    async ended(ms = 15000) {
        const what = () => `${this.name}: the end, after ${this.tags.length} tags`;
        await this.until(() => this.isOver, what, ms);
    }

    finish() {
        const failure = this.failure;
        this.close();
        if (failure !== null)
            throw failure;
    }
}

const withQuery = (name, query) => query === undefined ? name : `${name}?${query}`;

class RtmpViewer extends Viewer {
    constructor(t, server, path, options) {
        super(t, 'rtmp');
        this.started = this.#open(server, splitPath(path), options);
        this.started.catch(error => { this.guard(() => { throw error; }); });
    }

    async #open(server, { app, name }, { msid, onClient, query }) {
        const client = await RtmpClient.open(null, server.rtmpPort);
        this.client = client;
        onClient?.(client);
        client.onMessage = message => {
            if (isMedia(message))
                this.add(message);
            else if (isEvent(EVENT.STREAM_EOF)(message))
                this.over();
            else if (isEvent(EVENT.STREAM_BEGIN)(message))
                this.isOver = false;
        };
        client.ended.then(() => this.over());
        await client.connect(app);
        client.msid = await client.createStream();
        while (msid !== undefined && client.msid < msid)
            client.msid = await client.createStream();
        await client.play(withQuery(name, query));
    }

    finish() {
        super.finish();
        this.client?.finish();
    }

    close() {
        this.client?.close();
    }

    pauseReading() {
        this.client.socket.pause();
    }

    resumeReading() {
        this.client.socket.resume();
    }

    isConnected() {
        return !this.client.closed;
    }
}

// What HTTP and WebSocket have in common: FLV in pieces.
class FlvViewer extends Viewer {
    reader = new FlvReader(tag => this.add(tag));

    take(bytes) {
        this.guard(() => {
            this.reader.push(bytes);
            this.flags ??= this.reader.header?.flags ?? null;
        });
    }

    close() {
        this.connection.close();
    }

    pauseReading() {
        this.connection.socket.pause();
    }

    resumeReading() {
        this.connection.socket.resume();
    }

    isConnected() {
        return !this.connection.closed;
    }

    // For one that is to be refused: until it is.  Returns the response's head.
    async refused() {
        await assert.rejects(this.started);
        this.failure = null;
        return this.head;
    }

    assertStarted(head, status) {
        this.head = head;
        assert.equal(head.status, status, `${this.name}: ${head.status} ${head.reason}`);
    }
}

class HttpViewer extends FlvViewer {
    constructor(t, server, path, { waitMs = 20000, headers, query } = {}) {
        super(t, 'http');
        this.connection = new HttpConnection(null, server.httpPort);
        this.connection.request(`GET ${withQuery(`${path}.flv`, query)} HTTP/1.1`, headers);
        this.started = this.#open(waitMs);
        this.started.catch(error => { this.guard(() => { throw error; }); });
    }

    async #open(waitMs) {
        this.assertStarted(await this.connection.head(waitMs), 200);
        this.connection.streamTo(bytes => this.take(bytes));
        this.connection.ended.then(() => this.over());
    }
}

class WebSocketViewer extends FlvViewer {
    constructor(t, server, path, { waitMs = 20000, query } = {}) {
        super(t, 'ws');
        this.connection = new WebSocketConnection(null, server.httpPort);
        this.connection.onFrame = frame => this.#frame(frame);
        this.connection.sendUpgrade(withQuery(`${path}.flv`, query));
        this.started = this.#open(waitMs);
        this.started.catch(error => { this.guard(() => { throw error; }); });
    }

    async #open(waitMs) {
        this.assertStarted(await this.connection.upgraded(waitMs), 101);
        this.connection.ended.then(() => this.over());
    }

    #frame({ opcode, payload }) {
        if (opcode === OPCODE.BINARY)
            this.take(payload);
        else if (opcode === OPCODE.CLOSE) {
            this.closeCode = payload.length >= 2 ? payload.readUInt16BE() : undefined;
            this.connection.send(OPCODE.CLOSE, payload);
            this.over();
        } else if (opcode === OPCODE.PING)
            this.connection.send(OPCODE.PONG, payload);
    }
}

// A viewer that has asked; it may have to wait for its stream.
export function openViewer(t, server, protocol, path, options = {}) {
    const Kind = { rtmp: RtmpViewer, http: HttpViewer, ws: WebSocketViewer }[protocol];
    return new Kind(t, server, path, options);
}

// One over each protocol.
export function openViewers(t, server, path, options) {
    return PROTOCOLS.map(protocol => openViewer(t, server, protocol, path, options));
}

// The same, and the server knows of them: nothing that is published now escapes them.
export async function openAudience(t, server, path, options) {
    const viewers = openViewers(t, server, path, options);
    await server.viewersCame(path, viewers.length);
    return viewers;
}

// That each got these tags, all of them and in order, and then the end.
export async function assertAllGot(viewers, tags) {
    for (const viewer of viewers) {
        await viewer.ended();
        assertSameTracks(viewer.tags, tags, viewer.name);
        assertMonotonic(viewer.tags, viewer.name);
    }
}
