// api_v1.test.mjs - the routes of Node Media Server's own API, as a script written against it uses them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANNA, BOB, bearer, call, callers } from './lib/api.mjs';
import { frames } from './lib/canned.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

// What a request of the script gets, in the envelope that all answers have.
async function ask(server, method, path, { status = 200, headers = ANNA, ...options } = {}) {
    const { json, ...answer } = await call(server, method, `/api/v1${path}`, { headers, ...options });
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    assert.equal(json.success, status === 200, answer.text);
    assert.equal(typeof json.message, 'string');
    assert.equal(typeof json.data, 'object');
    return json.data;
}

const askUntil = (server, path, passes) =>
    poll(async () => { const data = await ask(server, 'GET', path); return passes(data) && data; }, path);

describe('a script for Node Media Server', { concurrency: 2 }, () => {
    it('finds the server, its streams and its sessions', TEST, async t => {
        const server = await startServer(t, { 'auth.secret': 'secret', 'auth.play': true, ...callers() });
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const { status, version } = await ask(server, 'GET', '/health', { headers: {} });
        assert.equal(status, 'ok');
        const info = await ask(server, 'GET', '/info');
        assert.deepEqual([info.server.version, info.config.rtmp_port, info.config.rtmps_port, info.config.auth_enabled],
                         [version, server.rtmpPort, null, true]);

        const { token, user } = await ask(server, 'POST', '/login', {
            headers: {}, body: { username: 'anna', password: 'correct horse' } });
        assert.equal(user.username, 'anna');
        await ask(server, 'POST', '/login', { headers: {}, body: { username: 'anna', password: 'no' }, status: 401 });
        await ask(server, 'GET', '/streams', { headers: {}, status: 401 });

        const { streams, total } = await askUntil(server, '/streams', it => it.streams[0]?.publisher?.inBytes > 0);
        assert.equal(total, 1);
        const { key, app, name, status: state, publisher: own, recording } = streams[0];
        assert.deepEqual([key, app, name, state, recording], [PATH, 'live', 'stream', 'publishing', false]);
        assert.equal(own.ip, `127.0.0.1:${publisher.socket.localPort}`);
        assert.deepEqual([own.videoCodec, own.videoWidth, own.videoHeight, own.audioCodec, own.audioSamplerate, own.audioChannels],
                         [7, 160, 90, 10, 44100, 2]);
        assert.equal((await ask(server, 'GET', '/streams/live/stream', { headers: bearer(token) })).key, PATH);
        await ask(server, 'GET', '/streams/live/none', { status: 404 });

        const { signed, urls } = await ask(server, 'GET', '/streams/live/stream/urls?ttl=60');
        assert.ok(signed);
        assert.deepEqual(urls.map(url => url.protocol), ['rtmp', 'http-flv', 'ws-flv']);
        const query = new URL(urls[1].url).search.slice(1);
        const viewer = openViewer(t, server, 'http', PATH, { query });
        await viewer.frame(4);

        const { sessions } = await ask(server, 'GET', '/sessions', { headers: BOB });
        const watching = sessions.find(session => session.outBytes > 0 && session.name === 'stream' && !session.isPublisher);
        assert.equal(watching.ip, `127.0.0.1:${viewer.connection.socket.localPort}`);
        assert.ok(Math.abs(watching.createTime - Date.now()) < 60000);
        await ask(server, 'DELETE', `/sessions/${watching.id}`, { headers: BOB, status: 403 });
        assert.equal((await ask(server, 'DELETE', `/sessions/${watching.id}`)).id, watching.id);
        await viewer.ended();
        const stats = await askUntil(server, '/stats', it => it.sessions.publishers === 1 && it.network.outBytes > 0);
        assert.ok(stats.memory.rss > 0 && stats.server.pid === server.pid);
    });

    it('records, and finds and deletes what was recorded', TEST, async t => {
        const server = await startServer(t, { 'record.path': temporaryFolder(t), 'record.auto': false, ...callers() });
        const publisher = await publish(t, server, PATH, frames({ count: 30 }));
        const record = '/streams/live/stream/record';
        assert.equal((await ask(server, 'GET', record)).recording, false);
        await ask(server, 'POST', record);
        await ask(server, 'POST', record, { status: 400 });
        await askUntil(server, record, it => it.recording && it.filePath.includes('segment'));
        await ask(server, 'DELETE', record);
        const { items: [item] } = await askUntil(server, '/records?streamPath=/live/stream',
                                                 it => it.items[0]?.status === 'done');
        assert.deepEqual([item.app, item.name, item.id], ['live', 'stream', item.filePath.split('/').slice(-3).join('/')]);
        const page = await ask(server, 'GET', '/records');
        assert.deepEqual([page.count, page.totalSize, page.totalDuration], [1, item.size, item.duration]);
        assert.equal((await ask(server, 'GET', `/records/${item.id}`)).id, item.id);
        const file = await call(server, 'GET', `/api/v1/records/${item.id}/download`, { headers: ANNA });
        assert.equal(file.status, 200);
        assert.equal(Number(file.headers['content-length']), item.size);
        await ask(server, 'DELETE', `/records/${item.id}`, { status: 400 });
        assert.ok((await ask(server, 'DELETE', `/records/${item.id}?file=true`)).fileDeleted);
        await ask(server, 'GET', `/records/${item.id}`, { status: 404 });

        const viewer = openViewer(t, server, 'ws', PATH);
        await viewer.frame(29);
        publisher.close();
        await viewer.ended();
        const { items: [past] } = await askUntil(server, '/history', it => it.items[0]?.playCount === 1);
        assert.deepEqual([past.streamPath, past.protocol, past.inBytes], [PATH, 'rtmp', publisher.bytesWritten]);
    });
});
