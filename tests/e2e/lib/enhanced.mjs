// enhanced.mjs - films in codecs that FLV has no number for, or in several tracks, and FFmpeg's current
// libraries to publish and to play them.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { patience } from './env.mjs';
import { readFlv } from './flv.mjs';
import { madeOnce } from './media.mjs';
import { run, start } from './process.mjs';
import { openPublisher, sendPaced } from './publisher.mjs';

const LIBAV = join(dirname(fileURLToPath(import.meta.url)), 'libav.mjs');
const ENCODE = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];
// Its calls block a thread of the pool each.
const ENVIRONMENT = { env: { ...process.env, UV_THREADPOOL_SIZE: '16' } };

const picture = (size = '192x108') => ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=3`];
const tone = hertz => ['-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=48000:duration=3`];

const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-tag:v', 'hvc1',
              '-x265-params', 'keyint=25:min-keyint=25:scenecut=0:bframes=2:log-level=none'];
// mpegts.js 1.8 cannot read the frame headers of SVT-AV1.
const AV1 = ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-pix_fmt', 'yuv420p', '-g', '25'];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-pix_fmt', 'yuv420p', '-g', '25'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '25',
              '-sc_threshold', '0'];
const sound = (...codec) => ['-ac', '2', '-strict', '-2', '-c:a', ...codec];

// What is encoded, and what the server's log says of each track.
export const FILMS = {
    hevc_flac: {
        encode: [...picture(), ...tone(440), ...HEVC, ...sound('flac')],
        log: [/video 0: H265 Main [\d.]+ 192x108 25 fps$/, /audio 0: FLAC 48000 Hz 2 channels$/],
    },
    av1_opus: {
        encode: [...picture(), ...tone(440), ...AV1, ...sound('libopus')],
        log: [/video 0: AV1 Main [\d.]+ 192x108/, /audio 0: Opus.* 48000 Hz 2 channels$/],
    },
    vp9_dolby: {                // FLV has a number for MP3: only a further track of it has a FourCC
        encode: [...picture(), ...tone(440), '-map', '0:v', ...['1:a', '1:a', '1:a'].flatMap(track => ['-map', track]), ...VP9,
                 ...sound('ac3'), '-c:a:1', 'eac3', '-c:a:2', 'libmp3lame'],
        log: [/video 0: VP9 .*192x108/, /audio 0: AC-3 48000 Hz 2 channels$/, /audio 1: E-AC-3 48000 Hz 2 channels$/,
              /audio 2: MP3 .*48000 Hz 2 channels$/],
    },
    tracks: {
        encode: [...picture(), ...picture('96x54'), ...tone(440), ...tone(880), '-map', '0:v', '-map', '1:v',
                 '-map', '2:a', '-map', '3:a', ...H264, ...sound('aac'), '-c:a:1', 'libopus'],
        log: [/video 0: H264 .*192x108 25 fps$/, /video 1: H264 .*96x54 25 fps$/, /audio 0: AAC LC 48000 Hz 2/,
              /audio 1: Opus.* 48000 Hz/],
    },
};

// The frames of VP8, for which FFmpeg has no FLV: an IVF file, 40 ms each.
export async function vp8Film() {
    const file = await madeOnce('vp8.ivf', draft => run('ffmpeg', [
        ...ENCODE, ...picture(), '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25', '-f', 'ivf', draft,
    ]));
    const bytes = readFileSync(file), frames = [];
    for (let at = 32; at < bytes.length; at += 12 + frames.at(-1).length)
        frames.push(bytes.subarray(at + 12, at + 12 + bytes.readUInt32LE(at)));
    return { bytes, frames };
}

// { file, flv, tracks }: the film, what it is as FLV, and what a player finds in that.
export async function enhancedFilm(name) {
    const file = await madeOnce(`${name}.mp4`, draft =>
        run('ffmpeg', [...ENCODE, ...FILMS[name].encode, '-f', 'mp4', draft], { timeout_ms: 60000 * patience }));
    const flv = await madeOnce(`${name}.enhanced.flv`, draft =>
        run(process.execPath, [LIBAV, 'copy', file, draft], ENVIRONMENT));
    const tracks = await madeOnce(`${name}.json`, async draft =>
        writeFileSync(draft, JSON.stringify((await readAll([flv]))[0])));
    return { file, flv, tracks: JSON.parse(readFileSync(tracks, 'utf8')) };
}

async function readAll(urls) {
    const program = await run(process.execPath, [LIBAV, 'read', ...urls], ENVIRONMENT);
    return JSON.parse(program.stdout);
}

// Publishes the film again and again at the pace of its time, for who wants to see more of it than it has.
export async function publishEnhancedForever(t, film, server, path) {
    const { tags } = readFlv(film.flv), client = await openPublisher(t, server, path), length_ms = 3000;
    const begin = async () => {
        for (let shift = 0; !client.closed; shift += length_ms)
            await sendPaced(client, tags.map(tag => ({ ...tag, timestamp: tag.timestamp + shift })));
    };
    begin();
}

export function publishEnhanced(t, film, url) {
    return start(t, process.execPath, [LIBAV, 'copy', film.file, url], ENVIRONMENT);
}

// Plays all the URLs to their ends; found() is what was in each.
export function readEnhanced(t, urls) {
    const program = start(t, process.execPath, [LIBAV, 'read', ...urls], ENVIRONMENT);
    return {
        async found(ms = 20000) {
            const { code } = await program.finish(ms);
            if (code !== 0)
                throw new Error(`libav: ${program.stderr.slice(-2000)}`);
            return JSON.parse(program.stdout);
        },
    };
}
