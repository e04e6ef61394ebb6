// api.test.mjs - each route of docs/openapi.json with each of its answers, held against the document.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ANNA, answerOf, BOB, call, callers, Description } from './lib/api.mjs';
import { frames } from './lib/canned.mjs';
import { HttpConnection } from './lib/http.mjs';
import { connectHttp2, request } from './lib/http2.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { publish } from './lib/publisher.mjs';
import { startServer } from './lib/server.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';
const description = new Description();

// A path of the document with these in the place of the braces.
const fill = (path, params) => path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? 'nothing'));
// Events without an end; and who is to be told of no mistake, because others send the same.
const isEndless = operation => 'text/event-stream' in (operation.responses['200']?.content ?? {});
const takesAny = operation => operation.path === '/metrics' || operation.path.startsWith('/api/v1/');
const NOWHERE = { app: 'live', name: 'nothing', file: '20200101000000_segment_001.flv', id: '0000000000000000', streamPath: 'live/nothing' };

// Requests of our own for operations that a GET without arguments does not do.
const SAMPLES = {
    login: [{ body: { username: 'anna', password: 'correct horse' }, status: 200 },
            { body: { username: 'anna', password: 'wrong' }, status: 401 }, { body: { username: 7 }, status: 400 }],
    logout: [{ status: 409 }],
    reload: [{ status: 200 }, { body: {}, status: 200 }],
    sign: [{ body: { use: 'play', path: '/live/s' }, status: 200 },
           { body: { use: 'publish', path: 'live/s', expiresAt: '2099-01-01T00:00:00Z', ip: '192.0.2.0/24' }, status: 200 },
           { body: { use: 'play', path: 'live/s', expiresAt: 4070908800 }, status: 200 },
           { body: { use: 'any', path: '/live/s' }, status: 400 }, { body: { use: 'play', path: '/live' }, status: 400 },
           { body: { use: 'play', path: '/live/s', ttlS: 0 }, status: 400 },
           { body: { use: 'play', path: '/live/s', ttlS: 60, expiresAt: 4070908800 }, status: 400 },
           { body: { use: 'play', path: '/live/s', expiresAt: 1 }, status: 400 },
           { body: { use: 'play', path: '/live/s', ip: '0.0.0.0/0' }, status: 400 },
           { body: { path: '/live/s' }, status: 400 }],
    history: [{ query: `?stream=${PATH}&from=2020-01-01T00:00:00Z&to=4070908800&page=1&pageSize=1`, status: 200 },
              { query: '?page=0', status: 400 }, { query: '?pageSize=1001', status: 400 }, { query: '?from=today', status: 400 },
              { query: '?stream=live', status: 400 }, { query: '?page=1&page=2', status: 400 }],
};

