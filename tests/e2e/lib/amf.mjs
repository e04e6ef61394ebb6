// amf.mjs - AMF0 (Adobe, Action Message Format AMF0), values in and out.
//
// Objects and ECMA arrays become plain objects; to send an ECMA array, wrap it in EcmaArray.
// Undefined is sent as undefined, null as null.

export class EcmaArray {
    constructor(members) {
        this.members = members;
    }
}

// Bytes that are already AMF.
export class Raw {
    constructor(bytes) {
        this.bytes = Buffer.from(bytes);
    }
}

function shortString(text) {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function number(value) {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
}

function string(value) {
    const bytes = Buffer.from(value);
    if (bytes.length <= 0xffff)
        return Buffer.concat([Buffer.from([2]), shortString(value)]);
    const head = Buffer.from([12, 0, 0, 0, 0]);
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
}

function uint32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
}

function members(object) {
    const parts = Object.entries(object).flatMap(([key, value]) => [shortString(key), encodeValue(value)]);
    return Buffer.concat([...parts, Buffer.from([0, 0, 9])]);
}

function encodeValue(value) {
    if (value instanceof Raw)
        return value.bytes;
    if (value === null)
        return Buffer.from([5]);
    if (value === undefined)
        return Buffer.from([6]);
    if (typeof value === 'number')
        return number(value);
    if (typeof value === 'boolean')
        return Buffer.from([1, value ? 1 : 0]);
    if (typeof value === 'string')
        return string(value);
    if (Array.isArray(value))
        return Buffer.concat([Buffer.from([10]), uint32(value.length), ...value.map(encodeValue)]);
    if (value instanceof EcmaArray)
        return Buffer.concat([Buffer.from([8]), uint32(Object.keys(value.members).length),
                              members(value.members)]);
    return Buffer.concat([Buffer.from([3]), members(value)]);
}

export function encode(...values) {
    return Buffer.concat(values.map(encodeValue));
}

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    take(size) {
        if (this.at + size > this.bytes.length)
            throw new Error(`AMF0 ends within a value: ${this.bytes.toString('hex')}`);
        this.at += size;
        return this.bytes.subarray(this.at - size, this.at);
    }

    string(lengthSize) {
        return this.take(this.take(lengthSize).readUIntBE(0, lengthSize)).toString();
    }

    members() {
        const object = {};
        for (;;) {
            const key = this.string(2);
            if (key === '' && this.bytes[this.at] === 9) {
                this.at++;
                return object;
            }
            object[key] = this.value();
        }
    }

    value() {
        const marker = this.take(1)[0];
        switch (marker) {
        case 0: return this.take(8).readDoubleBE();
        case 1: return this.take(1)[0] !== 0;
        case 2: return this.string(2);
        case 3: return this.members();
        case 5: return null;
        case 6: return undefined;
        case 8: this.take(4); return this.members();
        case 10: return Array.from({ length: this.take(4).readUInt32BE() }, () => this.value());
        case 11: return new Date(this.take(10).readDoubleBE());
        case 12: return this.string(4);
        default: throw new Error(`AMF0 marker ${marker}`);
        }
    }
}

// All values in `bytes`.
export function decode(bytes) {
    const reader = new Reader(bytes);
    const values = [];
    while (reader.at < bytes.length)
        values.push(reader.value());
    return values;
}
