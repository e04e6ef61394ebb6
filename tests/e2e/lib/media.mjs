// media.mjs - test films, made with ffmpeg once for a machine, and the programs that play them.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { cleanup } from './cleanup.mjs';
import { root } from './env.mjs';
import { run } from './process.mjs';

const folder = join(root, 'build', 'e2e-media');
const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];
const SECONDS = 3;

const picture = (size, seconds = SECONDS) => ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`];
const tone = (hertz, seconds = SECONDS) => ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${hertz}:duration=${seconds}`];
const PICTURE = picture('192x108'), TONE = tone(44100), SMALL = picture('96x54');
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '25',
              '-sc_threshold', '0'];
const AAC = ['-c:a', 'aac', '-b:a', '64k', '-ac', '2'];
const MP3 = ['-c:a', 'libmp3lame', '-b:a', '64k', '-ac', '2'];

const FILMS = {
    av: [...PICTURE, ...TONE, ...H264, ...AAC],         // H.264 with B-frames, and AAC
    audio: [...TONE, ...AAC],
    video: [...PICTURE, ...H264],
    mp3: [...TONE, ...MP3],
    small: [...SMALL, ...TONE, ...H264, ...AAC],        // the same as av, smaller
};
// Shorter ones, in what FLV had before H.264.
const OLD = {
    sorenson_adpcm: [...picture('176x144', 2), ...tone(22050, 2), '-c:v', 'flv', '-g', '10', '-c:a', 'adpcm_swf'],
    screen_nellymoser: [...picture('160x120', 2), ...tone(22050, 2), '-c:v', 'flashsv', '-g', '10', '-c:a', 'nellymoser'],
    screen2_speex: [...picture('160x120', 2), ...tone(16000, 2), '-c:v', 'flashsv2', '-g', '10', '-c:a', 'libspeex'],
    alaw: [...tone(8000, 2), '-c:a', 'pcm_alaw'],
};
export const OLD_TRACKS = {
    sorenson_adpcm: ['adpcm_swf', 'flv1'], screen_nellymoser: ['flashsv', 'nellymoser'],
    screen2_speex: ['flashsv2', 'speex'], alaw: ['pcm_alaw'],
};
export const FILM_TRACKS = {
    av: ['aac', 'h264'], audio: ['aac'], video: ['h264'], mp3: ['mp3'],
};

async function makeFilm(name, file) {
    const first = `${file}.first`;
    await run('ffmpeg', [...FFMPEG, ...(FILMS[name] ?? OLD[name]), '-f', 'flv', first], { timeout_ms: 60000 });
    await run('ffmpeg', [...FFMPEG, '-i', first, '-c', 'copy', '-f', 'flv', file]);
    rmSync(first);
}

const made = new Map();

// The path of a file that `make` writes if it is not there.
export async function madeOnce(name, make) {
    const file = join(folder, name);
    if (!made.has(name))
        made.set(name, existsSync(file) ? Promise.resolve() : makeWhole(file, make));
    await made.get(name);
    return file;
}

// Whole or not at all, whoever else makes it.
async function makeWhole(file, make) {
    const draft = `${file}.${process.pid}`;
    mkdirSync(folder, { recursive: true });
    await make(draft);
    renameSync(draft, file);
}

// The path of a film, an FLV file that ffmpeg -c copy reproduces tag by tag.
export async function film(name) {
    return madeOnce(`${name}.flv`, file => makeFilm(name, file));
}

// ffmpeg's arguments to publish a film, at the pace of its time.
export function publishArgs(file, url) {
    return ['-nostdin', '-hide_banner', '-loglevel', 'warning', '-re', '-i', file, '-c', 'copy',
            '-f', 'flv', url];
}

// A folder that is gone after the test; everyone may write to it, since VLC does not run as root.
export function temporaryFolder(t) {
    const path = mkdtempSync(join(tmpdir(), 'millrace-'));
    chmodSync(path, 0o777);
    cleanup(t, () => rmSync(path, { recursive: true, force: true }));
    return path;
}

// What ffprobe finds: { codecs, packets: per stream }.
export async function probe(file) {
    const program = await run('ffprobe', ['-v', 'error', '-count_packets', '-show_entries',
                                          'stream=codec_name,codec_type,nb_read_packets', '-of', 'json', file]);
    const { streams } = JSON.parse(program.stdout);
    return {
        codecs: streams.map(stream => stream.codec_name ?? stream.codec_type).sort(),
        packets: Object.fromEntries(streams.map(stream => [stream.codec_name, Number(stream.nb_read_packets)])),
    };
}

// The command line for a program that refuses to run as root.
export function asOrdinaryUser(file, args) {
    if (process.getuid() !== 0)
        return [file, args];
    return ['setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/tmp', file, ...args]];
}
