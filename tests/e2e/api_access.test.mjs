// api_access.test.mjs - who may use the API, and how guessing and foreign pages are kept out.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ANNA, basic, bearer, BOB, call, callers, TOKEN, USERS } from './lib/api.mjs';
import { binary } from './lib/env.mjs';
import { HttpConnection } from './lib/http.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { startServer } from './lib/server.mjs';

const TEST = { timeout: 60000 };
const status = async (...args) => (await call(...args)).status;
const session = async (server, headers, options) => (await call(server, 'GET', '/api/session', { headers, ...options })).json;

// A request from another address, as a proxy says.
async function callFrom(t, server, ip, line, headers = {}) {
    const connection = new HttpConnection(t, server.httpPort, { preface: `PROXY TCP4 ${ip} 127.0.0.1 40000 8000\r\n` });
    connection.request(`${line} HTTP/1.1`, headers);
    return connection.response();
}

describe('without users and tokens', { concurrency: 4 }, () => {
    it('the API answers this machine only', TEST, async t => {
        const server = await startServer(t, { 'proxy.from': '["127.0.0.1"]' });
        await server.logged(/the API answers this machine only/);
        assert.equal((await callFrom(t, server, '192.0.2.7', 'GET /healthz')).status, 200);
        for (const line of ['GET /api/session', 'GET /api/config', 'POST /api/config/reload', 'GET /api/openapi.json']) {
            const refused = await callFrom(t, server, '192.0.2.7', line);
            assert.equal(refused.status, 403);
            assert.match(refused.body, /this machine only/);
            assert.equal((await callFrom(t, server, '127.0.0.1', line)).status, 200);
        }
    });

    it('it answers nobody who came by a proxy or a made-up name', TEST, async t => {
        const server = await startServer(t);
        assert.deepEqual(await session(server), { role: 'admin', username: null, via: 'loopback' });
        assert.equal(await status(server, 'POST', '/api/login', { body: { username: 'anna', password: 'x' } }), 403);
        for (const host of ['localhost', 'localhost:8000', '127.0.0.1', '[::1]:8000', 'my.localhost'])
            assert.equal(await status(server, 'GET', '/api/config', { headers: { Host: host } }), 200, host);
        for (const headers of [{ Host: 'evil.example' }, { Host: 'localhost.evil.example:8000' }, { 'X-Forwarded-For': '192.0.2.7' },
                               { Forwarded: 'for=192.0.2.7' }, { 'X-Real-IP': '192.0.2.7' }, { Via: '1.1 proxy' }])
            assert.equal(await status(server, 'GET', '/api/config', { headers }), 403, JSON.stringify(headers));
    });
});

