// access.test.mjs - who may play and who may publish: signs and addresses.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { ask, assertAllowed, assertRefused, inSeconds, legacySign, sign } from './lib/access.mjs';
import { frames, numberOf } from './lib/canned.mjs';
import { binary } from './lib/env.mjs';
import { isFrame } from './lib/flv.mjs';
import { fetchOnce, HttpConnection } from './lib/http.mjs';
import { publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer, PROTOCOLS } from './lib/viewers.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/stream';
const SECRET = 'cRq5-a secret/with=all&sorts?';
const AUTH = { 'auth.secret': SECRET, 'play.wait_s': 0 };
const USES = ['play', 'publish'];

async function liveServer(t, settings) {
    const server = await startServer(t, settings);
    server.publisher = await publish(t, server, PATH, frames({ count: 10 }));
    return server;
}

// A stream of its own for each publisher that is let in.
let streams = 0;
const freshPath = () => `/live/s${++streams}`;

describe('a sign', { concurrency: 4 }, () => {
    for (const protocol of PROTOCOLS) {
        it(`lets viewers in over ${protocol}, and nobody without`, TEST, async t => {
            const server = await liveServer(t, { ...AUTH, 'auth.play': true });
            await assertAllowed(t, server, protocol, 'play', PATH, { query: legacySign(PATH, SECRET) });
            await assertAllowed(t, server, protocol, 'play', PATH, { query: sign(PATH, SECRET) });
            await assertAllowed(t, server, protocol, 'play', PATH, { query: `a=b&${sign(PATH, SECRET)}&c=d` });
            for (const [query, why] of [
                ['', /a sign is needed/],
                [legacySign(PATH, 'another secret'), /the sign is wrong/],
                [legacySign('/live/other', SECRET), /the sign is wrong/],
                [legacySign(PATH, SECRET, inSeconds(-2)), /the sign has expired/],
                [legacySign(PATH, SECRET).toUpperCase().replace('SIGN', 'sign'), /the sign is wrong/],
                [`${legacySign(PATH, SECRET)}-1`, /the sign is malformed/],
                [`${legacySign(PATH, SECRET)}&${legacySign(PATH, SECRET)}`, /more than once/],
                [sign(PATH, SECRET, { expiry: inSeconds(-2) }), /the sign has expired/],
                [sign(PATH, SECRET, { use: 'publish' }), /for publishing only/],
                [sign(PATH, 'another secret'), /the sign is wrong/],
            ])
                await assertRefused(t, server, protocol, 'play', PATH, why, { query });
            const line = await server.logged(/authentication verification failed/);
            assert.match(line.message, new RegExp(`^${protocol === 'rtmp' ? 'RTMP' : 'FLV'} session \\w{16} 127\\.0\\.0\\.1 ` +
                `play ${PATH} error, play stream ${PATH} authentication verification failed`));
        });

        it(`lets publishers in over ${protocol}, and nobody without`, TEST, async t => {
            const server = await startServer(t, { ...AUTH, 'auth.publish': true, 'play.wait_s': 60 });
            const viewer = openViewer(t, server, 'rtmp', PATH);
            await viewer.started;
            for (const [query, why] of [
                ['', /a sign is needed/],
                [legacySign(PATH, 'another secret'), /the sign is wrong/],
                [legacySign(PATH, SECRET, inSeconds(-2)), /the sign has expired/],
                [sign(PATH, SECRET, { use: 'play' }), /for playing only/],
                [sign('/live/other', SECRET, { use: 'publish' }), /the sign is wrong/],
            ])
                await assertRefused(t, server, protocol, 'publish', PATH, why, { query });
            assert.equal(viewer.tags.length, 0, 'a viewer got media of a refused publisher');
            await server.logged(new RegExp(`push ${PATH} error, publish stream ${PATH} authentication verification failed`));
            for (const query of [sign, legacySign].map(make => path => make(path, SECRET, make === sign ? { use: 'publish' } : undefined))) {
                const path = freshPath();
                await assertAllowed(t, server, protocol, 'publish', path, { query: query(path) });
            }
        });
    }

    it('may stand on the app, as encoders with one box for the server have it', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true });
        await assertAllowed(t, server, 'rtmp', 'play', PATH, { query: sign(PATH, SECRET), onApp: true });
        await assertRefused(t, server, 'rtmp', 'play', PATH, /the sign is wrong/, { query: sign(PATH, 'x'), onApp: true });
    });

    it('of a publisher that is refused leaves the path to the next, and nothing in it', TEST, async t => {
        const server = await startServer(t, { ...AUTH, 'auth.publish': true, 'play.wait_s': 60 });
        const viewer = openViewer(t, server, 'rtmp', PATH);
        await viewer.started;
        await assertRefused(t, server, 'rtmp', 'publish', PATH, /a sign is needed/);
        const query = sign(PATH, SECRET, { use: 'publish' });
        await publish(t, server, `${PATH}?${query}`, frames({ count: 10 }));
        const first = await viewer.tag(isFrame);
        assert.ok(numberOf(first) < 10, 'the frames are those of the second publisher');
        assert.ok(viewer.tags.filter(isFrame).every(tag => numberOf(tag) < 10));
    });

    it('is asked of HEAD as of GET', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true });
        assert.equal((await fetchOnce(server.httpPort, `HEAD ${PATH}.flv HTTP/1.1`)).status, 403);
        assert.equal((await fetchOnce(server.httpPort, `HEAD ${PATH}.flv?${sign(PATH, SECRET)} HTTP/1.1`)).status, 200);
    });

    it('that is bad leaves an HTTP connection as it was', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true });
        const connection = new HttpConnection(t, server.httpPort);
        for (const status of [403, 403]) {
            connection.request(`GET ${PATH}.flv HTTP/1.1`);
            const response = await connection.response();
            assert.equal(response.status, status);
            assert.equal(response.headers['access-control-allow-origin'], '*');
        }
        connection.request(`GET ${PATH}.flv?${sign(PATH, SECRET)} HTTP/1.1`);
        assert.equal((await connection.head()).status, 200);
    });

    it('can be bound to an address or a network', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true });
        const host = sign(PATH, SECRET, { network: '127.0.0.2', bits: 32 });
        const net = sign(PATH, SECRET, { network: '127.0.0.0/30', bits: 30 });
        for (const protocol of PROTOCOLS) {
            const from = localAddress => ({ socketOptions: { localAddress } });
            await assertAllowed(t, server, protocol, 'play', PATH, { query: host, ...from('127.0.0.2') });
            await assertRefused(t, server, protocol, 'play', PATH, /the sign is wrong/, { query: host, ...from('127.0.0.1') });
            await assertAllowed(t, server, protocol, 'play', PATH, { query: net, ...from('127.0.0.3') });
            await assertRefused(t, server, protocol, 'play', PATH, /the sign is wrong/, { query: net, ...from('127.0.0.4') });
        }
    });

    it('may be made with any of several secrets, and in the old form only where that is wanted', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true, 'auth.legacy': false, 'auth.secrets': '["older", "oldest"]' });
        for (const secret of [SECRET, 'older', 'oldest'])
            await assertAllowed(t, server, 'http', 'play', PATH, { query: sign(PATH, secret) });
        await assertRefused(t, server, 'http', 'play', PATH, /signs of this form/, { query: legacySign(PATH, SECRET) });
    });
});

