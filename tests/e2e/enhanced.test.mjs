// enhanced.test.mjs - enhanced RTMP: codecs by FourCC, several tracks, and what a viewer may choose.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { frames, headers, metadataTag } from './lib/canned.mjs';
import { enhancedFilm, FILMS, publishEnhanced, readEnhanced, vp8Film } from './lib/enhanced.mjs';
import {
    assertMonotonic, AUDIO, isFrame, isKeyframe, isScript, isVideo, scriptOf, VIDEO, writeFlv,
} from './lib/flv.mjs';
import { fetchOnce } from './lib/http.mjs';
import { probe, temporaryFolder } from './lib/media.mjs';
import { run } from './lib/process.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { isErrorStatus, RtmpClient } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/film';

const urls = (server, query = '') => [server.rtmpUrl(PATH) + query, `${server.httpUrl(PATH)}.flv${query}`];
const kinds = tracks => tracks.map(({ codec, extradata }) => ({ codec, extradata }));

// Every packet of every track, with its time.
function assertAll(found, expected, who) {
    assert.deepEqual(kinds(found), kinds(expected), `${who}: the tracks`);
    found.forEach((track, i) =>
        assert.deepEqual(track.packets, expected[i].packets, `${who}: packets of ${track.codec}, track ${i}`));
}

// The last packets of every track; pictures from a keyframe on.
function assertRest(found, expected, who) {
    assert.deepEqual(kinds(found), kinds(expected), `${who}: the tracks`);
    found.forEach(({ codec, packets }, i) => {
        const all = expected[i].packets;
        assert.ok(packets.length > 0 && packets.length < all.length, `${who}: ${packets.length} of ${all.length}`);
        assert.deepEqual(packets, all.slice(-packets.length), `${who}: packets of ${codec}, track ${i}`);
        assert.ok(packets[0][3], `${who}: track ${i} begins with a keyframe`);
    });
}

describe('FFmpeg 8 publishes', { concurrency: 4 }, () => {
    for (const [name, { log }] of Object.entries(FILMS)) {
        it(`${name}: players get every packet, and those who come late the rest`, TEST, async t => {
            const server = await startServer(t), film = await enhancedFilm(name);
            const early = readEnhanced(t, urls(server)), witness = openViewer(t, server, 'ws', PATH);
            await server.viewersCame(PATH, 3);
            const publisher = publishEnhanced(t, film, server.rtmpUrl(PATH));
            await witness.until(() => witness.tags.filter(isVideo).some(tag => tag.timestamp > 1100), 'a second');
            const late = readEnhanced(t, urls(server));
            assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
            for (const found of await early.found())
                assertAll(found, film.tracks, 'a player');
            for (const found of await late.found())
                assertRest(found, film.tracks, 'a late player');
            for (const line of log)
                assert.equal(server.log.filter(({ message }) => line.test(message)).length, 1, `${line} in the log`);
        });
    }
});

// The film of several tracks, and viewers with choices.
async function playTracks(t, open) {
    const server = await startServer(t), film = await enhancedFilm('tracks');
    const opened = open(server);
    await server.viewersCame(PATH, opened.count);
    const publisher = publishEnhanced(t, film, server.rtmpUrl(PATH));
    assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
    return { server, film, opened };
}

