// notify_load.test.mjs - webhooks when many come and go, and when many wait for an answer.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ask } from './lib/access.mjs';
import { Bystander } from './lib/bystander.mjs';
import { frames } from './lib/canned.mjs';
import { isSanitized } from './lib/env.mjs';
import { HookServer } from './lib/hooks.mjs';
import { HttpConnection } from './lib/http.mjs';
import { openPublisher, publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/stream';
const SESSIONS = isSanitized ? 50 : 500, WAITING = isSanitized ? 300 : 1000;

const threads = server => readdirSync(`/proc/${server.pid}/task`).length;

describe('webhooks and many sessions', () => {
    it('are told of each, once and in order', TEST, async t => {
        const seen = new Map();     // id to its actions
        const hooks = await HookServer.start(t, ({ body }) => {
            seen.set(body.id, [...(seen.get(body.id) ?? []), body.action]);
            return { status: 200 };
        });
        const server = await startServer(t, { 'notify.url': hooks.url(), 'notify.timeout_ms': 60000, 'log.level': 'info' });
        await publish(t, server, PATH, frames({ count: 5 }));
        const come = async i => {
            if (i % 4 === 3) {
                (await openPublisher(null, server, `/live/p${i}`)).close();
                return;
            }
            const viewer = openViewer(t, server, PROTOCOLS[i % 4], PATH);
            await viewer.started;
            if (i % 2 === 0)
                await viewer.count(1);
            viewer.close();
        };
        for (let i = 0; i < SESSIONS; i += 50)
            await Promise.all(Array.from({ length: 50 }, (_, j) => come(i + j)));
        await hooks.until(() => hooks.bodies('donePlay', 'donePublish').length === SESSIONS, () => `${SESSIONS} ends`, 20000);
        assert.equal(seen.size, SESSIONS + 1);
        for (const actions of seen.values())
            assert.ok(['prePlay postPlay donePlay', 'prePublish postPublish donePublish', 'prePublish postPublish'].includes(actions.join(' ')), actions);
        assert.equal(new Set(hooks.bodies().map(({ eventId }) => eventId)).size, hooks.requests.length);
        assert.ok(hooks.connections <= 64, `${hooks.connections} connections`);
    });

    it('hold those who wait for little, and disturb nobody', TEST, async t => {
        let answer;
        const released = new Promise(resolve => { answer = resolve; });
        const hooks = await HookServer.start(t, ({ body }) => body.name === 'crowded' ? released : { status: 200 });
        const server = await startServer(t, {
            'notify.hooks': JSON.stringify([{ url: hooks.url(), events: ['prePlay'], timeout_ms: 60000 }]), 'log.level': 'info',
        });
        const bystander = await Bystander.begin(t, server);
        await publish(t, server, '/live/crowded', frames({ count: 5 }));
        const before = { threads: threads(server), memory: server.residentSize() };
        const crowd = Array.from({ length: WAITING }, () => {
            const connection = new HttpConnection(t, server.httpPort);
            connection.request('GET /live/crowded.flv HTTP/1.1');
            return connection;
        });
        await Promise.all(crowd.map(connection => new Promise(resolve => connection.socket.once('connect', resolve))));
        await bystander.unharmed();
        await hooks.until(() => hooks.open > 0, 'the first questions');
        assert.equal(threads(server), before.threads);
        server.assertGrownLess(before.memory, WAITING * 16384);
        for (const connection of crowd.splice(0, WAITING / 2))
            connection.close();
        await bystander.unharmed();
        answer({ status: 200 });
        for (const head of await Promise.all(crowd.map(connection => connection.head(20000))))
            assert.equal(head.status, 200);
        await bystander.unharmed();
        assert.equal((await ask(t, server, 'ws', 'play', '/live/crowded')).allowed, true);
        assert.ok(hooks.openMax <= 64, `${hooks.openMax} requests at a time`);
        assert.ok(hooks.requests.length < WAITING / 2 + 100, `${hooks.requests.length} requests: it asked for those who had gone`);
    });
});