describe('millrace sign', { concurrency: 4 }, () => {
    const make = (...args) => execFileSync(binary, ['sign', '--set', `auth.secret=${SECRET}`, ...args]).toString().trim();

    it('makes what the server takes', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true, 'auth.publish': true, 'apps.live.auth.publish': false });
        for (const args of [[], ['--for', 'any', '--expires', 'never'], ['--ip', '127.0.0.0/8'], ['--legacy', '--expires', '30s']])
            await assertAllowed(t, server, 'http', 'play', PATH, { query: make('--path', PATH, ...args) });
        const query = make('--path', '/other/s', '--for', 'publish');
        await assertAllowed(t, server, 'rtmp', 'publish', '/other/s', { query });
        await assertRefused(t, server, 'rtmp', 'play', '/other/s', /for publishing only/, { query });
        const url = new URL(make('--url', server.httpUrl(`${PATH}.flv`)));
        const response = await fetchOnce(server.httpPort, `HEAD ${url.pathname}${url.search} HTTP/1.1`);
        assert.equal(response.status, 200);
    });

    it('says what is wrong, and helps', TEST, () => {
        const wrong = spawnSync(binary, ['sign', '--path', PATH]);
        assert.equal(wrong.status, 2);
        assert.match(wrong.stderr.toString(), /^millrace: there is no secret to sign with/);
        assert.match(execFileSync(binary, ['sign', '--help']).toString(), /^Usage: millrace sign/);
    });
});