describe('the description of the API', { concurrency: 4 }, () => {
    const undo = [], t = { after: action => undo.push(action) }; // what all tests here share
    let server;

    after(async () => {
        for (const action of undo)
            await action();
    });

    before(async () => {
        server = await startServer(t, { 'auth.secret': 'secret', 'record.path': temporaryFolder(t), ...callers() });
        await publish(t, server, PATH, frames({ count: 10 }));
        openViewer(t, server, 'http', PATH);
        await server.viewersCame(PATH, 1);
        for (const operation of description.operations) {
            const { headers } = await call(server, 'OPTIONS', fill(operation.path, NOWHERE));
            assert.ok(headers.allow.split(', ').includes(operation.method), `${operation.method} ${operation.path} is not served`);
        }
    });

    const each = async action => {
        for (const operation of description.operations)
            await action(operation, fill(operation.path, NOWHERE));
    };
    const ask = async (operation, path, options) => {
        const answer = await call(server, operation.method, path, { headers: ANNA, headOnly: isEndless(operation), ...options });
        description.check(operation.method, operation.path, answer);
        return answer;
    };

    it('is served', TEST, async () => {
        const { json } = await call(server, 'GET', '/api/openapi.json', { headers: BOB });
        assert.deepEqual(json, description.document);
    });

    it('names all methods of a path, and no other is served', TEST, async () => {
        for (const [path, methods] of Object.entries(description.document.paths)) {
            const names = Object.keys(methods).map(name => name.toUpperCase());
            const expected = [...names, ...names.includes('GET') ? ['HEAD'] : [], 'OPTIONS'].sort();
            const { status, headers, text } = await call(server, 'OPTIONS', fill(path, NOWHERE));
            assert.equal(status, 204);
            assert.equal(text, '');
            assert.deepEqual(headers.allow.split(', ').sort(), expected, path);
            for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'].filter(name => !names.includes(name))) {
                const answer = await call(server, method, fill(path, NOWHERE), { headers: ANNA });
                assert.equal(answer.status, 405, `${method} ${path}`);
                assert.equal(answer.headers.allow, headers.allow);
                assert.equal(answer.json.error.code, 'method_not_allowed');
            }
        }
    });

    it('has the answers to all that is right', TEST, async () => {
        await each(async operation => {
            if (!operation.path.includes('{') && operation.method === 'GET')
                assert.equal((await ask(operation, operation.path)).status, 200, operation.path);
            for (const { status, query = '', ...options } of SAMPLES[operation.operationId] ?? [])
                assert.equal((await ask(operation, operation.path + query, options)).status, status, JSON.stringify(options));
        });
    });

    it('has the answers about what is there', TEST, async () => {
        const get = (path, template) => call(server, 'GET', path, { headers: BOB })
            .then(answer => { description.check('GET', template, answer); return answer; });
        const list = async (path, what) => poll(async () => {
            const { json } = await get(path, path.split('?')[0]);
            return json.items.length > 0 && json.items;
        }, what);
        const [stream] = await list(`/api/streams?app=live&q=stream`, 'the stream');
        assert.equal(stream.streamPath, PATH);
        for (const path of ['live/stream', '%2Flive%2Fstream'])
            assert.equal((await get(`/api/statistics/streams/${path}?history=1`, '/api/statistics/streams/{streamPath}')).json.name, 'stream');
        assert.equal((await get('/api/streams/live/stream?history=1', '/api/streams/{app}/{name}')).json.status, 'live');
        assert.equal((await get('/api/statistics?history=1', '/api/statistics')).json.streams.live >= 1, true);
        const sessions = await list(`/api/sessions?stream=${PATH}&role=publisher&protocol=rtmp`, 'the publisher');
        assert.equal((await get(`/api/sessions/${sessions[0].id}`, '/api/sessions/{id}')).json.streamPath, PATH);
        assert.equal((await get('/api/streams/live/stream/record', '/api/streams/{app}/{name}/record')).json.active, true);
        const files = await list(`/api/records?stream=${PATH}`, 'the recording');
        const template = '/api/records/{app}/{name}/{file}', file = fill(template, files[0]);
        assert.equal((await get(file, template)).json.state, 'recording');
        const refused = await call(server, 'DELETE', file, { headers: ANNA });
        description.check('DELETE', template, refused);
        assert.equal(refused.status, 409);
        await get('/api/records/usage', '/api/records/usage');
        assert.ok((await get('/api/records/active', '/api/records/active')).json.items.length > 0);
    });

    it('has the answers to HEAD, without a body', TEST, async () => {
        await each(async operation => {
            if (operation.method !== 'GET' || operation.path.includes('{') || isEndless(operation))
                return;
            const head = await call(server, 'HEAD', operation.path, { headers: ANNA });
            assert.equal(head.status, 200, operation.path);
            assert.equal(head.text, '');
            assert.ok(Number(head.headers['content-length']) > 0);
        });
    });

    it('says who may call', TEST, async () => {
        await each(async (operation, path) => {
            const role = operation['x-role'];
            if (role === 'nobody')
                return;
            const unknown = await ask(operation, path, { headers: {} });
            assert.equal(unknown.status, 401, path);
            assert.match(unknown.headers['www-authenticate'], /^Basic .*Bearer /);
            const viewer = await call(server, operation.method, path, { headers: BOB, body: operation.requestBody && '{}', headOnly: isEndless(operation) });
            assert.equal(viewer.status === 403, role === 'admin', `${operation.method} ${path} by a viewer: ${viewer.status}`);
        });
    });

    it('says what is wrong with a query, a path and a body', TEST, async () => {
        await each(async (operation, path) => {
            if (takesAny(operation))
                return;
            const query = await ask(operation, `${path}?unknownName=1`);
            assert.equal(query.status, 400, path);
            assert.match(query.json.error.message, /unknownName/);
            if (path.includes('/live/nothing') || path.includes('live%2Fnothing'))
                assert.equal((await ask(operation, path.replace('nothing', '.nothing'))).status, 400, path);
            if (operation.method === 'GET')
                return;
            const cases = [['[]', 400], ['{', 400], ['{"unknownName":1}', 400], [`{"x":${'['.repeat(20000)}`, 400],
                           [JSON.stringify({ x: 'x'.repeat(70000) }), 413]];
            for (const [body, status] of cases) {
                const answer = await call(server, operation.method, path, { headers: ANNA, body });
                assert.equal(answer.status, status, `${operation.method} ${path} ${body.slice(0, 40)}: ${answer.text}`);
            }
            const form = { ...ANNA, 'Content-Type': 'application/x-www-form-urlencoded' };
            assert.equal((await call(server, operation.method, path, { headers: form, body: 'a=1' })).status, 415);
        });
    });

    it('says that a page of another site changes nothing', TEST, async () => {
        await each(async (operation, path) => {
            if (operation.method === 'GET')
                return;
            for (const foreign of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
                const answer = await ask(operation, path, { headers: { ...ANNA, ...foreign } });
                assert.equal(answer.status, 403, path);
                assert.match(answer.json.error.message, /another site/);
            }
        });
    });

    it('has the history of who published and played', TEST, async t => {
        const path = '/live/history';
        const publisher = await publish(t, server, path, frames({ count: 10 }));
        publisher.close();
        const { json } = await poll(async () => {
            const answer = await call(server, 'GET', `/api/history?stream=${path}`, { headers: BOB });
            return answer.json.items[0]?.endTime && answer;
        }, 'the end of the publisher in the history');
        const [item] = json.items;
        assert.deepEqual([json.total, json.page, json.pageSize], [1, 1, 100]);
        assert.deepEqual([item.role, item.protocol, item.streamPath, item.app, item.name, item.ip],
                         ['publisher', 'rtmp', path, 'live', 'history', '127.0.0.1']);
        assert.ok(item.inBytes > 2000 && item.outBytes > 0 && item.reason.length > 0);
        const future = await call(server, 'GET', `/api/history?stream=${path}&from=2099-01-01T00:00:00Z`, { headers: BOB });
        assert.deepEqual([future.json.total, future.json.items], [0, []]);
        const beyond = await call(server, 'GET', `/api/history?stream=${path}&page=7`, { headers: BOB });
        assert.deepEqual([beyond.json.total, beyond.json.items], [1, []]);
    });
});

