// rtmp.mjs - an RTMP client, written from the specification: says what it is told to, in whatever
// form, and keeps everything that the server says, in order.

import assert from 'node:assert/strict';
import { decode, encode } from './amf.mjs';
import { cleanup } from './cleanup.mjs';
import { connectTo } from './connect.mjs';
import { checkAnswer, HANDSHAKE_SIZE, makeC1, makeC2 } from './rtmp_handshake.mjs';
import { ChunkReader, chunkMessage } from './rtmp_chunk.mjs';
import { Watchable, within } from './wait.mjs';

export const TYPE = {
    SET_CHUNK_SIZE: 1, ABORT: 2, ACKNOWLEDGEMENT: 3, USER_CONTROL: 4, WINDOW_ACK_SIZE: 5,
    SET_PEER_BANDWIDTH: 6,
    AUDIO: 8, VIDEO: 9, DATA_AMF3: 15, COMMAND_AMF3: 17, DATA: 18, COMMAND: 20, AGGREGATE: 22,
};
export const EVENT = { STREAM_BEGIN: 0, STREAM_EOF: 1, BUFFER_LENGTH: 3, PING: 6, PONG: 7 };

const CSID = { CONTROL: 2, COMMAND: 3, AUDIO: 4, VIDEO: 5, DATA: 6, STREAM: 8 };

export function uint32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value >>> 0);
    return bytes;
}

// Data is the publisher's, and may be anything.
function decodeData(body) {
    try {
        return decode(body);
    } catch {
        return [];
    }
}

// What a message says, next to its bytes: `value` or `event` of control messages, `values` of AMF.
function explain(message) {
    const { type, body } = message;
    if (type === TYPE.COMMAND)
        message.values = decode(body);
    else if (type === TYPE.DATA)
        message.values = decodeData(body);
    else if (type === TYPE.USER_CONTROL)
        message.event = { type: body.readUInt16BE(), value: body.readUInt32BE(2) };
    else if (type >= TYPE.SET_CHUNK_SIZE && type <= TYPE.SET_PEER_BANDWIDTH)
        message.value = body.readUInt32BE();
    return message;
}

export const isMedia = message =>
    message.type === TYPE.AUDIO || message.type === TYPE.VIDEO || message.type === TYPE.DATA &&
    message.values[0] !== '|RtmpSampleAccess';

export const isCommand = name => message => message.type === TYPE.COMMAND && message.values[0] === name;
export const isStatus = code => message => isCommand('onStatus')(message) && message.values[3].code === code;
export const isErrorStatus = message => isCommand('onStatus')(message) && message.values[3].level === 'error';
export const isReply = transaction => message =>
    message.type === TYPE.COMMAND && ['_result', '_error'].includes(message.values[0]) &&
    message.values[1] === transaction;
export const isEvent = (type, value) => message =>
    message.type === TYPE.USER_CONTROL && message.event.type === type &&
    (value === undefined || message.event.value === value);

const CONTROL_WORDS = {
    [TYPE.SET_CHUNK_SIZE]: 'SetChunkSize', [TYPE.ACKNOWLEDGEMENT]: 'Acknowledgement',
    [TYPE.WINDOW_ACK_SIZE]: 'WindowAckSize', [TYPE.SET_PEER_BANDWIDTH]: 'SetPeerBandwidth',
    [TYPE.AUDIO]: 'audio', [TYPE.VIDEO]: 'video',
};

function word(message) {
    if (message.type === TYPE.COMMAND || message.type === TYPE.DATA)
        return message.values[0] === 'onStatus' ? message.values[3].code : message.values[0];
    return message.type === TYPE.USER_CONTROL ? `event ${message.event.type}` : CONTROL_WORDS[message.type];
}

// A conversation, each message in a word.
export const words = messages => messages.map(word);

export class RtmpClient extends Watchable {
    received = [];              // messages
    chunkSize = 128;            // of what we send
    closed = false;             // by either side
    answersPings = true;
    bytesRead = 0;
    bytesWritten = 0;           // after the handshake too
    #reader = new ChunkReader();
    #transaction = 0;
    #handshake = Buffer.alloc(0);
    #onHandshake = null;

    // `preface`: bytes that go before all others, as a proxy's.
    constructor(port, { preface, ...socketOptions } = {}) {
        super();
        this.socket = connectTo(port, socketOptions);
        if (preface !== undefined)
            this.socket.write(preface);
        this.socket.on('data', bytes => this.#read(bytes));
        this.socket.on('error', error => { this.error = error; });
        this.ended = new Promise(resolve => this.socket.on('close', () => {
            this.closed = true;
            resolve();
            this.changed();
        }));
    }

    // A client whose handshake is done; with `layout` 0 or 1 it is one with digests.
    static async open(t, port, { layout, socketOptions } = {}) {
        const client = new RtmpClient(port, socketOptions);
        if (t !== null)
            cleanup(t, () => client.finish());
        await client.#shakeHands(layout);
        return client;
    }

    // A client that has connected to `app` and has a stream.
    static async ready(t, port, app = 'live', options = {}) {
        const client = await RtmpClient.open(t, port, options);
        await client.connect(app, options.properties);
        client.msid = await client.createStream();
        return client;
    }

    async #shakeHands(layout) {
        const c1 = makeC1(layout);
        this.write(Buffer.concat([Buffer.from([3]), c1]));
        const answer = await this.until(() => {
            assert.ok(!this.closed, 'the server closed the connection in the handshake');
            return this.#handshake.length >= 1 + 2 * HANDSHAKE_SIZE && this.#handshake;
        }, 'S0, S1 and S2');
        const s1 = answer.subarray(1, 1 + HANDSHAKE_SIZE);
        const s2 = answer.subarray(1 + HANDSHAKE_SIZE, 1 + 2 * HANDSHAKE_SIZE);
        assert.equal(answer[0], 3, 'S0');
        checkAnswer(c1, s1, s2, layout);
        this.write(makeC2(s1, layout));
        this.#handshake = null;
        this.#take(answer.subarray(1 + 2 * HANDSHAKE_SIZE));
    }

