// canned.mjs - small streams made up on the spot: the headers are an encoder's, the frames carry
// their number and filler, which is all that a server needs to see.

import { EcmaArray, encode } from './amf.mjs';
import { AUDIO, SCRIPT, VIDEO } from './flv.mjs';

// H.264 Baseline, 160x90 at 25 frames a second, as x264 describes it.
export const VIDEO_HEADER = Buffer.from(
    '17000000000142c00bffe100186742c00bd9028df93011000003000100000300320f142a4801000568cb83cb20', 'hex');
// AAC-LC, 44100 Hz, stereo.
export const AUDIO_HEADER = Buffer.from('af001210', 'hex');

export const METADATA = {
    width: 160, height: 90, framerate: 25, videocodecid: 7, audiocodecid: 10, stereo: true,
};

export const metadataTag = (members = METADATA, timestamp = 0) =>
    ({ type: SCRIPT, timestamp, body: encode('onMetaData', new EcmaArray(members)) });
export const videoHeaderTag = (timestamp = 0) => ({ type: VIDEO, timestamp, body: VIDEO_HEADER });
export const audioHeaderTag = (timestamp = 0) => ({ type: AUDIO, timestamp, body: AUDIO_HEADER });

function payload(number, size) {
    const bytes = Buffer.alloc(Math.max(size, 8), number & 0xff);
    bytes.writeUInt32BE(number);
    return bytes;
}

// One access unit of one NAL unit, with its length before it (ISO 14496-15).
export function videoTag(number, timestamp, { keyframe = false, size = 200 } = {}) {
    const unit = Buffer.concat([Buffer.from([keyframe ? 0x65 : 0x41]), payload(number, size)]);
    const head = Buffer.from([keyframe ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(unit.length, 5);
    return { type: VIDEO, timestamp: timestamp >>> 0, body: Buffer.concat([head, unit]) };
}

export function audioTag(number, timestamp, { size = 60 } = {}) {
    const body = Buffer.concat([Buffer.from([0xaf, 1]), payload(number, size)]);
    return { type: AUDIO, timestamp: timestamp >>> 0, body };
}

export const numberOf = tag => tag.body.readUInt32BE(tag.type === VIDEO ? 10 : 2);

// `count` video frames, each `gop`th a keyframe from the first on (none if it is 0), with an audio frame
// after each; numbered from `first` and timed from `start_ms`.
export function frames({ count = 50, gop = 10, first = 0, start_ms = 0, frame_ms = 40, audio = true,
                         video = true, size = 200 } = {}) {
    const tags = [];
    for (let i = 0; i < count; i++) {
        const time = start_ms + i * frame_ms;
        if (video)
            tags.push(videoTag(first + i, time, { keyframe: gop > 0 && i % gop === 0, size }));
        if (audio)
            tags.push(audioTag(first + i, time + (video ? 5 : 0)));
    }
    return tags;
}

// What an encoder sends before its first frame.
export function headers({ audio = true, video = true } = {}) {
    const { videocodecid, width, height, framerate, audiocodecid, stereo } = METADATA;
    const picture = { width, height, framerate, videocodecid }, sound = { audiocodecid, stereo };
    const members = { ...(video && picture), ...(audio && sound) };
    return [metadataTag(members), ...(video ? [videoHeaderTag()] : []), ...(audio ? [audioHeaderTag()] : [])];
}