describe('a viewer chooses', { concurrency: 3 }, () => {
    it('tracks, and gets them as if there were no others', TEST, async t => {
        const { film: { tracks: [, video, audio, audio1] }, opened } = await playTracks(t, server => ({
            second: readEnhanced(t, urls(server, '?video=1&audio=1')),
            sound: readEnhanced(t, urls(server, '?video=none&audio=0')),
            picture: readEnhanced(t, urls(server, '?audio=none&video=1')),
            flags: ['video=none', 'audio=none', 'audio=1'].map(query => openViewer(t, server, 'http', PATH, { query })),
            count: 9,
        }));
        for (const found of await opened.second.found())
            assertAll(found, [video, audio1], 'of the second tracks');
        for (const found of await opened.sound.found())
            assertAll(found, [audio], 'of sound');
        for (const found of await opened.picture.found())
            assertAll(found, [video], 'of a picture');
        assert.deepEqual(opened.flags.map(viewer => viewer.flags), [4, 1, 5]);
        for (const viewer of opened.flags)
            assertMonotonic(viewer.tags.filter(isVideo), viewer.name);
    });

    it('the plain form, which FFmpeg 5 plays', TEST, async t => {
        const folder = temporaryFolder(t);
        const { film, opened } = await playTracks(t, server => ({
            viewers: PROTOCOLS.map(protocol => openViewer(t, server, protocol, PATH, { query: 'plain=1' })),
            count: 3,
        }));
        const [video, , audio] = film.tracks;
        for (const viewer of opened.viewers) {
            await viewer.ended();
            const file = join(folder, `${viewer.protocol}.flv`), metadata = scriptOf(viewer.tags.find(isScript))[1];
            writeFileSync(file, writeFlv(viewer.tags));
            assert.deepEqual(await probe(file), {
                codecs: ['aac', 'h264'], packets: { h264: video.packets.length, aac: audio.packets.length },
            }, viewer.name);
            assert.deepEqual([metadata.width, metadata.videocodecid, metadata.audiocodecid], [192, 7, 10]);
            assert.ok(!('videoTrackIdInfoMap' in metadata), 'there is one track of each');
        }
    });

    it('HEVC with the codec id that Chinese CDNs gave it', TEST, async t => {
        const server = await startServer(t), film = await enhancedFilm('hevc_flac');
        const viewer = openViewer(t, server, 'http', PATH, { query: 'plain=cdn&audio=none' });
        await server.viewersCame(PATH, 1);
        const publisher = publishEnhanced(t, film, server.rtmpUrl(PATH));
        assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
        await viewer.ended();
        const [header, ...rest] = viewer.tags.filter(isVideo);
        assert.equal(header.body.subarray(0, 5).toString('hex'), '1c00000000');
        assert.equal(header.body[5], 1, 'an HEVCDecoderConfigurationRecord');
        assert.ok(rest.every(tag => (tag.body[0] & 0x0f) === 12));
        assert.equal(rest.filter(tag => tag.body[1] === 1).length, film.tracks[0].packets.length);
        assert.equal(scriptOf(viewer.tags.find(isScript))[1].videocodecid, 12);
        const again = openViewers(t, server, '/live/again'), encoder = await openPublisher(t, server, '/live/again');
        await server.viewersCame('/live/again', again.length);
        sendTags(encoder, viewer.tags);
        for (const each of again) {
            await each.count(viewer.tags.length);
            assert.deepEqual(bodies(each.tags), bodies(viewer.tags), 'encoders may say so, too');
        }
        await server.logged(/\/live\/again video 0: H265 Main .*192x108/);
    });

    it('to start with what comes next', TEST, async t => {
        const server = await startServer(t);
        const client = await publish(t, server, PATH, frames({ count: 15 }));
        const viewers = openViewers(t, server, PATH, { query: 'start=live' });
        const atOnce = openViewer(t, server, 'http', PATH, { query: 'start=gop' });
        assert.equal((await atOnce.tag(isKeyframe)).timestamp, 400, 'the newest there is');
        await server.viewersCame(PATH, 4);
        sendTags(client, frames({ count: 15, first: 15, start_ms: 600, gop: 0 }));
        await client.settled();
        assert.deepEqual(viewers.map(viewer => viewer.tags.length), [0, 0, 0]);
        sendTags(client, frames({ count: 5, first: 30, start_ms: 1200 }));
        for (const viewer of viewers) {
            const first = await viewer.tag(tag => isFrame(tag));
            assert.ok(isKeyframe(first), viewer.name);
            assert.equal(first.timestamp, 1200, viewer.name);
        }
    });

    it('nothing that makes no sense: it is told so', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 3 }));
        for (const [query, reason] of [['video=256', /video=/], ['audio=first', /audio=/], ['plain=yes', /plain=/],
                                       ['start=0', /start=/], ['video=1&video=2', /twice/],
                                       ['video=none&audio=none', /nothing/]]) {
            const answer = await fetchOnce(server.httpPort, `GET ${PATH}.flv?${query} HTTP/1.1`);
            assert.equal(answer.status, 400, query);
            assert.match(String(answer.body), reason);
            const client = await RtmpClient.ready(t, server.rtmpPort);
            client.command('play', [`film?${query}`, -2], { msid: client.msid });
            const status = await client.message(isErrorStatus);
            assert.equal(status.values[3].code, 'NetStream.Play.Failed');
            assert.match(status.values[3].description, reason);
        }
    });

    it('one of a bounded number of forms', TEST, async t => {
        const server = await startServer(t, { workers: 1 });
        await publish(t, server, PATH, frames({ count: 3 }));
        for (let track = 0; track < 16; track++)
            openViewer(t, server, 'rtmp', PATH, { query: `video=${track}` });
        await server.viewersCame(PATH, 16);
        const refused = await fetchOnce(server.httpPort, `GET ${PATH}.flv?video=16 HTTP/1.1`);
        assert.equal(refused.status, 503);
        await openViewer(t, server, 'http', PATH).tag(isKeyframe);
        await openViewer(t, server, 'http', PATH, { query: 'video=0' }).tag(isKeyframe);
    });
});