describe('the API', { concurrency: 4 }, () => {
    const networks = Array.from({ length: 1000 }, (_, i) => `10.100.${100 + (i >> 8)}.${i & 255}`);
    const MANY = JSON.stringify({ apps: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`app${i}`, { play: { deny: networks } }])) });
    const bigServer = t => {
        const file = join(temporaryFolder(t), 'millrace.json');
        writeFileSync(file, MANY);
        return startServer(t, {}, { args: ['-c', file] });
    };

    it('over HTTP/2 is the same', TEST, async t => {
        const server = await startTlsServer(t, { 'auth.secret': 'secret' });
        const session = await connectHttp2(t, server);
        const over2 = async (method, path, { body, ...headers } = {}) => {
            const answer = await request(session, { ':method': method, ':path': path, ...headers,
                                                    ...body !== undefined && { 'content-type': 'application/json' } }, body);
            return answerOf(answer.status, answer.headers, answer.body.toString());
        };
        const check = async (method, path, options, status) => {
            const answer = await over2(method, path, options);
            description.check(method, path, answer);
            assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
            return answer;
        };
        const sign = '{"use":"play","path":"live/s"}';
        assert.equal((await check('GET', '/healthz', {}, 200)).text, 'ok\n');
        assert.deepEqual((await check('GET', '/api/openapi.json', {}, 200)).json, description.document);
        assert.deepEqual(Object.keys((await check('POST', '/api/sign', { body: sign }, 200)).json.urls).sort(),
                         ['flv', 'https', 'rtmp', 'rtmps', 'ws', 'wss']);
        await check('POST', '/api/sign', { body: '{' }, 400);
        await check('POST', '/api/sign', { body: `{"use":"${'x'.repeat(70000)}"}` }, 413);
        await check('POST', '/api/sign', {}, 400);
        await check('POST', '/api/config/reload', {}, 200);
        assert.equal((await over2('DELETE', '/api/sign')).status, 405);
        assert.equal((await over2('GET', '/api/nothing')).json.error.code, 'not_found');
        const many = await Promise.all(Array.from({ length: 20 }, () => over2('POST', '/api/sign', { body: sign })));
        assert.ok(many.every(({ status }) => status === 200));
        const slow = session.request({ ':method': 'POST', ':path': '/api/sign', 'content-type': 'application/json' });
        slow.write(sign.slice(0, 5));
        const answered = new Promise(resolve => slow.on('response', resolve));
        setImmediate(() => slow.end(sign.slice(5)));
        assert.equal((await answered)[':status'], 200);
        slow.destroy();
    });

    it('answers one request after the other, as they come', TEST, async t => {
        const server = await startServer(t, { 'auth.secret': 'secret' });
        const connection = new HttpConnection(t, server.httpPort);
        const sign = '{"use":"play","path":"live/s"}';
        const post = `POST /api/sign HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${sign.length}\r\n\r\n${sign}`;
        const chunked = 'POST /api/sign HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' +
            `5\r\n${sign.slice(0, 5)}\r\n${(sign.length - 5).toString(16)}\r\n${sign.slice(5)}\r\n0\r\n\r\n`;
        const get = 'GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n';
        const reload = 'POST /api/config/reload HTTP/1.1\r\nHost: localhost\r\n\r\n';
        connection.write(get + post + chunked + reload + get + post);
        for (const expected of ['via', 'query', 'query', 'applied', 'via', 'query'])
            assert.ok(expected in JSON.parse((await connection.response()).body));
        for (const byte of chunked)
            connection.write(byte);
        assert.equal((await connection.response()).status, 200);
        connection.write('POST /api/sign HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nx');
        assert.equal((await connection.response()).status, 400);
        await connection.waitClosed();
    });

    it('sends what is large as it is taken', TEST, async t => {
        const server = await bigServer(t);
        const whole = await call(server, 'GET', '/api/config');
        assert.ok(whole.text.length > 500000 && whole.text.length < 800000, `${whole.text.length} bytes`);
        assert.equal(Object.keys(whole.json.apps).length, 30);
        const before = server.residentSize();
        const slow = Array.from({ length: 6 }, () => new HttpConnection(t, server.httpPort));
        for (const connection of slow) {
            connection.socket.pause();
            for (let i = 0; i < 30; i++)
                connection.request(`GET /api/${i < 2 ? 'config' : 'openapi.json'} HTTP/1.1`);
        }
        assert.equal((await call(server, 'GET', '/healthz')).status, 200);
        server.assertGrownLess(before, 20e6); // one answer for each, not thirty
        for (const connection of slow.slice(3))
            connection.close();
        for (const connection of slow.slice(0, 3)) {
            connection.socket.resume();
            for (let i = 0; i < 2; i++)
                assert.ok((await connection.response()).body === whole.text);
            assert.deepEqual(JSON.parse((await connection.response()).body), description.document);
        }
    });

    it('gets over clients that go away', TEST, async t => {
        const server = await startServer(t);
        for (let i = 0; i < 20; i++) {
            const connection = new HttpConnection(t, server.httpPort);
            connection.request(['POST /api/config/reload HTTP/1.1', 'GET /api/config HTTP/1.1', 'GET /api/history HTTP/1.1'][i % 3]);
            if (i % 2 === 0)
                await new Promise(resolve => setImmediate(resolve));
            connection.close();
        }
        assert.equal((await call(server, 'GET', '/api/session')).json.via, 'loopback');
        process.kill(server.pid, 'SIGHUP');
        const last = call(server, 'POST', '/api/config/reload').catch(() => null); // one that the stop overtakes
        await server.end();
        await last;
    });

    it('is not there when it is switched off', TEST, async t => {
        const server = await startServer(t, { 'api.enable': false });
        assert.equal((await call(server, 'GET', '/api/session')).text, '404 Not Found: there is nothing here\n');
        assert.equal((await call(server, 'GET', '/healthz')).text, 'ok\n');
        assert.equal((await call(server, 'GET', '/readyz')).text, 'ok\n');
    });

    it('leaves the app of its name alone', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, '/api/stream', frames({ count: 10 }));
        const viewer = openViewer(t, server, 'http', '/api/stream');
        await viewer.tag(() => true);
    });
});