describe('rules on addresses', { concurrency: 4 }, () => {
    const other = { socketOptions: { localAddress: '127.0.0.2' } };

    for (const protocol of PROTOCOLS) {
        for (const use of USES) {
            it(`hold for ${use} over ${protocol}`, TEST, async t => {
                const server = await startServer(t, { [`${use}.allow`]: '["127.0.0.0/30"]', [`${use}.deny`]: '["127.0.0.2", "::/0"]' });
                const viewer = openViewer(t, server, 'rtmp', PATH);
                if (use === 'publish')
                    await viewer.started;
                await assertRefused(t, server, protocol, use, PATH, /not allowed from this address/, other);
                await assertRefused(t, server, protocol, use, PATH, /not allowed from this address/,
                                    { socketOptions: { localAddress: '127.0.0.5' } });
                await server.logged(new RegExp(`${use} stream ${PATH} is not allowed from this address`));
                assert.equal(viewer.tags.length, 0);
                if (protocol === 'rtmp' || use === 'publish') // an HTTP viewer of nothing waits
                    await assertAllowed(t, server, protocol, use, freshPath());
            });
        }
    }

    it('come before the sign, which opens no door to those they keep out', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.play': true, 'play.deny': '["127.0.0.2"]' });
        await assertRefused(t, server, 'http', 'play', PATH, /not allowed from this address/,
                            { query: sign(PATH, SECRET), ...other });
        await assertRefused(t, server, 'http', 'play', PATH, /a sign is needed/);
    });

    it('are each for its own use', TEST, async t => {
        const server = await startServer(t, { 'publish.allow': '["192.0.2.0/24"]' });
        await assertRefused(t, server, 'rtmp', 'publish', PATH, /not allowed from this address/);
        await assertAllowed(t, server, 'rtmp', 'play', PATH);
    });
});

describe('an app of its own', { concurrency: 4 }, () => {
    const settings = {
        'auth.play': true, 'auth.secret': SECRET, 'publish.deny': '["127.0.0.2"]',
        'apps.open.auth.play': false, 'apps.own.auth.secret': 'own', 'apps.own.auth.publish': true,
        'apps.own.publish.deny': '[]', 'apps.closed.play.allow': '["192.0.2.1"]',
    };

    it('has its own rules, and all others the global ones', TEST, async t => {
        const server = await startServer(t, settings);
        await assertAllowed(t, server, 'rtmp', 'play', '/open/s');
        await assertRefused(t, server, 'rtmp', 'play', '/live/s', /a sign is needed/);
        await assertAllowed(t, server, 'rtmp', 'play', '/live/s', { query: sign('/live/s', SECRET) });
        await assertRefused(t, server, 'rtmp', 'play', '/own/s', /the sign is wrong/, { query: sign('/own/s', SECRET) });
        await assertAllowed(t, server, 'rtmp', 'play', '/own/s', { query: sign('/own/s', 'own') });
        await assertRefused(t, server, 'rtmp', 'play', '/live/s', /the sign is wrong/, { query: sign('/live/s', 'own') });
        await assertRefused(t, server, 'http', 'play', '/closed/s', /not allowed from this address/,
                            { query: sign('/closed/s', SECRET) });
        const other = { socketOptions: { localAddress: '127.0.0.2' } };
        await assertRefused(t, server, 'rtmp', 'publish', '/live/s', /not allowed from this address/, other);
        await assertRefused(t, server, 'rtmp', 'publish', '/own/s', /a sign is needed/, other);
        await assertAllowed(t, server, 'rtmp', 'publish', '/own/s', { query: sign('/own/s', 'own', { use: 'publish' }), ...other });
    });
});