describe('with users and tokens', { concurrency: 4 }, () => {
    it('everybody says who he is', TEST, async t => {
        const server = await startServer(t, callers());
        await server.logged(/the API asks for one of 2 passwords and 1 tokens/);
        assert.deepEqual(await session(server, ANNA), { role: 'admin', username: 'anna', via: 'password' });
        assert.deepEqual(await session(server, BOB), { role: 'viewer', username: 'bob', via: 'password' });
        assert.deepEqual(await session(server, bearer(TOKEN)), { role: 'viewer', username: null, via: 'token' });
        assert.deepEqual(await session(server, { ...ANNA, Host: 'millrace.example', Via: '1.1 proxy' }),
                         { role: 'admin', username: 'anna', via: 'password' });
        for (const headers of [{}, basic('anna', 'viewer password'), basic('Anna', 'correct horse'), basic('', ''),
                               bearer(`${TOKEN}0`), bearer('x'), { Authorization: 'Basic !' }, { Authorization: 'Digest x' }])
            assert.equal(await status(server, 'GET', '/api/config', { headers }), 401, JSON.stringify(headers));
        assert.equal(await status(server, 'GET', '/api/config', { headers: BOB }), 403);
        assert.equal(await status(server, 'POST', '/api/config/reload', { headers: bearer(TOKEN) }), 403);
        for (const secret of ['correct horse', 'viewer password', TOKEN, 'scrypt:', USERS[0].password.slice(20)]) {
            assert.ok(!server.stderr.includes(secret), 'a secret in the log');
            assert.ok(!(await call(server, 'GET', '/api/config', { headers: ANNA })).text.includes(secret), 'a secret in the configuration');
        }
    });

    it('a browser is told of Basic only when it shows a page of its own', TEST, async t => {
        const server = await startServer(t, callers());
        for (const [headers, expected] of [
            [{}, /^Basic realm="Millrace", charset="UTF-8", Bearer/], [{ 'Sec-Fetch-Mode': 'navigate' }, /^Basic/],
            [{ 'Sec-Fetch-Mode': 'cors' }, /^Bearer realm="Millrace"$/], [{ 'Sec-Fetch-Mode': 'same-origin' }, /^Bearer/],
        ])
            assert.match((await call(server, 'GET', '/api/session', { headers })).headers['www-authenticate'], expected);
    });

    it('a log-in is good until its end', TEST, async t => {
        const server = await startServer(t, callers());
        const body = { username: 'bob', password: 'viewer password' };
        const { json } = await call(server, 'POST', '/api/login', { body });
        const ends = new Date(json.expiresAt) - Date.now();
        assert.ok(ends > 23.9 * 3600e3 && ends <= 24 * 3600e3);
        assert.deepEqual(await session(server, bearer(json.token)), { role: 'viewer', username: 'bob', via: 'session' });
        const other = (await call(server, 'POST', '/api/login', { body })).json.token;
        assert.notEqual(other, json.token);
        assert.equal(await status(server, 'POST', '/api/logout', { headers: bearer(json.token) }), 204);
        assert.equal(await status(server, 'GET', '/api/session', { headers: bearer(json.token) }), 401);
        assert.equal(await status(server, 'POST', '/api/logout', { headers: BOB }), 409);
        assert.deepEqual((await session(server, bearer(other))).via, 'session');
        for (const wrong of [{ ...body, password: 'x' }, { ...body, username: 'eve' }])
            assert.equal(await status(server, 'POST', '/api/login', { body: wrong }), 401);
        for (const bad of [{ username: 'bob' }, { ...body, username: 'b'.repeat(65) }, { ...body, password: 'x'.repeat(1025) }, { ...body, x: 1 }])
            assert.equal(await status(server, 'POST', '/api/login', { body: bad }), 400);
        for (let i = 0; i < 15; i++) // a page that has not noticed yet must not lock its reader out
            assert.equal(await status(server, 'GET', '/api/session', { headers: bearer(json.token) }), 401);
    });

    it('guessing is slowed down, for each address', TEST, async t => {
        const server = await startServer(t, { ...callers(), 'proxy.from': '["127.0.0.1"]' });
        const guess = (ip, headers) => callFrom(t, server, ip, 'GET /api/session', headers);
        assert.equal((await guess('192.0.2.7', ANNA)).status, 200);
        const answers = [];
        for (let i = 0; i < 12; i++)
            answers.push(await guess('192.0.2.7', i % 2 === 0 ? basic('anna', `guess ${i}`) : bearer(`guess${i}`)));
        assert.deepEqual(answers.map(answer => answer.status), [...Array(10).fill(401), 429, 429]);
        const wait = Number(answers[10].headers['retry-after']);
        assert.ok(wait > 0 && wait <= 60);
        assert.equal((await guess('192.0.2.7', BOB)).status, 429, 'a password that was not known before');
        assert.equal((await guess('192.0.2.7', ANNA)).status, 200, 'one that was');
        assert.equal((await guess('192.0.2.8', BOB)).status, 200, 'another address');
        assert.equal((await callFrom(t, server, '192.0.2.7', 'GET /healthz')).status, 200);
    });

    it('many at once cost no more than some', TEST, async t => {
        const slow = execFileSync(binary, ['passwd'], { input: 'slow password\n' }).toString().trim();
        const server = await startServer(t, { 'proxy.from': '["127.0.0.1"]',
                                              'api.users': JSON.stringify([{ username: 'anna', password: slow, role: 'admin' }]) });
        const wrong = Array.from({ length: 40 }, (_, i) =>
            callFrom(t, server, `192.0.2.${i}`, 'GET /api/session', basic('anna', `guess ${i}`)));
        assert.equal((await callFrom(t, server, '198.51.100.1', 'GET /healthz')).status, 200);
        const got = (await Promise.all(wrong)).map(answer => answer.status);
        assert.ok(got.every(each => each === 401 || each === 503), got.join());
        assert.ok(got.includes(401) && got.includes(503), got.join());
        const right = () => callFrom(t, server, '198.51.100.2', 'GET /api/session', basic('anna', 'slow password'));
        assert.equal((await right()).status, 200);
        assert.ok((await Promise.all(Array.from({ length: 40 }, right))).every(answer => answer.status === 200), 'it is known by now');
    });
});

