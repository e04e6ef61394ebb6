// libav.mjs - FFmpeg's current libraries, which speak enhanced RTMP as Debian's do not yet: a program
// of its own, since its calls block and a fault of native code is not to end the tests.
//
//   node libav.mjs copy FILE URL     writes FILE as FLV to URL, at the pace of its time if it is RTMP
//   node libav.mjs read URL...       reads each to its end and says what was in it, as JSON

import { createHash } from 'node:crypto';
import { FFmpegError, FormatContext, Packet, avGetCodecName } from 'node-av';

const PACE = 1.5;               // times as fast as real time

function check(code, what) {
    if (code < 0)
        throw new Error(`${what}: ${new FFmpegError(code).message}`);
    return code;
}

const milliseconds = (time, { num, den }) => Number(time) * 1000 * num / den;
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

async function forEachPacket(input, handle) {
    const packet = new Packet();
    packet.alloc();
    while (await input.readFrame(packet) >= 0) {
        await handle(packet, input.streams[packet.streamIndex]);
        packet.unref();
    }
}

async function openInput(url) {
    const input = new FormatContext();
    check(await input.openInput(url), `opening ${url}`);
    return input;
}

async function copy(file, url) {
    const input = await openInput(file), output = new FormatContext(), began = Date.now();
    check(await input.findStreamInfo(), 'reading the start');
    output.allocContext();
    check(output.allocOutputContext2(null, 'flv', url), 'making FLV');
    for (const { codecpar, timeBase } of input.streams) {
        const stream = output.newStream(null);
        check(codecpar.copy(stream.codecpar), 'copying parameters');
        stream.codecpar.codecTag = 0;
        stream.timeBase = timeBase;
    }
    check(await output.openOutput(), `opening ${url}`);
    check(await output.writeHeader(), 'writing headers');
    await forEachPacket(input, async (packet, stream) => {
        const wait = milliseconds(packet.dts, stream.timeBase) / PACE - (Date.now() - began);
        if (url.startsWith('rtmp') && wait > 0)
            await sleep(wait);
        packet.rescaleTs(stream.timeBase, output.streams[packet.streamIndex].timeBase);
        check(await output.interleavedWriteFrame(packet), 'writing a packet');
    });
    check(await output.writeTrailer(), 'writing the end');
    await output.closeOutput();
}

const digest = bytes => createHash('sha1').update(bytes).digest('hex').slice(0, 12);

// { codec, extradata, packets } of each stream, in the order in which they came up; a packet is
// [digest, dts, pts - dts, is it a keyframe].
async function read(url) {
    const input = await openInput(url), packets = [];
    await forEachPacket(input, (packet, stream) => {
        if (packet.data === null) // it has one for an empty SequenceStart
            return;
        const dts = milliseconds(packet.dts, stream.timeBase), pts = milliseconds(packet.pts, stream.timeBase);
        (packets[packet.streamIndex] ??= []).push([digest(packet.data), dts, pts - dts, packet.isKeyframe]);
    });
    return input.streams.map(({ codecpar }, i) => ({
        codec: avGetCodecName(codecpar.codecId),
        extradata: codecpar.extradata === null ? null : digest(codecpar.extradata),
        packets: packets[i] ?? [],
    }));
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'copy')
    await copy(...args);
else
    process.stdout.write(JSON.stringify(await Promise.all(args.map(read))));
process.exit(0);                // whatever is still open
