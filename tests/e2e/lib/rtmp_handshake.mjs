// rtmp_handshake.mjs - the client's side of the RTMP handshake (RTMP 1.0, 5.2), and of the
// variant with digests that Flash Player introduced and encoders still use.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';

export const HANDSHAKE_SIZE = 1536;

const SUFFIX = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const CLIENT_KEY = Buffer.from('Genuine Adobe Flash Player 001');
const SERVER_KEY = Buffer.from('Genuine Adobe Flash Media Server 001');
const DIGEST_SIZE = 32;

const hmac = (key, ...parts) => parts.reduce((h, part) => h.update(part), createHmac('sha256', key)).digest();

// Where the digest lies: the two layouts put their offset, and it, into different halves.
function digestAt(packet, layout) {
    const base = layout === 0 ? 8 : 772;
    const sum = packet[base] + packet[base + 1] + packet[base + 2] + packet[base + 3];
    return sum % 728 + base + 4;
}

function digestOf(packet, at, key) {
    return hmac(key, packet.subarray(0, at), packet.subarray(at + DIGEST_SIZE));
}

// C1.  `layout` is undefined for the plain handshake, 0 or 1 for one with a digest.
export function makeC1(layout) {
    const c1 = randomBytes(HANDSHAKE_SIZE);
    c1.writeUInt32BE(0, 0);
    c1.writeUInt32BE(layout === undefined ? 0 : 0x80000702, 4);
    if (layout !== undefined) {
        const at = digestAt(c1, layout);
        digestOf(c1, at, CLIENT_KEY).copy(c1, at);
    }
    return c1;
}

// Whether S1 and S2 are right answers to this C1.
export function checkAnswer(c1, s1, s2, layout) {
    if (layout === undefined) {
        assert.ok(s2.subarray(8).equals(c1.subarray(8)), 'S2 echoes the random bytes of C1');
        return;
    }
    const digest = c1.subarray(digestAt(c1, layout)).subarray(0, DIGEST_SIZE);
    const at = digestAt(s1, layout);
    assert.ok(digestOf(s1, at, SERVER_KEY).equals(s1.subarray(at, at + DIGEST_SIZE)), 'the digest of S1');
    const key = hmac(Buffer.concat([SERVER_KEY, SUFFIX]), digest);
    const end = HANDSHAKE_SIZE - DIGEST_SIZE;
    assert.ok(hmac(key, s2.subarray(0, end)).equals(s2.subarray(end)), 'the digest of S2');
}

// C2, which the plain handshake makes an echo of S1.
export function makeC2(s1, layout) {
    if (layout === undefined)
        return Buffer.from(s1);
    const c2 = randomBytes(HANDSHAKE_SIZE);
    const at = digestAt(s1, layout);
    const key = hmac(Buffer.concat([CLIENT_KEY, SUFFIX]), s1.subarray(at, at + DIGEST_SIZE));
    const end = HANDSHAKE_SIZE - DIGEST_SIZE;
    hmac(key, c2.subarray(0, end)).copy(c2, end);
    return c2;
}
