// rtmp_chunk.mjs - RTMP chunks (RTMP 1.0, 5.3): written in any form that there is, read.
//
// A message is { type, msid, csid, timestamp, body }.

import assert from 'node:assert/strict';

const EXTENDED = 0xffffff;

// The basic header (5.3.1.1).  `size` may be more than the chunk stream id needs.
export function basicHeader(format, csid, size = csid < 64 ? 1 : csid < 320 ? 2 : 3) {
    const first = format << 6;
    if (size === 1)
        return Buffer.from([first | csid]);
    if (size === 2)
        return Buffer.from([first | 0, csid - 64]);
    return Buffer.from([first | 1, (csid - 64) & 0xff, (csid - 64) >> 8]);
}

// The message header (5.3.1.2) with the extended timestamp.  `time` is absolute in format 0, a
// delta in 1 and 2, and in 3 what the last header of the chunk stream said.
export function messageHeader(format, { time, length, type, msid }) {
    const bytes = Buffer.alloc([11, 7, 3, 0][format]);
    if (format <= 2)
        bytes.writeUIntBE(Math.min(time, EXTENDED), 0, 3);
    if (format <= 1) {
        bytes.writeUIntBE(length, 3, 3);
        bytes[6] = type;
    }
    if (format === 0)
        bytes.writeUInt32LE(msid, 7);
    return bytes;
}

export function extendedTime(time) {
    const bytes = Buffer.alloc(time >= EXTENDED ? 4 : 0);
    if (bytes.length > 0)
        bytes.writeUInt32BE(time);
    return bytes;
}

// A message in chunks.
//   format          of its first chunk: 0, 1, 2 or 3
//   time            the field's value: the timestamp in format 0, else the delta
//   basicSize       of the basic headers
//   repeatExtended  type 3 chunks repeat the extended timestamp, as 5.3.1.3 has it and as
//                   some encoders do not
export function chunkMessage(message, { chunkSize = 128, format = 0, time = message.timestamp, basicSize,
                                        repeatExtended = true } = {}) {
    const { type, msid = 0, csid = 3, body } = message;
    const header = { time, length: body.length, type, msid };
    const parts = [basicHeader(format, csid, basicSize), messageHeader(format, header),
                   format < 3 || repeatExtended ? extendedTime(time) : Buffer.alloc(0),
                   body.subarray(0, chunkSize)];
    for (let at = chunkSize; at < body.length; at += chunkSize)
        parts.push(basicHeader(3, csid, basicSize), repeatExtended ? extendedTime(time) : Buffer.alloc(0),
                   body.subarray(at, at + chunkSize));
    return Buffer.concat(parts);
}

// Reads what a server sends.  Set Chunk Size and Abort act at once.
export class ChunkReader {
    chunkSize = 128;
    #pending = Buffer.alloc(0);
    #streams = new Map();

    // All messages that these bytes complete.
    push(bytes) {
        this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
        const messages = [];
        for (let size; (size = this.#readChunk(messages)) > 0;)
            this.#pending = this.#pending.subarray(size);
        return messages;
    }

    // Reads one chunk from the start of #pending; returns its size, 0 if it is not complete.
    #readChunk(messages) {
        const bytes = this.#pending;
        const header = this.#readHeader(bytes);
        if (header === null)
            return 0;
        const { format, csid, size, stream, time } = header;
        const take = Math.min(this.chunkSize, stream.length - stream.size);
        if (bytes.length < size + take)
            return 0;
        if (stream.size === 0)
            stream.timestamp = format === 0 ? time : (stream.timestamp + time) >>> 0;
        else
            assert.equal(format, 3, 'a message goes on in chunks of format 3');
        stream.parts = [...stream.parts, Buffer.from(bytes.subarray(size, size + take))];
        stream.size += take;
        this.#streams.set(csid, stream);
        if (stream.size === stream.length)
            this.#complete(stream, csid, messages);
        return size + take;
    }

    // All three headers, or null if they are not complete.  `stream` is a copy, with what they say.
    #readHeader(bytes) {
        if (bytes.length < 1)
            return null;
        const format = bytes[0] >> 6;
        const basicSize = { 0: 2, 1: 3 }[bytes[0] & 0x3f] ?? 1;
        let size = basicSize + [11, 7, 3, 0][format];
        if (bytes.length < size)
            return null;
        const csid = basicSize === 1 ? bytes[0] & 0x3f : 64 + bytes[1] + (basicSize === 3 ? bytes[2] * 256 : 0);
        const before = this.#streams.get(csid);
        assert.ok(before || format === 0, `chunk stream ${csid} begins with format ${format}`);
        const stream = { timestamp: 0, parts: [], size: 0, ...before };
        if (format <= 2)
            stream.field = bytes.readUIntBE(basicSize, 3);
        if (format <= 1) {
            stream.length = bytes.readUIntBE(basicSize + 3, 3);
            stream.type = bytes[basicSize + 6];
        }
        if (format === 0)
            stream.msid = bytes.readUInt32LE(basicSize + 7);
        let time = stream.field;
        if (stream.field === EXTENDED) {
            if (bytes.length < size + 4)
                return null;
            time = bytes.readUInt32BE(size);
            size += 4;
        }
        return { format, csid, size, stream, time };
    }

    #complete(stream, csid, messages) {
        const { type, msid, timestamp } = stream;
        const body = stream.parts.length === 1 ? stream.parts[0] : Buffer.concat(stream.parts);
        stream.parts = [];
        stream.size = 0;
        if (type === 1)
            this.chunkSize = body.readUInt32BE();
        if (type === 2) {
            const aborted = this.#streams.get(body.readUInt32BE());
            Object.assign(aborted ?? {}, { parts: [], size: 0 });
        }
        messages.push({ type, msid, csid, timestamp, body });
    }
}