describe('a page', { concurrency: 4 }, () => {
    it('of another site changes nothing', TEST, async t => {
        const server = await startServer(t);
        const reload = headers => status(server, 'POST', '/api/config/reload', { headers });
        const own = `http://127.0.0.1:${server.httpPort}`;
        for (const headers of [{}, { Origin: own }, { Origin: own, 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'none' }])
            assert.equal(await reload(headers), 200, JSON.stringify(headers));
        for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: 'http://127.0.0.1:1' },
                               { 'Sec-Fetch-Site': 'cross-site' }, { Origin: own, 'Sec-Fetch-Site': 'same-site' }])
            assert.equal(await reload(headers), 403, JSON.stringify(headers));
        const { headers } = await call(server, 'GET', '/api/session', { headers: { Origin: 'https://evil.example' } });
        assert.equal(headers['access-control-allow-origin'], undefined);
    });

    it('of the origin that is allowed may', TEST, async t => {
        const origin = 'https://pages.example';
        const server = await startServer(t, { 'api.allow_origin': origin });
        assert.equal(await status(server, 'POST', '/api/config/reload', { headers: { Origin: origin, 'Sec-Fetch-Site': 'cross-site' } }), 200);
        assert.equal(await status(server, 'POST', '/api/config/reload', { headers: { Origin: 'https://evil.example' } }), 403);
        const asked = await call(server, 'OPTIONS', '/api/config/reload',
                                 { headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' } });
        assert.equal(asked.status, 204);
        assert.equal(asked.headers['access-control-allow-origin'], origin);
        assert.match(asked.headers['access-control-allow-headers'], /Authorization, Content-Type/);
        assert.match(asked.headers['access-control-allow-methods'], /POST/);
        assert.equal((await call(server, 'GET', '/api/nothing', { headers: { Origin: origin } })).headers['access-control-allow-origin'], origin);
        const bad = spawnSync(binary, ['--check-config', '--set', 'api.allow_origin=*']);
        assert.equal(bad.status, 2);
        assert.match(bad.stderr.toString(), /api\.allow_origin: "\*" lets any page/);
    });
});