const body = (text, hex) => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(hex, 'hex')]);
// Configurations that encoders made; the samples of the unit tests are more of them.
const AV1_CONFIG = '81010c000a0b0000000cc4ff6736be4010';
const VVC_CONFIG = 'ff00111f010269000002d005000000028f0001002a0079000b0269000003001688014048802b49ff451918e00c42555aabd5' +
                   'eb33255a12e472d4565a323040900001000c008100000b4400a022241820';

const video = (text, hex = '') => ({ type: VIDEO, timestamp: 0, body: body(text, hex) });
const audio = (text, hex = '') => ({ type: AUDIO, timestamp: 0, body: body(text, hex) });
const bodies = tags => tags.filter(tag => !isScript(tag)).map(tag => tag.body.toString('latin1'));

// What late viewers need stands before the first keyframe, the rest behind it.
const STREAMS = {
    'a codec that nobody knows': [
        [video('\x90vp10', '0102'), audio('\x90xyz1', '03')],
        [video('\x91vp10', '04'), audio('\x91xyz1', '05'), video('\xa1vp10', '06')],
    ],
    'colours and channel layouts': [
        [video('\x90hvc1', '01'), video('\x94hvc1', '02000163'), audio('\x90Opus', '4f70757348656164'),
         audio('\x94Opus', '010200000003')],
        [video('\x91hvc1\0\0\0', '04'), audio('\x91Opus', 'fc'), video('\x94hvc1', '02000164'), video('\x99hvc1', '05')],
    ],
    'nanoseconds, and the ends of sequences': [
        [video('\x97\x02\x00\x00\x05\x00av01', '81000c00'), audio('\x97\x02\x00\x00\x07\x00mp4a', '1210')],
        [video('\x97\x02\x0f\x42\x3f\x01av01', '1200'), audio('\x97\x02\x00\x00\x09\x01mp4a', '21'), video('\x92av01'),
         audio('\x92mp4a')],
    ],
    'HEVC by a number': [
        [video('\x1c\0\0\0\0', '01'), video('\x96\x00av01\x01', '81000c00'), audio('\xaf\0', '1210')],
        [video('\x1c\x01\0\0\0', '02'), video('\x2c\x01\0\0\0', '03'), video('\x1c\x02\0\0\0')],
        [/video 0: H265/],
    ],
    'AV1 by a number': [
        [video('\x1d\0\0\0\0', AV1_CONFIG), audio('\xaf\0', '1190')],
        [video('\x1d\x01\0\0\0', '1200'), audio('\xaf\x01', '21'), video('\x2d\x01\0\0\x28', '1200'), video('\x1d\x02\0\0\0')],
        [/video 0: AV1 Main 2.1 640x360/, /audio 0: AAC LC 48000 Hz 2 channels/],
    ],
    'every number that FLV has': [
        [video('\x17\0\0\0\0', '0142c00bffe1'), audio('\xaf\0', '1210')],
        ['\x11', '\x22', '\x23', '\x24', '\x25', '\x26', '\x32'].map(head => video(head, '0102')).concat(
            Array.from({ length: 16 }, (_, format) => format).filter(format => ![9, 10].includes(format))
                .map(format => audio(String.fromCharCode(format << 4 | 15), '0102'))),
    ],
    'VVC and MP3': [
        [video('\x90vvc1', VVC_CONFIG), audio('\x90.mp3')],
        [video('\x91vvc1\xff\xff\xd8', '04'), audio('\x91.mp3', 'fffb9464'), video('\xa3vvc1', '05'), video('\x92vvc1'),
         audio('\x92.mp3')],
        [/video 0: H266 Main 10 6.3 720x1280$/, /audio 0: MP3 .*48000 Hz 2 channels$/],
    ],
    'VP8 and E-AC-3': [
        [video('\x90vp08'), audio('\x90ec-3')],
        [video('\x91vp08', '1000009d012ac0006c0000'), audio('\x91ec-3', '0b77011fb287c00021074878'), video('\xa1vp08', '31')],
        [/video 0: VP8 .*192x108$/, /audio 0: E-AC-3 32000 Hz 1 channel$/],
    ],
    'nanoseconds of several tracks': [
        [video('\x97\x02\x00\x00\x05\x06\x10vp09\x00\x00\x00\x01a\x01\x00\x00\x01b'),
         audio('\x97\x03\x0f\x42\x3f\xff\x05\x20mp4a\x00\x00\x00\x02\x12\x10Opus\x01\x00\x00\x08OpusHead')],
        [video('\x97\x02\x00\x00\x06\x17\x02\x00\x00\x07\x06\x01vp09\x01e'), video('\x97\x02\x00\x00\x07\x01vp09d'),
         audio('\x97\x02\x00\x00\x08\x05\x01Opus\x01f'), audio('\x97\xff\x00\xff\x00', `${'00'.repeat(255)}016d703461ff`)],
        [/video 1: VP9/, /audio 1: Opus/],
    ],
    'all forms of several tracks': [
        [video('\x96\x20vp09\x00\x00\x00\x01aav01\x07\x00\x00\x04\x81\x00\x0c\x00'), video('\x96\x04vp09\x00', '02000163'),
         audio('\x95\x10mp4a\x00\x00\x00\x02\x12\x10\xff\x00\x00\x02\x11\x90')],
        [video('\x96\x21vp09\x00\x00\x00\x01bav01\x07\x00\x00\x02\x12\x00'), video('\xa6\x11vp09\x00\x00\x00\x01c'),
         audio('\x95\x11mp4a\x00\x00\x00\x01d\xff\x00\x00\x01e'), audio('\x95\x21mp4a\x00\x00\x00\x01fmp4a\xff\x00\x00\x01g'),
         video('\xa6\x01av01\x07', '1200'), video('\x96\x12vp09\x00\x00\x00\x00'), video('\x96\x22av01\x07\x00\x00\x00'),
         audio('\x95\x02mp4a\xff')],
        [/video 0: VP9/, /video 7: AV1/, /audio 0: AAC LC 44100 Hz 2/, /audio 255: AAC LC 48000 Hz 2/],
    ],
    'tracks that share messages, and some that do not': [
        [video('\x96\x10vp09\x00\x00\x00\x01a\x01\x00\x00\x01b'), video('\x96\x00vp09\x01c'),
         audio('\x95\x20mp4a\x00\x00\x00\x02\x12\x10Opus\x01\x00\x00\x08OpusHead')],
        [video('\x96\x11vp09\x00\x00\x00\x01d\x01\x00\x00\x01e'), audio('\x95\x01Opus\x01f')],
    ],
};

