// flv.mjs - FLV files (Video File Format Specification 10.1, annex E): read, written, compared.
//
// A tag is { type, timestamp, body }, the same that an RTMP message is to its receiver.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decode } from './amf.mjs';

export const AUDIO = 8;
export const VIDEO = 9;
export const SCRIPT = 18;

const KINDS = { [AUDIO]: 'audio', [VIDEO]: 'video', [SCRIPT]: 'script' };
const HEADER_SIZE = 9;
const TAG_HEADER_SIZE = 11;

// Takes bytes as they come; complains about everything that is not as it should be.
export class FlvReader {
    header = null;              // { flags }
    tags = [];
    #pending = Buffer.alloc(0);
    #previousSize = 0;
    #needPreviousSize = true;

    constructor(onTag = () => {}) {
        this.onTag = onTag;
    }

    push(bytes) {
        this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
        while (this.#step())
            continue;
    }

    #take(size) {
        const taken = this.#pending.subarray(0, size);
        this.#pending = this.#pending.subarray(size);
        return taken;
    }

    #step() {
        if (this.header === null)
            return this.#readHeader();
        return this.#needPreviousSize ? this.#readPreviousSize() : this.#readTag();
    }

    #readHeader() {
        if (this.#pending.length < HEADER_SIZE)
            return false;
        const bytes = this.#take(HEADER_SIZE);
        assert.equal(bytes.toString('latin1', 0, 3), 'FLV', 'the signature');
        assert.equal(bytes[3], 1, 'the version');
        assert.equal(bytes.readUInt32BE(5), HEADER_SIZE, 'the header size');
        this.header = { flags: bytes[4] };
        return true;
    }

    #readPreviousSize() {
        if (this.#pending.length < 4)
            return false;
        assert.equal(this.#take(4).readUInt32BE(), this.#previousSize, 'PreviousTagSize');
        this.#needPreviousSize = false;
        return true;
    }

    #readTag() {
        if (this.#pending.length < TAG_HEADER_SIZE)
            return false;
        const size = this.#pending.readUIntBE(1, 3);
        if (this.#pending.length < TAG_HEADER_SIZE + size)
            return false;
        const bytes = this.#take(TAG_HEADER_SIZE + size);
        const tag = {
            type: bytes[0],
            timestamp: bytes.readUIntBE(4, 3) + bytes[7] * 0x1000000,
            body: bytes.subarray(TAG_HEADER_SIZE),
        };
        assert.ok(tag.type in KINDS, `the tag type ${tag.type}`);
        assert.equal(bytes.readUIntBE(8, 3), 0, 'the stream id');
        this.#previousSize = bytes.length;
        this.#needPreviousSize = true;
        this.tags.push(tag);
        this.onTag(tag);
        return true;
    }

    // Bytes of a tag that has not come whole.
    get rest() {
        return this.#pending.length;
    }

    // The stream may end here.
    assertWhole() {
        assert.equal(this.#pending.length, 0, 'bytes of an unfinished tag at the end');
        assert.equal(this.#needPreviousSize, false, 'the last PreviousTagSize is missing');
    }
}

export function readFlv(file) {
    const reader = new FlvReader();
    reader.push(readFileSync(file));
    return reader;
}

export function writeTag({ type, timestamp, body }) {
    const bytes = Buffer.alloc(TAG_HEADER_SIZE + body.length + 4);
    bytes[0] = type;
    bytes.writeUIntBE(body.length, 1, 3);
    bytes.writeUIntBE(timestamp & 0xffffff, 4, 3);
    bytes[7] = timestamp >>> 24;
    body.copy(bytes, TAG_HEADER_SIZE);
    bytes.writeUInt32BE(TAG_HEADER_SIZE + body.length, bytes.length - 4);
    return bytes;
}

export function writeFlv(tags, flags = 5) {
    const header = Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
    return Buffer.concat([header, ...tags.map(writeTag)]);
}

export const isAudio = tag => tag.type === AUDIO;
export const isVideo = tag => tag.type === VIDEO;
export const isScript = tag => tag.type === SCRIPT;

const isAvc = tag => isVideo(tag) && (tag.body[0] & 0x0f) === 7;
const isAac = tag => isAudio(tag) && tag.body[0] >> 4 === 10;

export const isSequenceHeader = tag => (isAvc(tag) || isAac(tag)) && tag.body[1] === 0;
export const isAvcEnd = tag => isAvc(tag) && tag.body[1] === 2;
export const isFrame = tag => !isScript(tag) && !isSequenceHeader(tag) && !isAvcEnd(tag);
export const isKeyframe = tag => isVideo(tag) && isFrame(tag) && tag.body[0] >> 4 === 1;

// What a script tag says: [name, value].
export function scriptOf(tag) {
    return decode(tag.body);
}

// One digest over the bodies, in order, each with its size.
export function digest(tags) {
    const hash = createHash('sha256');
    for (const tag of tags) {
        hash.update(`${tag.body.length}:`);
        hash.update(tag.body);
    }
    return hash.digest('hex');
}

// The frames of each kind as a decoder gets them: how many, and their digest.  Headers are left out,
// because programs that read and write FLV move and repeat them; so is a video frame's composition
// time, which they count anew when decoding times began below zero.
export function framesOf(tags) {
    const elementary = (isKind, headSize) => {
        const units = tags.filter(tag => isKind(tag) && isFrame(tag))
            .map(tag => ({ body: tag.body.subarray(headSize) }));
        return { count: units.length, digest: digest(units) };
    };
    return { audio: elementary(isAudio, 1), video: elementary(isVideo, 5) };
}

// The bodies of both tracks, headers included, are the same and in the same order.
export function assertSameTracks(got, expected, who) {
    for (const [kind, isKind] of [['audio', isAudio], ['video', isVideo]]) {
        const ours = got.filter(isKind), theirs = expected.filter(isKind);
        assert.equal(ours.length, theirs.length, `${who}: the count of ${kind} tags`);
        const wrong = ours.findIndex((tag, i) => !tag.body.equals(theirs[i].body));
        assert.equal(wrong, -1, `${who}: ${kind} tag ${wrong} of ${ours.length} differs`);
    }
}

// Decoding times never go back within a track.
export function assertMonotonic(tags, who) {
    const last = {};
    for (const tag of tags) {
        if (isScript(tag))
            continue;
        assert.ok(!(last[tag.type] > tag.timestamp),
                  `${who}: ${KINDS[tag.type]} goes back from ${last[tag.type]} to ${tag.timestamp} ms`);
        last[tag.type] = tag.timestamp;
    }
}