describe('the order of refusals', () => {
    it('is name, address, sign, and who was first', TEST, async t => {
        const server = await liveServer(t, { ...AUTH, 'auth.publish': true, 'auth.secret': SECRET, 'publish.deny': '["127.0.0.2"]',
                                             'apps.live.auth.publish': false });
        const bad = await ask(t, server, 'rtmp', 'publish', '/live/.hidden', { socketOptions: { localAddress: '127.0.0.2' } });
        assert.equal(bad.code, 'NetStream.Publish.BadName');
        await assertRefused(t, server, 'rtmp', 'publish', '/signed/s', /not allowed from this address/,
                            { socketOptions: { localAddress: '127.0.0.2' } });
        await assertRefused(t, server, 'rtmp', 'publish', '/signed/s', /a sign is needed/);
        const busy = await ask(t, server, 'rtmp', 'publish', PATH);
        assert.equal(busy.code, 'NetStream.Publish.BadName');
        assert.match(busy.why, /already publishing/);
        assert.equal((await ask(t, server, 'http', 'publish', PATH)).code, 409);
    });
});

describe('what is secret', () => {
    it('stands in no line of the log and in no answer', TEST, async t => {
        const secrets = ['topsecret-one', 'topsecret-two'];
        const server = await liveServer(t, { 'auth.play': true, 'auth.secret': secrets[0], 'auth.secrets': `["${secrets[1]}"]` });
        const signs = [];
        const answers = [];
        for (const protocol of PROTOCOLS) {
            for (const query of [
                sign(PATH, secrets[0]), legacySign(PATH, secrets[1]), sign(PATH, 'wrong-key'), legacySign(PATH, 'wrong-key'),
                sign(PATH, secrets[0], { expiry: inSeconds(-2) }), `${sign(PATH, secrets[0])}&token=topsecret-token`,
                'sign=topsecret-garbage',
            ]) {
                signs.push(query.slice(query.lastIndexOf('.') + 1).slice(-20));
                answers.push(await ask(t, server, protocol, 'play', PATH, { query }));
                if (protocol === 'rtmp')
                    answers.push(await ask(t, server, protocol, 'play', PATH, { query, onApp: true }));
            }
        }
        // Names and requests that are wrong, with a sign.
        await fetchOnce(server.httpPort, `GET /live/.x.flv?${sign(PATH, secrets[0])} HTTP/1.1`);
        await fetchOnce(server.httpPort, `GET /nothing?${sign(PATH, secrets[0])} HTTP/1.1`);
        await fetchOnce(server.httpPort, `BREW ${PATH}.flv?${sign(PATH, secrets[0])} HTTP/1.1`).catch(() => {});
        await ask(t, server, 'rtmp', 'play', '/live/.x', { query: sign(PATH, secrets[0]) });
        await ask(t, server, 'rtmp', 'publish', PATH, { query: sign(PATH, secrets[0]) });
        const told = answers.map(answer => `${answer.code} ${answer.why}`).join('\n') + server.stderr + server.stdout;
        assert.ok(server.log.some(line => line.level === 'debug'), 'the log is at its most talkative');
        assert.ok(!told.includes('topsecret'), 'a secret');
        assert.ok(!/sign=|v2\./.test(told), 'a sign');
        for (const part of signs)
            assert.ok(!told.includes(part), `a part of a sign: ${part}`);
    });
});
