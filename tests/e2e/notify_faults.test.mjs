// notify_faults.test.mjs - webhooks that do not do what they should, and receivers that are not there.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { ask } from './lib/access.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { frames } from './lib/canned.mjs';
import { HookServer } from './lib/hooks.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { openPublisher, publish } from './lib/publisher.mjs';
import { RtmpClient } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { makeCertificate } from './lib/tls.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';
const only = (url, events, more = {}) => ({ 'notify.hooks': JSON.stringify([{ url, events, ...more }]), 'play.wait_s': 0 });

// A port that takes connections and says nothing, and one where nobody listens.
async function deadPorts(t) {
    const hole = net.createServer(socket => socket.on('error', () => {}).resume()), gone = net.createServer();
    for (const server of [hole, gone])
        await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    const ports = { hole: hole.address().port, gone: gone.address().port };
    cleanup(t, () => new Promise(resolve => hole.close(resolve)));
    await new Promise(resolve => gone.close(resolve));
    return ports;
}

describe('a webhook that fails', { concurrency: 6 }, () => {
    for (const [what, broken] of Object.entries({
        'nobody listens': ({ gone }) => `http://127.0.0.1:${gone}/`,
        'nobody answers': ({ hole }) => `http://127.0.0.1:${hole}/`,
        'no TLS is spoken': ({ hole }) => `https://127.0.0.1:${hole}/`,
        'no such name is known': () => 'http://no-such-host.invalid/',
        'the status is 500': (_, hooks) => hooks.url('/500'),
        'it redirects': (_, hooks) => hooks.url('/302'),
        'it is busy': (_, hooks) => hooks.url('/429'),
        'the answer has no end': (_, hooks) => hooks.url('/endless'),
    }))
        it(`refuses where ${what}, or allows as notify.on_error says`, TEST, async t => {
            const hooks = await HookServer.start(t, ({ url }) => url === '/endless'
                ? { status: 200, text: 'x'.repeat(200000) }
                : { status: Number(url.slice(1)), headers: { Location: hooks.url('/200') } });
            const url = broken(await deadPorts(t), hooks);
            const server = await startServer(t, { ...only(url, ['prePublish', 'prePlay'], { timeout_ms: 300 }), 'apps.open.notify.on_error': 'allow' });
            const shut = await ask(t, server, 'http', 'play', PATH);
            assert.deepEqual([shut.allowed, shut.code], [false, 503]);
            assert.match(shut.why, /does not answer/);
            assert.ok(!shut.why.includes('127.0.0.1'), shut.why);
            const refused = await ask(t, server, 'rtmp', 'publish', PATH);
            assert.equal(refused.code, 'NetStream.Publish.Unauthorized');
            assert.equal((await ask(t, server, 'rtmp', 'publish', '/open/s')).allowed, true);
            assert.ok(!hooks.requests.some(request => request.url === '/200'), 'it followed a redirect');
        });

    it('is asked no more for who has gone', TEST, async t => {
        const hooks = await HookServer.start(t, ({ body }) => body.name === 'held' ? { status: 0 } : { status: 200 });
        const server = await startServer(t, only(hooks.url(), ['prePublish', 'prePlay', 'postPublish', 'donePublish'], { timeout_ms: 30000 }));
        const client = await RtmpClient.ready(t, server.rtmpPort);
        client.command('publish', ['held', 'live'], { msid: client.msid });
        await hooks.request('prePublish');
        client.close();
        await hooks.until(() => hooks.dropped === 1, 'the request to be broken off');
        await publish(t, server, PATH, frames({ count: 3 }));
        await hooks.request('postPublish', { path: PATH });
        assert.deepEqual(hooks.bodies('postPublish', 'donePublish').map(({ name }) => name), ['stream']);
    });

    it('gets an event again until it takes it, in order, and is given up at last', TEST, async t => {
        const hooks = await HookServer.start(t, request => {
            const attempt = hooks.requests.filter(({ body }) => body.eventId === request.body.eventId).length;
            return { status: request.body.name === 'never' ? 503 : attempt < 4 ? 500 + attempt : 200 };
        });
        const server = await startServer(t, { ...only(hooks.url(), ['postPublish', 'donePublish'], { secret: 's' }), 'notify.retry_ms': 20, 'notify.retries': 3 });
        for (const name of ['never', 'late'])
            (await openPublisher(t, server, `/live/${name}`)).end();
        await hooks.count(16);
        for (const name of ['never', 'late']) {
            const of = hooks.bodies().filter(body => body.name === name);
            assert.deepEqual(of.map(({ action }) => action), [...Array(4).fill('postPublish'), ...Array(4).fill('donePublish')]);
            assert.equal(new Set(of.map(({ eventId }) => eventId)).size, 2);
        }
        hooks.requests.forEach(request => hooks.assertSigned(request, 's'));
        await server.logged(/webhook http:\/\/127\.0\.0\.1:\d+\/hook: postPublish \S+ was given up after 4 attempts: HTTP status 503/);
        await server.logged(/does not answer: HTTP status 50/);
        await server.logged(/answers again/);
    });

    it('is given its time: Retry-After counts', TEST, async t => {
        const hooks = await HookServer.start(t, () => hooks.requests.length > 1 ? { status: 200 } : { status: 429, headers: { 'Retry-After': '1' } });
        const server = await startServer(t, { ...only(hooks.url(), ['postPublish']), 'notify.retry_ms': 10 });
        await openPublisher(t, server, PATH);
        await hooks.count(2);
        assert.ok(hooks.requests[1].at - hooks.requests[0].at >= 990);
    });

    it('is not told again of what it has refused', TEST, async t => {
        const hooks = await HookServer.start(t, () => ({ status: 404 }));
        const server = await startServer(t, { ...only(hooks.url(), ['donePublish']), 'notify.retry_ms': 10 });
        (await openPublisher(t, server, PATH)).end();
        await server.logged(/donePublish \S+ was given up after 1 attempt: HTTP status 404/);
        assert.equal(hooks.requests.length, 1);
    });

    it('does not hold up others, nor the end of the server', TEST, async t => {
        const { hole } = await deadPorts(t);
        const hooks = await HookServer.start(t);
        const server = await startServer(t, {
            'notify.hooks': JSON.stringify([{ url: `http://user:pass@127.0.0.1:${hole}/x?token=t`, timeout_ms: 200 }, { url: hooks.url() }]
                .map(hook => ({ ...hook, events: ['postPublish', 'donePublish'] }))),
            'notify.timeout_ms': 30000, 'notify.retry_ms': 10000, 'notify.queue': 30, drain_s: 2,
        });
        for (let i = 0; i < 20; i++) {
            (await openPublisher(t, server, `/live/s${i}`)).end();
            await hooks.count(i + 1, 'donePublish');
        }
        await server.logged(/notify\.queue is full/);
        const last = await openPublisher(t, server, '/live/last');
        await server.stop();
        assert.equal(last.closed, true);
        const { body } = await hooks.request('donePublish', { path: '/live/last' });
        assert.equal(body.reason, 'server stops');
        await server.logged(/events could not be sent before the end/);
        assert.ok(!/user:pass|token=t/.test(server.stderr));
    });

    it('is checked by its certificate', TEST, async t => {
        const folder = temporaryFolder(t);
        const good = await makeCertificate(folder, 'good', ['localhost']), other = await makeCertificate(folder, 'other', ['localhost']);
        const hooks = await HookServer.start(t, undefined, { pair: good });
        const named = hooks.url().replace('127.0.0.1', 'localhost');
        for (const [url, settings, allowed] of [
            [named, { 'notify.ca': good.cert }, true],
            [named, { 'notify.ca': other.cert }, false],
            [named, {}, false],
            [hooks.url(), { 'notify.ca': good.cert }, false], // another name than the certificate's
            [hooks.url(), { 'notify.tls_verify': false }, true],
        ]) {
            const server = await startServer(t, { ...only(url, ['prePublish']), ...settings });
            assert.equal((await ask(t, server, 'rtmp', 'publish', PATH)).allowed, allowed, `${url} ${JSON.stringify(settings)}`);
        }
        assert.equal(hooks.requests.length, 2);
    });

    it('takes no proxy from the environment, but one that is configured', TEST, async t => {
        const hooks = await HookServer.start(t), proxy = await HookServer.start(t);
        process.env.http_proxy = process.env.ALL_PROXY = 'http://127.0.0.1:9';
        const direct = await startServer(t, only(hooks.url(), ['postPublish']));
        const through = await startServer(t, { ...only('http://example.invalid/through', ['postPublish']), 'notify.proxy': proxy.url('') });
        delete process.env.http_proxy;
        delete process.env.ALL_PROXY;
        await openPublisher(t, direct, PATH);
        await hooks.request('postPublish');
        await openPublisher(t, through, PATH);
        assert.equal((await proxy.request('postPublish')).url, 'http://example.invalid/through');
    });
});
