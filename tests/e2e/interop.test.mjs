// interop.test.mjs - other people's encoders and players: what goes in comes out, byte by byte.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { releaseOnly } from './lib/env.mjs';
import { assertMonotonic, assertSameTracks, framesOf, isAvcEnd, readFlv, writeFlv } from './lib/flv.mjs';
import { film, FILM_TRACKS, OLD_TRACKS, probe, temporaryFolder } from './lib/media.mjs';
import * as players from './lib/players.mjs';
import { openPublisher, sendPaced } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 90000 };
const FLAGS = { av: 5, audio: 4, video: 1, mp3: 4 };

// Enough of each protocol that both workers have some.
const openCrowd = (t, server, path) => [1, 2, 3].flatMap(() => openViewers(t, server, path));

async function assertViewersGot(viewers, expected, flags) {
    for (const viewer of viewers) {
        await viewer.ended(30000);
        assertSameTracks(viewer.tags, expected, viewer.name);
        assertMonotonic(viewer.tags, viewer.name);
        if (viewer.protocol !== 'rtmp')
            assert.equal(viewer.flags, flags, `${viewer.name}: the flags of the FLV header`);
    }
}

async function assertFileHasFrames(file, expected, who) {
    const { tags } = readFlv(file);
    assert.deepEqual(framesOf(tags), framesOf(expected), `${who}: the frames`);
    assertMonotonic(tags, who);
}

// Both rtmpdump and GStreamer ignore a video message of five bytes, such as the end of a sequence.
const withoutEnd = file => readFlv(file).tags.filter(tag => !isAvcEnd(tag));

// What ffprobe makes of the bytes that a viewer got.
async function assertProbed(folder, viewer, codecs) {
    const file = join(folder, `${viewer.protocol}.flv`);
    writeFileSync(file, writeFlv(viewer.tags, viewer.flags ?? 5));
    assert.deepEqual((await probe(file)).codecs, codecs, `${viewer.name}: the tracks that ffprobe finds`);
}

