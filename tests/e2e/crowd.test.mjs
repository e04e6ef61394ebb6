// crowd.test.mjs - two hundred viewers, over every protocol, of a stream whose publisher is killed, comes
// back, comes back as another, and is replaced: nobody is disconnected, and all see one stream.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { frames, headers, VIDEO_HEADER, videoHeaderTag, videoTag } from './lib/canned.mjs';
import { assertMonotonic, AUDIO, isAudio, isScript, isSequenceHeader, isVideo, VIDEO, writeTag } from './lib/flv.mjs';
import { openFlvPublisher } from './lib/flv_publishers.mjs';
import { connectHttp2, Http2Viewer } from './lib/http2.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { chunkMessage } from './lib/rtmp_chunk.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { openViewers } from './lib/viewers.mjs';

const PATH = '/live/stream';
const COUNT = 25, FRAME_MS = 40;

const tag = (type, timestamp, text, hex = '') =>
    ({ type, timestamp: timestamp >>> 0, body: Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(hex, 'hex')]) });

// HEVC and Opus, by a clock that is about to wrap.
function enhanced(start_ms) {
    const tags = [tag(VIDEO, 0, '\x90hvc1', '0101600000'), tag(AUDIO, 0, '\x90OpusOpusHead')];
    for (let i = 0; i < COUNT; i++) {
        const time = start_ms + i * FRAME_MS;
        tags.push(tag(VIDEO, time, `${i === 0 ? '\x91' : '\xa1'}hvc1\0\0\0${i}`), tag(AUDIO, time - 15, `\x91Opus${i}`));
    }
    return tags;
}

// Another picture, as far as its header says.
function other(options) {
    const [metadata, , sound] = headers(), header = { ...videoHeaderTag(), body: Buffer.from(VIDEO_HEADER) };
    header.body[8] = 31; // the level
    return [metadata, header, sound, ...frames(options)];
}

const life = { count: COUNT, gop: COUNT, frame_ms: FRAME_MS };
const LIVES = [
    [...headers(), ...frames({ ...life, start_ms: 9000 })],
    [...headers(), ...frames({ ...life, first: 100 })],
    enhanced(0xffffffff - 500),
    other({ ...life, first: 300, start_ms: 70000 }),
];

// Nothing is wrong with this encoder but that it is gone in the middle of a frame.
async function publishAndDie(t, server, tags, die) {
    const client = await openPublisher(t, server, PATH);
    sendTags(client, tags);
    await client.settled();
    const frame = chunkMessage({ ...videoTag(99, 20000, { size: 30000 }), msid: client.msid, csid: 5 }, { chunkSize: 4096 });
    die(client.socket, frame.subarray(0, 9000));
    await client.ended;
}

async function openCrowd(t, server) {
    const session = await connectHttp2(t, server);
    const http2 = Array.from({ length: 8 }, () => new Http2Viewer(session, PATH));
    const plain = Array.from({ length: 60 }, () => openViewers(t, server, PATH)).flat();
    const secure = Array.from({ length: 4 }, () => openViewers(t, server.secure, PATH)).flat();
    await server.viewersCame(PATH, 200, 20000);
    return { http2, sockets: [...plain, ...secure] };
}

const media = tags => tags.filter(each => !isScript(each));
const bodies = (tags, isKind) => tags.filter(isKind).map(({ body }) => body.toString('hex'));
const digest = tags => createHash('sha1').update(Buffer.concat(media(tags).map(writeTag))).digest('hex');
const isHeader = each => isSequenceHeader(each) || each.body[0] === 0x90;
const times = (tags, isKind) => tags.filter(each => isKind(each) && !isHeader(each)).map(({ timestamp }) => timestamp);

// Sound is as far from its picture as its publisher has it, pictures as far from each other.
function assertTogether(got, sent) {
    const pictures = times(got, isVideo), sound = times(got, isAudio);
    const sentPictures = times(sent, isVideo), sentSound = times(sent, isAudio);
    assert.equal(pictures.length, LIVES.length * COUNT);
    pictures.forEach((time, i) => {
        const shift = sound[i] - time - ((sentSound[i] - sentPictures[i]) | 0);
        assert.ok(Math.abs(shift) <= FRAME_MS, `the sound of frame ${i} is shifted by ${shift} ms`);
        if (i % COUNT > 0)
            assert.equal(time - pictures[i - 1], FRAME_MS);
    });
}

it('two hundred viewers, and four publishers one after the other', { timeout: 60000 }, async t => {
    const server = await startTlsServer(t, { 'publish.resume_s': 30, 'publish.takeover': 'replace' });
    const { http2, sockets } = await openCrowd(t, server);
    await publishAndDie(t, server, LIVES[0], (socket, half) => socket.end(half));
    await publishAndDie(t, server, LIVES[1], socket => socket.resetAndDestroy());
    const yields = await openPublisher(t, server, PATH);
    sendTags(yields, LIVES[2]);
    await yields.settled();
    const last = await openFlvPublisher(t, server, 'ws', PATH);
    last.sendTags(LIVES[3]);
    await yields.waitClosed();

    const sent = media(LIVES.flat()), all = [...sockets, ...http2], [witness] = sockets;
    assert.equal(all.length, 200);
    for (const viewer of all)
        await viewer.until(() => media(viewer.tags).length >= sent.length, () => `${viewer.name}: all tags`);
    for (const isKind of [isVideo, isAudio])
        assert.deepEqual(bodies(witness.tags, isKind), bodies(sent, isKind));
    assertMonotonic(witness.tags, witness.name);
    assertTogether(witness.tags, sent);
    for (const viewer of all)
        assert.equal(digest(viewer.tags), digest(witness.tags), `${viewer.name} sees what the others see`);
    assert.ok(sockets.every(viewer => viewer.isConnected() && !viewer.isOver) && http2.every(viewer => viewer.code === null));
    assert.ok(!server.log.some(line => /stop play/.test(line.message)));
});