describe('a reload', () => {
    it('changes who may call, and ends the log-ins of who may not', TEST, async t => {
        const folder = temporaryFolder(t), file = join(folder, 'millrace.json');
        const write = api => writeFileSync(file, JSON.stringify({ api }));
        write({});
        const server = await startServer(t, {}, { args: ['-c', file] });
        const reload = async (headers, api) => {
            write(api);
            return (await call(server, 'POST', '/api/config/reload', { headers })).json;
        };
        assert.deepEqual(await reload({}, { users: USERS }), { applied: ['api.users'], needsRestart: [], message: 'changed' });
        assert.equal(await status(server, 'GET', '/api/session'), 401);
        const login = async (username, password) => bearer((await call(server, 'POST', '/api/login', { body: { username, password } })).json.token);
        const anna = await login('anna', 'correct horse'), bob = await login('bob', 'viewer password');
        assert.deepEqual(await reload(anna, { users: USERS }), { applied: [], needsRestart: [], message: 'nothing is new' });
        await reload(anna, { users: [USERS[0], { ...USERS[1], role: 'admin' }] });
        assert.equal((await session(server, bob)).role, 'admin');
        await reload(anna, { users: [USERS[0], { ...USERS[1], password: USERS[0].password }] });
        assert.equal(await status(server, 'GET', '/api/session', { headers: bob }), 401);
        assert.equal(await status(server, 'GET', '/api/session', { headers: BOB }), 401);
        const bad = await call(server, 'POST', '/api/config/reload', { headers: anna, body: {} });
        assert.equal(bad.status, 200);
        write({ users: [{ username: 'anna', password: 'hunter2hunter2', role: 'admin' }] });
        const refused = await call(server, 'POST', '/api/config/reload', { headers: anna });
        assert.equal(refused.status, 400);
        assert.match(refused.json.error.message, /millrace\.json:1: api\.users: item 1: password: expected its hash/);
        assert.ok(!refused.text.includes('hunter2'));
        assert.equal((await reload(anna, { users: USERS, enable: true, tokens: [] })).message, 'changed');
        assert.equal((await reload(anna, {})).message, 'changed');
        assert.equal((await session(server)).via, 'loopback');
    });

    it('says what needs a restart', TEST, async t => {
        const file = join(temporaryFolder(t), 'millrace.json');
        writeFileSync(file, '{}');
        const server = await startServer(t, {}, { args: ['-c', file] });
        writeFileSync(file, '{ "rtmp": { "chunk_size": 4096, "ping": 7 } }');
        const { json } = await call(server, 'POST', '/api/config/reload');
        assert.deepEqual(json, { applied: ['rtmp.ping'], needsRestart: ['rtmp.chunk_size'], message: 'changed, but for what needs a restart' });
        const { json: config } = await call(server, 'GET', '/api/config');
        assert.deepEqual([config.rtmp.ping, config.rtmp.chunk_size], [7, 65535]);
    });
});

describe('millrace passwd', () => {
    const passwd = (input, ...args) => spawnSync(binary, ['passwd', ...args], { input, encoding: 'utf8' });

    it('makes hashes and tokens that the configuration takes', TEST, async t => {
        const { stdout: hash } = passwd('open sesame \u00e4\r\n');
        const [token, digest] = passwd('', '--token').stdout.split('\n');
        const server = await startServer(t, {
            'api.users': JSON.stringify([{ username: 'x', password: hash.trim(), role: 'admin' }]),
            'api.tokens': JSON.stringify([{ name: 'y', token: digest, role: 'viewer' }]),
        });
        assert.equal((await session(server, basic('x', 'open sesame \u00e4'))).username, 'x');
        assert.equal((await session(server, bearer(token))).via, 'token');
        assert.equal(await status(server, 'GET', '/api/session', { headers: bearer(digest) }), 401, 'the hash of a token is none');
        assert.notEqual(passwd('open sesame \u00e4\n').stdout, hash);
    });

    it('refuses what is no password', TEST, () => {
        for (const [input, args, why] of [['short\n', [], /8 characters/], ['', [], /no password/], ['x'.repeat(2000), [], /too long/],
                                          ['tab\tulator\n', [], /control characters/], [Buffer.from('ffffffffffffffffff0a', 'hex'), [], /UTF-8/],
                                          ['', ['--tokens'], /--help/], ['', ['a', 'b'], /--help/]]) {
            const { status: code, stderr, stdout } = passwd(input, ...args);
            assert.equal(code, 2);
            assert.match(stderr, why);
            assert.equal(stdout, '');
        }
        assert.match(passwd('', '--help').stdout, /api\.users/);
    });
});