describe('ffmpeg publishes', { concurrency: 6 }, () => {
    for (const name of Object.keys(FILM_TRACKS)) {
        it(`${name}: every viewer that waits gets every byte`, TEST, async t => {
            const server = await startServer(t), folder = temporaryFolder(t), file = await film(name);
            const viewers = openCrowd(t, server, '/live/film');
            const over = { rtmp: join(folder, 'rtmp-ffmpeg.flv'), http: join(folder, 'http-ffmpeg.flv') };
            const programs = [players.ffmpegViewer(t, server.rtmpUrl('/live/film'), over.rtmp),
                              players.ffmpegViewer(t, server.httpUrl('/live/film.flv'), over.http)];
            await server.viewersCame('/live/film', viewers.length + programs.length);
            const publisher = players.ffmpegPublisher(t, file, server.rtmpUrl('/live/film'));
            assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
            const expected = readFlv(file).tags;
            await assertViewersGot(viewers, expected, FLAGS[name]);
            for (const program of programs)
                assert.equal((await program.finish(20000)).code, 0, program.stderr);
            for (const [protocol, got] of Object.entries(over))
                await assertFileHasFrames(got, expected, `ffmpeg over ${protocol}`);
            for (const protocol of PROTOCOLS)
                await assertProbed(folder, viewers.find(viewer => viewer.protocol === protocol), FILM_TRACKS[name]);
        });
    }

    // What FLV had before H.264, to the programs that know it.
    for (const [name, codecs] of Object.entries(OLD_TRACKS)) {
        it(`${name}: ffmpeg, rtmpdump, GStreamer and VLC get it`, { ...TEST, skip: releaseOnly }, async t => {
            const server = await startServer(t), folder = temporaryFolder(t), file = await film(name);
            const url = server.rtmpUrl('/live/film'), witness = openViewer(t, server, 'ws', '/live/film');
            const programs = {
                ffmpeg: players.ffmpegViewer(t, url, join(folder, 'ffmpeg')),
                rtmpdump: players.rtmpdumpViewer(t, url, join(folder, 'rtmpdump')),
                GStreamer: players.gstreamerViewer(t, url, join(folder, 'GStreamer')),
            };
            const vlc = players.vlcViewer(t, server.httpUrl('/live/film.flv'), folder, { decode: true });
            await server.viewersCame('/live/film', 5, 15000);
            const publisher = players.ffmpegPublisher(t, file, url), expected = readFlv(file).tags;
            assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
            await witness.ended();
            assertSameTracks(witness.tags, expected, witness.name);
            for (const [who, program] of Object.entries(programs)) {
                await program.finish(20000);
                await assertFileHasFrames(join(folder, who), expected, who);
            }
            assert.deepEqual((await probe(join(folder, 'rtmpdump'))).codecs, codecs);
            await vlc.program.finish(20000);
            const { packets } = await probe(vlc.file);
            assert.ok(Object.keys(packets).length === codecs.length && Object.values(packets).every(count => count > 0), 'VLC');
        });
    }

    it('ffprobe joins in the middle and finds exactly the tracks', TEST, async t => {
        const server = await startServer(t);
        const witness = openViewer(t, server, 'ws', '/live/film');
        players.ffmpegPublisher(t, await film('av'), server.rtmpUrl('/live/film'));
        await witness.count(80);
        const urls = [server.rtmpUrl('/live/film'), server.httpUrl('/live/film.flv')];
        for (const { codecs } of await Promise.all(urls.map(probe)))
            assert.deepEqual(codecs, FILM_TRACKS.av);
    });

    it('rtmpdump writes the publisher\'s tags', TEST, async t => {
        const server = await startServer(t), source = await film('av');
        const file = join(temporaryFolder(t), 'out.flv');
        const viewer = players.rtmpdumpViewer(t, server.rtmpUrl('/live/film'), file);
        await server.viewersCame('/live/film', 1);
        await players.ffmpegPublisher(t, source, server.rtmpUrl('/live/film')).finish(20000);
        await viewer.finish(20000);
        assertSameTracks(readFlv(file).tags, withoutEnd(source), 'rtmpdump');
    });

    it('GStreamer plays the publisher\'s tags', TEST, async t => {
        const server = await startServer(t), source = await film('av');
        const file = join(temporaryFolder(t), 'out.flv');
        const viewer = players.gstreamerViewer(t, server.rtmpUrl('/live/film'), file);
        await server.viewersCame('/live/film', 1);
        await players.ffmpegPublisher(t, source, server.rtmpUrl('/live/film')).finish(20000);
        await viewer.finish(20000);
        assertSameTracks(readFlv(file).tags, withoutEnd(source), 'GStreamer');
    });

    for (const protocol of ['http', 'rtmp']) {
        it(`VLC plays over ${protocol}`, { ...TEST, skip: releaseOnly }, async t => {
            const server = await startServer(t), source = await film('av');
            const url = protocol === 'http' ? server.httpUrl('/live/film.flv') : server.rtmpUrl('/live/film');
            const viewer = players.vlcViewer(t, url, temporaryFolder(t));
            await server.viewersCame('/live/film', 1, 15000);
            await players.ffmpegPublisher(t, source, server.rtmpUrl('/live/film')).finish(20000);
            await viewer.program.finish(20000);
            const { codecs, packets } = await probe(viewer.file), whole = (await probe(source)).packets;
            assert.deepEqual(codecs, FILM_TRACKS.av);
            for (const codec of codecs) // its own last frames VLC does not always write
                assert.ok(packets[codec] >= 0.9 * whole[codec], `${codec}: ${packets[codec]} of ${whole[codec]}`);
        });
    }
});

describe('others publish', { concurrency: 6 }, () => {
    it('GStreamer', TEST, async t => {
        const server = await startServer(t), source = await film('av');
        const viewers = openViewers(t, server, '/live/film');
        await server.viewersCame('/live/film', 3);
        const publisher = players.gstreamerPublisher(t, source, server.rtmpUrl('/live/film'), [
            'in.video ! queue ! h264parse ! video/x-h264,stream-format=avc ! out.',
            'in.audio ! queue ! aacparse ! out.',
        ]);
        assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
        const expected = framesOf(readFlv(source).tags);
        for (const viewer of viewers) {
            await viewer.ended();
            assert.deepEqual(framesOf(viewer.tags), expected, viewer.name);
            assertMonotonic(viewer.tags, viewer.name);
        }
    });

    it('our client, and ffmpeg, rtmpdump and GStreamer watch', TEST, async t => {
        const server = await startServer(t), folder = temporaryFolder(t), { tags } = readFlv(await film('av'));
        const url = server.rtmpUrl('/live/film');
        const programs = {
            ffmpeg: players.ffmpegViewer(t, url, join(folder, 'ffmpeg')),
            rtmpdump: players.rtmpdumpViewer(t, url, join(folder, 'rtmpdump')),
            GStreamer: players.gstreamerViewer(t, url, join(folder, 'GStreamer')),
        };
        const viewers = openCrowd(t, server, '/live/film');
        await server.viewersCame('/live/film', viewers.length + 3);
        const publisher = await openPublisher(t, server, '/live/film');
        await sendPaced(publisher, tags, { speed: 2 });
        await publisher.settled();
        publisher.end();
        await assertViewersGot(viewers, tags, 5);
        for (const [who, program] of Object.entries(programs)) {
            await program.finish(20000);
            await assertFileHasFrames(join(folder, who), tags, who);
        }
    });
});
