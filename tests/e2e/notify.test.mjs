// notify.test.mjs - webhooks: what they are told, and what they decide.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, assertAllowed, assertRefused, sign } from './lib/access.mjs';
import { frames, headers } from './lib/canned.mjs';
import { HttpPublisher } from './lib/flv_publishers.mjs';
import { HookServer } from './lib/hooks.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { EVENT, RtmpClient } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, openViewers, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';
const SECRET = 'kept between us';
const isQuestion = ({ body }) => body.action.startsWith('pre');

// A server that tells `hooks`, and asks it if `decides`.
const notified = (t, hooks, settings = {}) => startServer(t, { 'notify.url': hooks.url(), 'play.wait_s': 0, ...settings });

const withHooks = (...hooks) => ({ 'notify.url': undefined, 'notify.hooks': JSON.stringify(hooks) });

describe('a webhook', { concurrency: 4 }, () => {
    it('is told of a stream and its viewers, in order, as Node Media Server does', TEST, async t => {
        const hooks = await HookServer.start(t);
        const server = await notified(t, hooks);
        const publisher = await publish(t, server, PATH, frames({ count: 5 }));
        const viewer = openViewer(t, server, 'http', PATH, { query: 'token=a%20b&sign=abc&x=1&x=2', headers: { 'User-Agent': 'a player' } });
        await viewer.started;
        await viewer.count(5);
        viewer.close();
        const { body: done } = await hooks.request('donePlay');
        publisher.close();
        await hooks.request('donePublish');
        assert.deepEqual(hooks.bodies().map(({ action }) => action),
                         ['prePublish', 'postPublish', 'prePlay', 'postPlay', 'donePlay', 'donePublish']);
        const [first, second] = hooks.requests;
        assert.equal(first.method, 'POST');
        assert.equal(first.headers['content-type'], 'application/json');
        assert.match(first.headers['user-agent'], /^Millrace\/\d/);
        assert.equal(first.headers['millrace-event'], 'prePublish');
        assert.equal(first.headers['millrace-event-id'], first.body.eventId);
        assert.equal(first.headers['millrace-signature'], undefined);
        assert.equal(first.body.id, second.body.id);
        assert.notEqual(first.body.eventId, second.body.eventId);
        assert.equal(new Set(hooks.bodies().map(({ eventId }) => eventId)).size, 6);
        const { createtime, endtime, inbytes, outbytes, eventId, time, duration, id, ...rest } = done;
        assert.deepEqual(rest, {
            ip: '127.0.0.1', app: 'live', name: 'stream', query: { token: 'a b', sign: '********', x: ['1', '2'] },
            protocol: 'flv', filePath: '', action: 'donePlay', streamPath: PATH, userAgent: 'a player',
            reason: 'connection reset by peer', size: null, detail: {}, ...(rest.reason !== 'connection reset by peer' && { reason: rest.reason }),
        });
        assert.match(id, /^[0-9a-f]{16}$/);
        assert.ok(eventId.length > 0 && Math.abs(Date.parse(time) - Date.now()) < 10000);
        assert.ok(createtime > 0 && endtime >= createtime && duration === endtime - createtime);
        assert.ok(inbytes > 0 && outbytes > 1000, `${inbytes} ${outbytes}`);
        assert.equal(second.body.userAgent, 'FMLE/3.0 (compatible; test)');
        assert.equal(second.body.protocol, 'rtmp');
        assert.equal(second.body.endtime, 0);
    });

    it('is not told who was refused before it was asked', TEST, async t => {
        const hooks = await HookServer.start(t);
        const server = await notified(t, hooks, { 'auth.play': true, 'auth.secret': SECRET, 'apps.shut.publish.deny': '127.0.0.1' });
        for (const protocol of PROTOCOLS) {
            await assertRefused(t, server, protocol, 'play', PATH, /a sign is needed/);
            await assertRefused(t, server, protocol, 'publish', '/shut/s', /not allowed from this address/);
        }
        await ask(t, server, 'rtmp', 'play', PATH, { query: sign(PATH, SECRET) });
        await hooks.request('prePlay');
        assert.equal(hooks.bodies().filter(({ action }) => action === 'prePublish').length, 0);
        assert.ok(!hooks.requests.some(({ text }) => text.includes('sign=') || /v2\.\d/.test(text)), 'a sign in a body');
    });

    for (const protocol of PROTOCOLS)
        it(`lets in or refuses over ${protocol}, before a word is said`, TEST, async t => {
            const hooks = await HookServer.start(t, request => !isQuestion(request) ? { status: 200 }
                : request.body.query.token === 'good' ? { status: 204 }
                    : { status: 403, json: { reason: 'no\r\n ticket \u202e\u{1f3ab}' } });
            const server = await notified(t, hooks);
            await publish(t, server, PATH, frames({ count: 5 })).then(() => assert.fail('published without a token'), () => {});
            await server.logged(/push \/live\/stream error, publish stream \/live\/stream was refused by a webhook: no ticket/);
            await publish(t, server, `${PATH}?token=good`, frames({ count: 5 }));
            const { connection, client } = await assertAllowed(t, server, protocol, 'publish', '/live/other', { query: 'token=good' });
            await assertRefused(t, server, protocol, 'play', PATH, /no ticket/);
            await assertAllowed(t, server, protocol, 'play', PATH, { query: 'token=good' });
            (connection ?? client).close();
            await hooks.request('donePublish');
            const done = hooks.bodies().filter(({ action }) => action.startsWith('done'));
            const posts = new Set(hooks.bodies().filter(({ action }) => action.startsWith('post')).map(({ id }) => id));
            assert.ok(done.every(({ id }) => posts.has(id)), 'a refused one has no end');
        });

    it('is waited for without a word, and without reading on', TEST, async t => {
        let say;
        const said = new Promise(resolve => { say = resolve; });
        const hooks = await HookServer.start(t, () => said);
        const server = await startServer(t, withHooks({ url: hooks.url(), events: ['prePublish', 'prePlay'], timeout_ms: 30000 }));
        const post = new HttpPublisher(t, server, PATH, { headers: { Expect: '100-continue' } });
        const client = await RtmpClient.ready(t, server.rtmpPort);
        client.setChunkSize(4096);
        client.command('publish', ['other', 'live'], { msid: client.msid });
        const received = client.received.length;
        sendTags(client, [...headers(), ...frames({ count: 5 })]); // it does not wait to be asked
        client.sendEvent(EVENT.PING, 7);
        const viewer = openViewer(t, server, 'ws', '/live/other');
        await hooks.until(() => hooks.requests.length === 3, 'three questions');
        assert.equal(post.connection.bytesRead, 0);
        assert.equal(client.received.length, received);
        say({ status: 200 });
        assert.match(await post.connection.until(() => post.connection.pending.toString() || null), /^HTTP\/1.1 100 /);
        await client.status('NetStream.Publish.Start');
        await viewer.count(5);
    });

    it('gives streams other names, and keeps the first for itself', TEST, async t => {
        const hooks = await HookServer.start(t, ({ body }) => ({
            status: 200,
            json: body.action === 'prePublish' && body.name.startsWith('key') ? { name: 'show' }
                : body.action === 'prePlay' && body.name === 'secret-link' ? { path: '/live/show' }
                    : body.action === 'prePlay' && body.name === 'elsewhere' ? { path: '/shut/s' } : {},
        }));
        const server = await notified(t, hooks, { 'apps.shut.play.deny': '127.0.0.1', 'play.wait_s': 30 });
        const viewers = PROTOCOLS.map(protocol => openViewer(t, server, protocol, '/live/secret-link', { query: 'a=b' }));
        await server.viewersCame('/live/show', 3);
        await publish(t, server, '/live/key-1', frames({ count: 5 }));
        for (const viewer of viewers)
            await viewer.count(5);
        assert.equal((await hooks.request('postPublish')).body.streamPath, '/live/show');
        assert.deepEqual((await hooks.request('postPlay')).body.query, { a: 'b' });
        const second = await ask(t, server, 'rtmp', 'publish', '/live/key-2');
        assert.deepEqual([second.allowed, second.code], [false, 'NetStream.Publish.BadName']); // busy, under its new name
        for (const protocol of PROTOCOLS)
            await assertRefused(t, server, protocol, 'play', '/live/elsewhere', /not allowed from this address/);
        assert.equal(hooks.bodies('prePlay').length, 6); // nobody was asked again about a new name
        assert.ok(!server.stderr.includes('key-1'));
    });

    it('that names no stream that can be has not answered', TEST, async t => {
        const names = [{ name: '../etc' }, { path: '/a/b/c' }, { name: 7 }, { name: '' }, { path: 'x' }];
        const hooks = await HookServer.start(t, ({ body }) => ({ status: 200, json: names[Number(body.name)] }));
        const server = await notified(t, hooks);
        for (const i of names.keys()) {
            const result = await ask(t, server, 'http', 'play', `/live/${i}`);
            assert.deepEqual([result.allowed, result.code], [false, 503], JSON.stringify(names[i]));
        }
    });

    it('hears of its own events and apps only, signed with its own secret', TEST, async t => {
        const hooks = await HookServer.start(t);
        const server = await startServer(t, {
            ...withHooks({ url: hooks.url('/signed'), events: ['donePublish'], secret: SECRET },
                         { url: hooks.url('/app'), events: ['postPublish'], apps: ['other'] }),
            'notify.secret': 'that of all', 'apps.quiet.notify.hooks': '[]',
        });
        for (const app of ['live', 'other', 'quiet']) {
            const publisher = await openPublisher(t, server, `/${app}/s`);
            publisher.close();
            await server.logged(new RegExp(`stop push /${app}/s`));
        }
        await hooks.count(3);
        assert.deepEqual(hooks.requests.map(({ url, body }) => [url, body.action, body.app]).sort(), [
            ['/app', 'postPublish', 'other'], ['/signed', 'donePublish', 'live'], ['/signed', 'donePublish', 'other'],
        ]);
        hooks.assertSigned(hooks.requests.find(({ url }) => url === '/signed'), SECRET);
        hooks.assertSigned(hooks.requests.find(({ url }) => url === '/app'), 'that of all');
        assert.ok(!server.stderr.includes(SECRET));
    });

    it('ends with 4xx what has begun, unless notify.strict is off', TEST, async t => {
        let say;
        const said = new Promise(resolve => { say = resolve; });
        const hooks = await HookServer.start(t, async ({ body }) => {
            if (body.action === 'postPlay')
                await said;
            return body.action === 'postPlay' || body.name === 'unwanted' ? { status: 401, json: { message: 'not you' } } : { status: 200 };
        });
        const server = await notified(t, hooks, { 'apps.lenient.notify.strict': false, ...withHooks({ url: hooks.url(), events: ['postPublish', 'postPlay', 'donePlay', 'donePublish'] }) });
        for (const app of ['live', 'lenient'])
            await publish(t, server, `/${app}/s`, frames({ count: 5 }));
        const viewers = openViewers(t, server, '/live/s');
        for (const viewer of viewers)
            await viewer.count(3);
        say();
        for (const viewer of viewers)
            await viewer.until(() => viewer.isOver, `${viewer.name}: the end`);
        const publisher = await openPublisher(t, server, '/live/unwanted');
        await publisher.waitClosed();
        await server.logged(/stop push \/live\/unwanted: refused by a webhook: not you/);
        const stays = openViewer(t, server, 'rtmp', '/lenient/s');
        await stays.count(5);
        await hooks.request('postPlay', { path: '/lenient/s' });
        await hooks.count(3, 'donePlay');
        assert.ok(stays.isConnected());
        assert.ok(hooks.bodies('donePlay').every(({ reason }) => reason === 'refused by a webhook: not you'));
    });
});
