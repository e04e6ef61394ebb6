// sse.test.mjs - events and statistics as Server-Sent Events.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frames } from './lib/canned.mjs';
import { releaseOnly } from './lib/env.mjs';
import { HookServer } from './lib/hooks.mjs';
import { connectHttp2 } from './lib/http2.mjs';
import { fetchOnce, HttpConnection } from './lib/http.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { EventClient } from './lib/sse.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

// So many events, each `size` bytes or so: who asks for a stream by HEAD is told as one who asks to play.
async function manyEvents(t, server, count, size = 100) {
    const connection = new HttpConnection(t, server.httpPort), batch = 100;
    for (let i = 0; i < count; i += batch) {
        let answers = 0;
        connection.write(`HEAD ${PATH}.flv?a=${'x'.repeat(size)} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(batch));
        await connection.until(() => {
            answers += connection.take().toString().split('\r\n\r\n').length - 1;
            return answers >= batch;
        }, 'answers');
    }
}

describe('Server-Sent Events', { concurrency: 4 }, () => {
    it('tell what happens, in order, and every second what is', TEST, async t => {
        const hooks = await HookServer.start(t);
        const server = await startServer(t, { 'notify.url': hooks.url() });
        const clients = await Promise.all([1, 2, 3].map(() => EventClient.open(t, server)));
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const viewer = openViewer(t, server, 'ws', PATH, { query: 'sign=x' });
        await viewer.count(3);
        publisher.close();
        for (const client of clients) {
            await client.event('donePublish');
            assert.deepEqual(client.names, ['prePublish', 'postPublish', 'prePlay', 'postPlay', 'donePublish']);
            assert.equal(client.retry, 3000);
            const ids = client.events.filter(({ id }) => id !== undefined).map(({ id }) => Number(id));
            assert.deepEqual(ids, ids.map((_, i) => ids[0] + i));
            assert.ok(Number.isSafeInteger(ids[0]));
            const { data } = await client.event('statistics', { passes: event => event.data.streams.length > 0 });
            assert.equal(data.streams[0].streamPath, PATH);
            assert.equal(data.server.pid, server.pid);
        }
        await hooks.request('donePublish');
        for (const { body, text } of hooks.requests) // the same bytes as a webhook's
            assert.ok(clients[0].events.some(event => event.text.endsWith(`data: ${text}`)), body.action);
        assert.ok(clients.every(({ events }) => events.every(({ text }) => !text.includes('sign=x') && !/"sign":"x"/.test(text))));
    });

    it('can be told of some only', TEST, async t => {
        const server = await startServer(t);
        const client = await EventClient.open(t, server, { query: 'types=donePublish,postPlay' });
        (await publish(t, server, PATH, frames({ count: 5 }))).close();
        await client.event('donePublish');
        assert.deepEqual(client.events.map(({ event }) => event), ['donePublish']);
        const response = await fetchOnce(server.httpPort, 'GET /api/events?types=donePublish,nonsense HTTP/1.1');
        assert.equal(response.status, 400);
        assert.match(response.body.toString(), /nonsense/);
    });

    it('go on behind the last that a client had, or say that they cannot', TEST, async t => {
        const server = await startServer(t);
        const first = await EventClient.open(t, server, { query: 'types=postPublish' });
        const begin = first.lastId;
        await openPublisher(t, server, '/live/a');
        await first.event('postPublish');
        first.close();
        await openPublisher(t, server, '/live/b');
        const second = await EventClient.open(t, server, { id: first.lastId });
        await second.event('postPublish');
        assert.deepEqual(second.named('prePublish', 'postPublish').map(({ data }) => [data.action, data.name]),
                         [['prePublish', 'b'], ['postPublish', 'b']]);
        const third = await EventClient.open(t, server, { query: `types=postPublish&lastEventId=${begin}` });
        await third.event('postPublish', { index: 1 });
        for (const id of ['1', 'nonsense', '99999999999999999999', String(Number(second.lastId) + 1)]) {
            const client = await EventClient.open(t, server, { id });
            const reset = await client.event('reset');
            assert.equal(client.events[0], reset);
            assert.equal(reset.id, second.lastId, id);
            client.close();
        }
    });

    it('are forgotten from the oldest on', TEST, async t => {
        const server = await startServer(t, { 'log.level': 'info' });
        await manyEvents(t, server, 1500);
        const last = Number((await EventClient.open(t, server, { query: 'types=takeover' })).lastId);
        await (await EventClient.open(t, server, { id: String(last - 1025) })).event('reset');
        const other = await EventClient.open(t, server, { id: String(last - 1024) });
        await other.until(() => other.names.length === 1024, () => `1024 events, not ${other.names.length}`);
        assert.deepEqual(other.named('prePlay').map(({ id }) => Number(id)), Array.from({ length: 1024 }, (_, i) => last - 1023 + i));
    });

    it('come over HTTP/2, and end with the server', TEST, async t => {
        const server = await startTlsServer(t);
        const session = await connectHttp2(t, server);
        const client = EventClient.overHttp2(session), plain = await EventClient.open(t, server.secure);
        await client.event('statistics');
        await publish(t, server, PATH, frames({ count: 5 }));
        await client.event('postPublish');
        await plain.event('postPublish');
        await server.stop();
        await client.until(() => client.ended, 'the end over HTTP/2');
        await plain.until(() => plain.ended, 'the end');
        assert.equal(client.stream.rstCode, 0);
        assert.equal(plain.connection.error, undefined);
    });

    it('are for so many clients at a time', TEST, async t => {
        const server = await startServer(t, { 'api.event_clients': 2 });
        const first = await EventClient.open(t, server);
        await EventClient.open(t, server);
        const refused = await fetchOnce(server.httpPort, 'GET /api/events HTTP/1.1');
        assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '3']);
        assert.equal((await fetchOnce(server.httpPort, 'HEAD /api/events HTTP/1.1')).status, 200);
        first.close();
        await poll(() => EventClient.open(t, server).catch(() => null), 'room for another');
    });

    it('are not kept for who does not listen, and do not bother who has nothing to hear', { ...TEST, skip: releaseOnly }, async t => {
        const server = await startServer(t, { 'delivery.stall_s': 1 });
        const idle = await EventClient.open(t, server, { query: 'types=takeover' });
        const deaf = await EventClient.open(t, server);
        deaf.connection.socket.pause();
        const before = server.residentSize();
        await manyEvents(t, server, 5000, 3500);
        server.assertGrownLess(before, 32 << 20);
        await server.logged(/closes: stalled: took nothing in time/);
        assert.equal(idle.ended, false);
    });

    it('end for who falls too far behind', { ...TEST, skip: releaseOnly }, async t => {
        const server = await startServer(t);
        const slow = await EventClient.open(t, server, { query: 'types=prePlay' });
        slow.connection.socket.pause();
        await manyEvents(t, server, 5000, 3500);
        slow.connection.socket.resume();
        await slow.until(() => slow.ended, 'the end');
        await server.logged(/closes: too slow: events were lost to it/);
        const ids = slow.events.map(({ id }) => Number(id));
        assert.deepEqual(ids, ids.map((_, i) => ids[0] + i), 'without a gap up to there');
    });

    it('have the form of Node Media Server under /api/v1', TEST, async t => {
        const server = await startServer(t);
        const client = await EventClient.open(t, server, { path: '/api/v1/events' });
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const { data, text } = await client.event('postPublish');
        assert.deepEqual(Object.keys(data), ['id', 'ip', 'app', 'name', 'streamPath', 'protocol', 'isPublisher', 'createTime', 'endTime', 'inBytes', 'outBytes']);
        assert.deepEqual([data.app, data.name, data.protocol, data.isPublisher, data.endTime], ['live', 'stream', 'rtmp', true, 0]);
        assert.ok(!/^id:/m.test(text));
        publisher.close();
        assert.ok((await client.event('donePublish')).data.endTime > 0);
        assert.equal(client.named('statistics').length, 0);
    });
});

describe('our own events', { concurrency: 4 }, () => {
    it('tell of takeovers and of switches to a backup and back', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'replace', 'publish.standby_after_ms': 100, 'publish.standby_return_s': 0 });
        const client = await EventClient.open(t, server);
        await publish(t, server, PATH, frames({ count: 5 }));
        const second = await publish(t, server, PATH, frames({ count: 5 }));
        const { data: takeover } = await client.event('takeover');
        await client.event('postPublish', { index: 1 });
        const sessions = client.named('takeover', 'postPublish', 'donePublish').map(({ event, data }) => [event, data.id]);
        assert.deepEqual(sessions.map(([event]) => event), ['postPublish', 'donePublish', 'takeover', 'postPublish']);
        assert.equal(sessions[3][1], takeover.id);
        const backup = await publish(t, server, `${PATH}?backup=1`, frames({ count: 5 }));
        second.close();
        await client.event('donePublish', { index: 1 }); // its last keyframe must not come before
        sendTags(backup, frames({ count: 12, first: 100, start_ms: 4000 }));
        const { data: standby } = await client.event('standby');
        assert.equal(standby.detail.backup, true);
    });

    it('tell of a publisher that stalls, before its end', TEST, async t => {
        const server = await startServer(t, { 'publish.timeout_s': 1 });
        const client = await EventClient.open(t, server);
        await openPublisher(t, server, '/live/silent');
        const { data: silent } = await client.event('stall', { passes: ({ data }) => data.name === 'silent' });
        assert.deepEqual([silent.detail.role, silent.reason], ['publisher', 'publisher is silent']);
        const { data: done } = await client.event('donePublish', { passes: ({ data }) => data.name === 'silent' });
        assert.equal(done.id, silent.id);
        assert.ok(client.names.indexOf('stall') < client.names.indexOf('donePublish'));
    });

    it('gather the skips of a slow viewer, and tell of its stall', TEST, async t => {
        const server = await startServer(t, { 'delivery.lag_bytes': 65536, 'delivery.stall_s': 1 });
        const client = await EventClient.open(t, server, { query: 'types=skip,stall,donePlay' });
        const publisher = await openPublisher(t, server, PATH);
        const viewer = openViewer(t, server, 'rtmp', PATH);
        await viewer.started;
        viewer.pauseReading();
        for (let at = 0; client.named('skip').length === 0 || at < 400; at += 10) {
            sendTags(publisher, frames({ count: 10, gop: 5, first: at, start_ms: at * 40, size: 100000, audio: false }));
            await publisher.settled();
        }
        const { data: done } = await client.event('donePlay');
        const skips = client.named('skip').map(({ data }) => data);
        assert.equal(skips.length, 2, JSON.stringify(skips.map(({ detail }) => detail)));
        assert.ok(skips.every(({ id, detail }) => id === done.id && detail.count >= 1 && detail.packets >= detail.count));
        assert.ok(skips[1].detail.count > 1);
        assert.deepEqual(client.names, ['skip', 'skip', 'stall', 'donePlay']);
        assert.equal(client.named('stall')[0].data.detail.role, 'viewer');
        assert.equal(done.reason, 'stalled: took nothing in time');
    });

    it('gather what was refused for a limit', TEST, async t => {
        const server = await startServer(t, { 'limits.viewers_per_stream': 1 });
        const client = await EventClient.open(t, server, { query: 'types=limit,donePlay,prePlay' });
        await publish(t, server, PATH, frames({ count: 5 }));
        await openViewer(t, server, 'http', PATH).count(3);
        for (let i = 0; i < 20; i++)
            await openViewer(t, server, 'http', PATH).refused();
        const { data } = await client.event('limit');
        await client.event('prePlay', { index: 20 });
        assert.equal(data.detail.limit, 'limits.viewers_per_stream');
        assert.ok(data.detail.count >= 1 && data.detail.count <= 20 && data.id === '' && data.streamPath === '');
        assert.equal(client.named('prePlay').length, 21);
        assert.equal(client.named('donePlay').length, 0);
    });
});
