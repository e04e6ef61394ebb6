// players.mjs - other people's programs as viewers and encoders.

import { join } from 'node:path';
import { asOrdinaryUser, publishArgs } from './media.mjs';
import { start } from './process.mjs';

const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'warning', '-y'];

export function ffmpegPublisher(t, file, url) {
    return start(t, 'ffmpeg', publishArgs(file, url));
}

// The same in the body of a POST, in chunks.
export function ffmpegPoster(t, file, url) {
    const args = publishArgs(file, url);
    return start(t, 'ffmpeg', [...args.slice(0, -1), '-method', 'POST', url]);
}

// GStreamer's own FLV muxer and RTMP client; `branches` are pipelines from the demuxer to the muxer.
export function gstreamerPublisher(t, file, url, branches) {
    return start(t, 'gst-launch-1.0', [
        '-q', '-e', 'filesrc', `location=${file}`, '!', 'flvdemux', 'name=in',
        'flvmux', 'name=out', 'streamable=true', 'skip-backwards-streams=true', '!',
        'rtmp2sink', `location=${url}`, 'sync=true', ...branches.flatMap(branch => branch.split(' ')),
    ]);
}

// Each of these writes what it gets to `file` and ends with the stream.

export function ffmpegViewer(t, url, file) {
    return start(t, 'ffmpeg', [...FFMPEG, '-i', url, '-c', 'copy', '-f', 'flv', file]);
}

export function rtmpdumpViewer(t, url, file) {
    return start(t, 'rtmpdump', ['--quiet', '--live', '--rtmp', url, '--flv', file]);
}

export function gstreamerViewer(t, url, file) {
    return start(t, 'gst-launch-1.0', ['-q', 'rtmp2src', `location=${url}`, '!', 'filesink', `location=${file}`]);
}

// VLC takes the stream apart and packs the frames into a transport stream; or it decodes them, and
// packs what it sees and hears into a file that has room for that.
export function vlcViewer(t, url, folder, { decode = false } = {}) {
    const kind = decode ? 'avi' : 'ts', file = join(folder, `vlc.${kind}`);
    const chain = `${decode ? 'transcode{vcodec=mp4v,acodec=s16l}:' : ''}std{access=file,mux=${kind},dst=${file}}`;
    const [program, args] = asOrdinaryUser('cvlc', ['--quiet', '--no-interact', '--play-and-exit', `--sout=#${chain}`, url]);
    return { file, program: start(t, program, args) };
}
