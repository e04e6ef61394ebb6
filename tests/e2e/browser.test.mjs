// browser.test.mjs - mpegts.js in Chromium, over every way a page can play and with every codec that both
// know; what mpegts.js does not know the page itself takes out of FLV for the browser's decoder.

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openPage } from './lib/browser.mjs';
import { enhancedFilm, publishEnhancedForever } from './lib/enhanced.mjs';
import { releaseOnly } from './lib/env.mjs';
import { film, publishArgs, temporaryFolder } from './lib/media.mjs';
import { start } from './lib/process.mjs';
import { startTlsServer } from './lib/tls.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/film';

const PAGE = `<!doctype html><title>player</title><video muted></video><script src="mpegts.js"></script><script>
    const video = document.querySelector('video');
    function play(url) {
        const player = mpegts.createPlayer({ type: 'flv', isLive: true, url });
        player.on(mpegts.Events.ERROR, (...error) => { throw new Error(error.join(' ')); });
        player.attachMediaElement(video);
        player.load();
        return player.play();
    }
    function pixels(picture = video, width = video.videoWidth, height = video.videoHeight) {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [width, height];
        const context = canvas.getContext('2d');
        context.drawImage(picture, 0, 0);
        return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data).join();
    }

    // The tags of an FLV stream: { type, time, body }.
    async function* tagsOf(url) {
        const reader = (await fetch(url)).body.getReader();
        let bytes = new Uint8Array(), skip = 13;
        for (;;) {
            const size = bytes.length < skip + 11 ? Infinity : bytes[skip + 1] << 16 | bytes[skip + 2] << 8 | bytes[skip + 3];
            if (bytes.length < skip + 15 + size) {
                const { value, done } = await reader.read();
                if (done)
                    return;
                const joined = new Uint8Array(bytes.length + value.length);
                joined.set(bytes), joined.set(value, bytes.length);
                bytes = joined;
                continue;
            }
            const at = skip, time = bytes[at + 7] << 24 | bytes[at + 4] << 16 | bytes[at + 5] << 8 | bytes[at + 6];
            yield { type: bytes[at], time, body: bytes.subarray(at + 11, at + 11 + size) };
            bytes = bytes.subarray(at + 15 + size);
            skip = 0;
        }
    }

    // Decodes the first pictures of a stream of VP9: their size, and how many are unlike the one before.
    async function decode(url, codec, count) {
        const seen = { width: 0, height: 0, pictures: 0, moved: 0 };
        let last = '', fault = null;
        const decoder = new VideoDecoder({
            output(frame) {
                const now = pixels(frame, seen.width = frame.displayWidth, seen.height = frame.displayHeight);
                seen.pictures++;
                seen.moved += now !== last;
                last = now;
                frame.close();
            },
            error(error) { fault = error; },
        });
        decoder.configure({ codec });
        for await (const { type, time, body } of tagsOf(url)) {
            if (fault !== null)
                throw fault;
            if (seen.pictures >= count)
                return seen;
            if (type === 9 && (body[0] & 15) === 1)
                decoder.decode(new EncodedVideoChunk({ type: body[0] >> 4 === 9 ? 'key' : 'delta', timestamp: time * 1000, data: body.subarray(5) }));
        }
    }
</script>`;

function makePages(t) {
    const folder = temporaryFolder(t);
    const script = createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js');
    copyFileSync(script, join(folder, 'mpegts.js'));
    writeFileSync(join(folder, 'player.html'), PAGE);
    return folder;
}

async function publishForever(t, server) {
    const args = publishArgs(await film('av'), server.rtmpUrl(PATH));
    return start(t, 'ffmpeg', ['-stream_loop', '-1', ...args]);
}

async function assertPlays(tab, url) {
    await tab.evaluate(address => play(address), url);
    await tab.waitForFunction(() => video.currentTime > 0.5 && video.videoWidth > 0, null, { timeout: 30000 });
    const [first, time] = await tab.evaluate(() => [pixels(), video.currentTime]);
    await tab.waitForFunction(before => video.currentTime > before + 0.5, time, { timeout: 30000 });
    assert.notEqual(await tab.evaluate(() => pixels()), first, 'the picture moves');
    const seen = await tab.evaluate(() => ({ width: video.videoWidth, sound: video.webkitAudioDecodedByteCount }));
    assert.equal(seen.width, 192);
    assert.ok(seen.sound > 0, 'sound is decoded');
    assert.deepEqual(tab.faults, []);
}

describe('Chromium plays H.264 and AAC', { skip: releaseOnly }, () => {
    for (const [name, page, stream] of [
        ['http-flv', 'httpUrl', 'httpUrl'], ['ws-flv', 'httpUrl', 'wsUrl'],
        ['https', 'httpsUrl', 'httpsUrl'], ['wss', 'httpsUrl', 'wssUrl'],
    ])
        it(`over ${name}`, TEST, async t => {
            const server = await startTlsServer(t, { 'static.root': makePages(t) });
            await publishForever(t, server);
            const tab = await openPage(t, server[page]('/player.html'));
            await assertPlays(tab, server[stream](`${PATH}.flv`));
        });
});

// mpegts.js knows AV1, HEVC, Opus and FLAC; Debian's Chromium decodes HEVC only if the hardware does.
const HEVC = 'video/mp4; codecs="hvc1.1.6.L30.B0"';

// A page that cannot decode it gets what one needs that can: the configuration, then a keyframe.
async function assertDelivered(tab, url) {
    const tags = await tab.evaluate(async address => {
        const tags = [];
        for await (const { type, body } of tagsOf(address))
            if (tags.push([type, ...body.slice(0, 6)]) > 20)
                return tags;
    }, url);
    const heads = tags.filter(([type]) => type === 9).map(([, ...bytes]) => Buffer.from(bytes).toString('latin1'));
    assert.equal(heads[0], '\x90hvc1\x01');
    assert.match(heads[1], /^[\x91\x93]hvc1/);
}

describe('Chromium plays enhanced RTMP', { skip: releaseOnly }, () => {
    it('AV1 and Opus; VP9; HEVC and FLAC, or says that it cannot', TEST, async t => {
        const server = await startTlsServer(t, { 'static.root': makePages(t) });
        for (const name of ['av1_opus', 'vp9_dolby', 'hevc_flac'])
            await publishEnhancedForever(t, await enhancedFilm(name), server, `/live/${name}`);
        const tab = await openPage(t, server.httpUrl('/player.html'));
        const vp9 = tab.evaluate(url => decode(url, 'vp09.00.10.08', 30), server.httpUrl('/live/vp9_dolby.flv?audio=none'));
        await assertPlays(tab, server.wsUrl('/live/av1_opus.flv?plain=1'));
        const seen = await vp9;
        assert.deepEqual([seen.width, seen.height], [192, 108]);
        assert.ok(seen.pictures >= 30 && seen.moved >= 28, JSON.stringify(seen));
        const canHevc = await tab.evaluate(type => MediaSource.isTypeSupported(type), HEVC);
        t.diagnostic(`this Chromium ${canHevc ? 'decodes' : 'does not decode'} HEVC`);
        const url = `${canHevc ? server.wsUrl('') : server.httpUrl('')}/live/hevc_flac.flv?plain=1`;
        await (canHevc ? assertPlays : assertDelivered)(tab, url);
        assert.deepEqual(tab.faults, []);
    });
});