function ivfHead(frame, time) {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(frame.length);
    head.writeUInt32LE(time, 4);
    return head;
}

describe('goes through unharmed', { concurrency: 3 }, () => {
    for (const [what, [first, rest, log = []]] of Object.entries(STREAMS)) {
        it(what, TEST, async t => {
            const server = await startServer(t), early = openViewers(t, server, PATH);
            await server.viewersCame(PATH, early.length);
            const client = await openPublisher(t, server, PATH);
            sendTags(client, [...first, ...rest]);
            await client.settled();
            const late = openViewers(t, server, PATH), sent = bodies([...first, ...rest]);
            for (const viewer of [...early, ...late]) {
                await viewer.count(sent.length);
                assert.deepEqual(bodies(viewer.tags), sent, viewer.name);
            }
            for (const line of log)
                await server.logged(line);
        });
    }

    it('a film in VP8: who comes late can decode it as well', TEST, async t => {
        const server = await startServer(t), { bytes, frames: pictures } = await vp8Film(), file = join(temporaryFolder(t), 'late.ivf');
        const tags = pictures.map((frame, i) =>
            ({ type: VIDEO, timestamp: 40 * i, body: Buffer.concat([Buffer.from(`${frame[0] & 1 ? '\xa1' : '\x91'}vp08`, 'latin1'), frame]) }));
        const early = openViewers(t, server, PATH);
        await server.viewersCame(PATH, early.length);
        const client = await openPublisher(t, server, PATH);
        sendTags(client, [metadataTag({ videocodecid: 0x76703038 }), ...tags.slice(0, 60)]);
        await client.settled();
        const late = openViewers(t, server, PATH);
        await Promise.all(late.map(viewer => viewer.tag(isVideo)));
        sendTags(client, tags.slice(60));
        for (const [viewers, expected] of [[early, tags], [late, tags.slice(50)]])
            for (const viewer of viewers) {
                await viewer.count(1 + expected.length);
                assert.deepEqual(bodies(viewer.tags), bodies(expected), viewer.name);
            }
        const seen = late[0].tags.filter(isVideo).map(tag => tag.body.subarray(5));
        writeFileSync(file, Buffer.concat([bytes.subarray(0, 32), ...seen.flatMap((frame, i) => [ivfHead(frame, i), frame])]));
        const { stderr } = await run('ffmpeg', ['-nostdin', '-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
        assert.equal(stderr, '');
        await server.logged(/video 0: VP8 .*192x108$/);
    });

    it('H.264 and AAC for a viewer who chooses what there is', TEST, async t => {
        const server = await startServer(t), tags = [...headers(), ...frames({ count: 20 })];
        const client = await openPublisher(t, server, PATH);
        const viewers = ['video=0&audio=0', 'plain=1', 'plain=cdn', 'start=gop']
            .map(query => openViewer(t, server, 'http', PATH, { query }));
        await server.viewersCame(PATH, viewers.length);
        sendTags(client, tags);
        for (const viewer of viewers) {
            await viewer.count(tags.length);
            assert.deepEqual(bodies(viewer.tags), bodies(tags), viewer.name);
            assert.equal(viewer.flags, 5);
        }
    });
});
