import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecIn } from '../src/player/live_player.ts';
import { shortAgent } from '../src/monitor/viewer_table.ts';
import { accessOf, ffmpegLine, httpUrl, obsLines, rtmpUrl, streamPathOf, wsUrl } from '../src/player/urls.ts';

const place = { host: 'example.org:8000', secure: false, rtmpPort: 1935 };

test('a path, from what people type', () => {
    for (const text of ['/live/show', 'live/show', 'show', ' live/show ', 'live/show.flv', 'rtmp://host/live/show?sign=1', '/live/show/',
                        'https://host:8443/live/show.flv?a=b#c', 'ws://host/live/show.flv'])
        assert.equal(streamPathOf(text), '/live/show', text);
    assert.equal(streamPathOf('http://host/live/caf%C3%A9.flv'), '/live/café');
    for (const text of ['', ' ', '/', 'live//show', 'live/../show', 'live/.show', 'rtmp://host'])
        assert.equal(streamPathOf(text), null, text);
});

test('a sign, from what people paste', () => {
    assert.equal(accessOf('1700000000-0123abcd'), 'sign=1700000000-0123abcd');
    assert.equal(accessOf(' sign=v2.1.play.0.abc '), 'sign=v2.1.play.0.abc');
    assert.equal(accessOf('?sign=1&token=2'), 'sign=1&token=2');
    assert.equal(accessOf('http://host/live/show.flv?sign=1#x'), 'sign=1');
    assert.equal(accessOf(''), '');
});

test('addresses', () => {
    const options = { access: 'sign=1', video: '1', audio: 'none', start: 'live' };
    assert.equal(httpUrl(place, '/live/a b', options), 'http://example.org:8000/live/a%20b.flv?sign=1&video=1&audio=none&start=live');
    assert.equal(wsUrl({ ...place, secure: true }, '/live/show', { start: 'gop' }), 'wss://example.org:8000/live/show.flv');
    assert.equal(rtmpUrl(place, '/live/show'), 'rtmp://example.org/live/show');
    assert.equal(rtmpUrl({ ...place, host: '[::1]:8000', rtmpPort: 1940 }, '/live/show'), 'rtmp://[::1]:1940/live/show');
    assert.deepEqual(obsLines(place, '/live/show', 'sign=1'), { server: 'rtmp://example.org/live', key: 'show?sign=1' });
    assert.match(ffmpegLine(place, '/live/show', 'sign=1&x=2'), / -f flv 'rtmp:\/\/example\.org\/live\/show\?sign=1&x=2'$/);
});

test('the codec that an error speaks of', () => {
    assert.equal(codecIn('Flv: Unsupported codec in video frame: vp09'), 'vp09');
    assert.equal(codecIn('Flv: Unsupported codec in video frame: 2'), 'H.263');
    assert.equal(codecIn('Flv: Unsupported audio codec idx: 7'), 'G.711 A-law');
    assert.equal(codecIn("The type provided ('video/mp4;codecs=hvc1.1.6.L93.90') is unsupported."), 'hvc1.1.6.L93.90');
    assert.equal(codecIn('it broke'), '');
});

test('user agents', () => {
    assert.equal(shortAgent('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'), 'Chrome 131');
    assert.equal(shortAgent('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Edg/131.0'), 'Edge 131');
    assert.equal(shortAgent('Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1'), 'Safari 17');
    assert.equal(shortAgent('Lavf/59.27.100'), 'FFmpeg 59.27.100');
    assert.equal(shortAgent('FMLE/3.0 (compatible; Lavf59.27.100)'), 'FFmpeg 59.27.100');
    assert.equal(shortAgent(null), '–');
});