    #read(bytes) {
        this.bytesRead += bytes.length;
        if (this.#handshake !== null)
            this.#handshake = Buffer.concat([this.#handshake, bytes]);
        else
            this.guard(() => this.#take(bytes));
        this.changed();
    }

    #take(bytes) {
        for (const message of this.#reader.push(bytes)) {
            this.received.push(explain(message));
            if (message.type === TYPE.USER_CONTROL && message.event.type === EVENT.PING && this.answersPings)
                this.sendEvent(EVENT.PONG, message.event.value);
            this.onMessage?.(message);
        }
    }

    // The size of the chunks that the server sends now.
    get peerChunkSize() {
        return this.#reader.chunkSize;
    }

    write(bytes) {
        this.bytesWritten += bytes.length;
        return this.socket.write(bytes);
    }

    // One message, in chunks as `options` say (chunkMessage).
    send(message, options) {
        return this.write(chunkMessage({ timestamp: 0, msid: 0, csid: CSID.COMMAND, ...message },
                                       { chunkSize: this.chunkSize, ...options }));
    }

    sendControl(type, ...bodies) {
        return this.send({ type, csid: CSID.CONTROL, body: Buffer.concat(bodies) });
    }

    sendEvent(event, value) {
        return this.sendControl(TYPE.USER_CONTROL, Buffer.from([event >> 8, event & 0xff]), uint32(value));
    }

    setChunkSize(size) {
        this.sendControl(TYPE.SET_CHUNK_SIZE, uint32(size));
        this.chunkSize = size;
    }

    // A command; returns its transaction number.
    command(name, args = [], { msid = 0, object = null, transaction = ++this.#transaction,
                               ...options } = {}) {
        this.send({ type: TYPE.COMMAND, msid, csid: msid === 0 ? CSID.COMMAND : CSID.STREAM,
                    body: encode(name, transaction, object, ...args) }, options);
        return transaction;
    }

    // The first message from number `from` on that passes.
    async message(passes, what = String(passes), { from = 0, ms } = {}) {
        return this.until(() => {
            const found = this.received.slice(from).find(passes);
            if (found === undefined && this.closed)
                throw new Error(`${what}: the server closed the connection after ${this.summary()}`);
            return found;
        }, () => `${what}, after ${this.summary()}`, ms);
    }

    async reply(transaction, what) {
        return this.message(isReply(transaction), what ?? `a reply to ${transaction}`);
    }

    async status(code, options) {
        return this.message(isStatus(code), code, options);
    }

    // Command and reply.
    async call(name, args, options) {
        return this.reply(this.command(name, args, options), `a reply to ${name}`);
    }

    async connect(app, properties = {}) {
        const object = { app, flashVer: 'FMLE/3.0 (compatible; test)', tcUrl: `rtmp://127.0.0.1/${app}`,
                         ...properties };
        const reply = await this.call('connect', [], { object });
        assert.equal(reply.values[0], '_result', JSON.stringify(reply.values));
        return reply;
    }

    async createStream() {
        const reply = await this.call('createStream');
        assert.equal(reply.values[0], '_result');
        return reply.values[3];
    }

    async publish(name, type = 'live', msid = this.msid) {
        const from = this.received.length;
        this.command('publish', [name, type], { msid });
        return this.status('NetStream.Publish.Start', { from });
    }

    async play(name, msid = this.msid) {
        const from = this.received.length;
        this.command('play', [name, -2], { msid });
        return this.status('NetStream.Play.Start', { from });
    }

    // An FLV tag as a message.
    sendTag({ type, timestamp, body }, msid = this.msid) {
        const csid = { 8: CSID.AUDIO, 9: CSID.VIDEO, 18: CSID.DATA }[type];
        return this.send({ type, timestamp, body, msid, csid });
    }

    // Metadata, the way encoders send it.
    sendMetadata(metadata, msid = this.msid, timestamp = 0) {
        return this.send({ type: TYPE.DATA, msid, csid: CSID.DATA, timestamp,
                           body: encode('@setDataFrame', 'onMetaData', metadata) });
    }

    // Until the server has read all that was sent before: a ping goes through the same queue.
    async settled() {
        const from = this.received.length;
        const stamp = Math.floor(Math.random() * 0xffffffff);
        this.sendEvent(EVENT.PING, stamp);
        await this.message(isEvent(EVENT.PONG, stamp), 'an answer to our ping', { from });
    }

    async waitClosed(ms = 5000) {
        await within(ms, this.ended, () => `the end of the connection, after ${this.summary()}`);
    }

    // In words, for failures.
    summary() {
        const last = this.received.slice(-12).map(m =>
            m.values ? JSON.stringify(m.values).slice(0, 160) : m.event ? `event ${JSON.stringify(m.event)}`
                : `type ${m.type} (${m.value ?? `${m.body.length} bytes`})`);
        return `${this.received.length} messages: ... ${last.join('; ')}`;
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

    // In an orderly way: FIN, after all that was written.
    end() {
        this.socket.end();
    }
}
