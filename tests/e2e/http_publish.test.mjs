// http_publish.test.mjs - a stream in the body of a POST or PUT: every framing, every refusal, the end.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from './lib/amf.mjs';
import { frames, headers, metadataTag, numberOf, videoTag } from './lib/canned.mjs';
import { patience } from './lib/env.mjs';
import {
    assertMonotonic, AUDIO, isFrame, isScript, readFlv, scriptOf, SCRIPT, VIDEO, writeFlv,
} from './lib/flv.mjs';
import { FLV_HEADER, HttpPublisher, openFlvPublisher } from './lib/flv_publishers.mjs';
import { HttpConnection } from './lib/http.mjs';
import { film, FILM_TRACKS } from './lib/media.mjs';
import { ffmpegPoster } from './lib/players.mjs';
import { publish } from './lib/publisher.mjs';
import { run } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';
import { assertAllGot, openAudience, openViewer } from './lib/viewers.mjs';
import { poll, sleep } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const PATH = '/live/stream';
const TAGS = [...headers(), ...frames({ count: 20 })];
const FLV = writeFlv(TAGS);

const audience = (t, server) => openAudience(t, server, PATH);

function assertPublished(response, bytes = FLV.length, packets = TAGS.length, dropped = 0) {
    assert.equal(response.status, 200, response.body);
    assert.deepEqual(JSON.parse(response.body), { path: PATH, bytes, packets, dropped });
}

describe('other programs publish over HTTP', { concurrency: 3 }, () => {
    for (const name of Object.keys(FILM_TRACKS)) {
        it(`ffmpeg posts ${name}: every viewer gets every byte`, TEST, async t => {
            const server = await startServer(t), file = await film(name);
            const viewers = await audience(t, server);
            const publisher = ffmpegPoster(t, file, server.httpUrl(`${PATH}.flv`));
            assert.equal((await publisher.finish(20000)).code, 0, publisher.stderr);
            await assertAllGot(viewers, readFlv(file).tags);
        });
    }

    for (const [what, args] of [
        ['with a length', []], ['in chunks', ['-H', 'Transfer-Encoding: chunked']],
        ['after "100 Continue"', ['-H', 'Expect: 100-continue', '--expect100-timeout', '30']],
        ['as a POST', ['-X', 'POST']],
    ]) {
        it(`curl uploads a file ${what}`, TEST, async t => {
            const server = await startServer(t), file = await film('av');
            const viewers = await audience(t, server);
            const curl = await run('curl', ['-sS', '-w', '%{http_code}', '-T', file, ...args, server.httpUrl(`${PATH}.flv`)]);
            assert.match(curl.stdout, /^\{.*"dropped":0\}\s*200$/s);
            await assertAllGot(viewers, readFlv(file).tags);
        });
    }
});

describe('the body', { concurrency: 4 }, () => {
    for (const [what, write] of [
        ['one chunk', bytes => [bytes]],
        ['chunks of a byte', bytes => Array.from(bytes, byte => Buffer.from([byte]))],
        ['chunks of 7', bytes => Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(7 * i, 7 * i + 7))],
    ]) {
        it(`may come in ${what}`, TEST, async t => {
            const server = await startServer(t), viewers = await audience(t, server);
            const publisher = new HttpPublisher(t, server, PATH);
            write(FLV).forEach(piece => publisher.send(piece));
            assertPublished(await publisher.end());
            await assertAllGot(viewers, TAGS);
        });
    }

    for (const method of ['POST', 'PUT']) {
        it(`may have a length, with ${method}`, TEST, async t => {
            const server = await startServer(t), viewers = await audience(t, server);
            const publisher = new HttpPublisher(t, server, PATH, { method, length: FLV.length });
            publisher.send(FLV);
            assertPublished(await publisher.end());
            await assertAllGot(viewers, TAGS);
        });
    }

    it('of HTTP/1.0 may last to the end of the connection', TEST, async t => {
        const server = await startServer(t), viewers = await audience(t, server);
        const connection = new HttpConnection(t, server.httpPort);
        connection.write(`POST ${PATH}.flv HTTP/1.0\r\n\r\n`);
        connection.socket.end(FLV);
        assertPublished(await connection.response());
        await assertAllGot(viewers, TAGS);
    });

    it('may come in one piece with its head, with chunk extensions and a trailer', TEST, async t => {
        const server = await startServer(t);
        const connection = new HttpConnection(t, server.httpPort);
        connection.write(Buffer.concat([
            Buffer.from(`POST ${PATH}.flv HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${FLV.length.toString(16)};x=y\r\n`),
            FLV, Buffer.from('\r\n0\r\nX-Trailer: z\r\n\r\n'),
        ]));
        const response = await connection.response();
        assertPublished(response);
        assert.equal(response.headers['content-type'], 'application/json');
        await connection.waitClosed();
    });

    it('is waited for with "100 Continue", once the publisher is accepted', TEST, async t => {
        const server = await startServer(t);
        const publisher = new HttpPublisher(t, server, PATH, { headers: { Expect: '100-continue' } });
        assert.equal((await publisher.connection.head()).status, 100);
        publisher.send(FLV);
        assertPublished(await publisher.end());
    });

    it('may hold metadata as an encoder sends it over RTMP', TEST, async t => {
        const server = await startServer(t), viewers = await audience(t, server);
        const publisher = await openFlvPublisher(t, server, 'http', PATH);
        const meta = metadataTag();
        publisher.sendTags([{ ...meta, body: Buffer.concat([encode('@setDataFrame'), meta.body]) }, ...TAGS.slice(1)]);
        await publisher.end();
        for (const viewer of viewers)
            assert.equal(scriptOf(await viewer.tag(isScript))[0], 'onMetaData', viewer.name);
    });

    it('may hold tags that nobody can use: dropped and counted', TEST, async t => {
        const server = await startServer(t), viewers = await audience(t, server);
        const useless = [{ type: AUDIO, timestamp: 0, body: Buffer.alloc(0) }, { type: VIDEO, timestamp: 0, body: Buffer.alloc(0) },
                         { type: SCRIPT, timestamp: 0, body: encode('@clearDataFrame') }];
        const flv = writeFlv([...useless, ...TAGS]);
        const publisher = new HttpPublisher(t, server, PATH);
        publisher.send(flv);
        assertPublished(await publisher.end(), flv.length, TAGS.length + 3, 3);
        await assertAllGot(viewers, TAGS);
    });
});

describe('time', { concurrency: 4 }, () => {
    it('a stream of eight hours, sent as fast as it is taken', TEST, async t => {
        const server = await startServer(t);
        const viewer = openViewer(t, server, 'http', PATH);
        await server.viewersCame(PATH, 1);
        const publisher = await openFlvPublisher(t, server, 'http', PATH);
        publisher.sendTags(headers({ audio: false }));
        const step_ms = 4000, hours = 8, count = hours * 3600000 / step_ms;
        for (let i = 0; i < count; i++) {
            publisher.sendTags([videoTag(i, i * step_ms, { keyframe: true })]);
            if (i % 100 === 99) // it may be ahead of its time, but nobody is to fall behind
                await viewer.tag(tag => isFrame(tag) && numberOf(tag) === i);
        }
        assert.equal((await publisher.end()).status, 200);
        await viewer.ended();
        assert.equal(viewer.tags.at(-1).timestamp, (count - 1) * step_ms);
        assertMonotonic(viewer.tags, viewer.name);
    });

    it('pauses shorter than publish.timeout_s are no end', TEST, async t => {
        const server = await startServer(t, { 'publish.timeout_s': 3 * patience, 'limits.idle_s': 1, 'limits.handshake_s': 1 });
        const viewer = openViewer(t, server, 'ws', PATH);
        const publisher = await openFlvPublisher(t, server, 'http', PATH);
        publisher.sendTags(headers());
        for (let i = 0; i < 4; i++) {
            publisher.sendTags(frames({ count: 1, first: i, start_ms: i * 1500 }));
            await sleep(1500);
        }
        assert.equal((await publisher.end()).status, 200);
        await viewer.ended();
        assert.equal(viewer.tags.filter(isFrame).length, 8);
    });

    for (const [what, begin] of [
        ['before the first byte', () => {}], ['after the FLV header', publisher => publisher.begin()],
        ['inside a tag', publisher => publisher.send(FLV.subarray(0, FLV.length - 20))],
    ]) {
        it(`silence ${what} is the end`, TEST, async t => {
            const server = await startServer(t, { 'publish.timeout_s': 1 });
            const publisher = new HttpPublisher(t, server, PATH);
            begin(publisher);
            const response = await publisher.connection.response();
            assert.equal(response.status, 408);
            assert.match(response.body, /silent/);
            await publisher.connection.waitClosed();
        });
    }

    it('a trickle of bytes is silence', TEST, async t => {
        const server = await startServer(t, { 'publish.timeout_s': 1 });
        const publisher = new HttpPublisher(t, server, PATH, { length: 1000 });
        publisher.begin();
        const timer = setInterval(() => publisher.send(Buffer.from([9])), 100);
        t.after(() => clearInterval(timer));
        assert.equal((await publisher.connection.response()).status, 408);
    });
});

describe('the end', { concurrency: 4 }, () => {
    it('of the body frees the stream at once', TEST, async t => {
        const server = await startServer(t);
        for (let i = 0; i < 20; i++) {
            const publisher = new HttpPublisher(t, server, PATH);
            publisher.send(FLV);
            assertPublished(await publisher.end());
        }
    });

    it('of one direction, before the body is complete, is answered', TEST, async t => {
        const server = await startServer(t);
        const publisher = new HttpPublisher(t, server, PATH, { length: FLV.length + 1000 });
        publisher.connection.socket.end(FLV);
        assert.equal((await publisher.connection.response()).status, 400);
        await publisher.connection.waitClosed();
    });

    it('of the server is answered', TEST, async t => {
        const server = await startServer(t);
        const publisher = await openFlvPublisher(t, server, 'http', PATH);
        publisher.sendTags(TAGS);
        await server.logged(/start push/);
        server.kill();
        assert.equal((await publisher.connection.response()).status, 503);
    });

    it('leaves nothing behind', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, '/live/warm', frames({ count: 1 })); // what is opened once is open now
        const before = server.openFiles();
        for (let i = 0; i < 40; i++) {
            const publisher = await openFlvPublisher(t, server, 'http', `/live/s${i % 3}`);
            publisher.sendTags(TAGS);
            if (i % 2 === 0)
                await publisher.end();
            publisher.close();
        }
        await poll(() => server.openFiles() <= before, () => `${server.openFiles()} descriptors, not ${before}`);
    });
});

describe('a refusal', { concurrency: 4 }, () => {
    it('of a stream that has a publisher is 409, whatever the protocol of either', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 1 }));
        const second = new HttpPublisher(t, server, PATH);
        const response = await second.connection.response();
        assert.equal(response.status, 409);
        assert.match(response.body, /already publishing/);
        await server.logged(/push \/live\/stream error, already publishing/);
    });

    it('arrives while the client is still sending', TEST, async t => {
        const server = await startServer(t);
        const first = await openFlvPublisher(t, server, 'http', PATH);
        first.sendTags(TAGS);
        await server.logged(/start push/);
        const second = new HttpPublisher(t, server, PATH, { length: 1 << 30 });
        const timer = setInterval(() => second.send(Buffer.alloc(200000)), 5);
        t.after(() => clearInterval(timer));
        assert.equal((await second.connection.response()).status, 409);
    });

    it('comes instead of "100 Continue"', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 1 }));
        const second = new HttpPublisher(t, server, PATH, { headers: { Expect: '100-continue' } });
        assert.equal((await second.connection.head()).status, 409);
        await second.connection.waitClosed();
    });

    const tooBig = Buffer.concat([FLV_HEADER, Buffer.from('09010001000000000000000000', 'hex')]);
    const wrongSize = Buffer.from(FLV);
    wrongSize[wrongSize.length - 1] ^= 0x55;
    const encrypted = Buffer.from(FLV);
    encrypted[FLV_HEADER.length] |= 0x20;
    for (const [what, bytes, status] of [
        ['a body that is no FLV', Buffer.from('<html><body>hello</body></html>'), 415],
        ['an FLV version that does not exist', Buffer.from('464c5602050000000900000000', 'hex'), 415],
        ['a header that never ends', Buffer.from('464c5601057fffffff00000000', 'hex'), 415],
        ['a tag above limits.message_size', tooBig, 413],
        ['a PreviousTagSize that is wrong', wrongSize, 400],
        ['an encrypted tag', encrypted, 415],
        ['a second FLV header', Buffer.concat([FLV, FLV]), 400],
    ]) {
        it(`of ${what} is ${status}`, TEST, async t => {
            const server = await startServer(t, { 'limits.message_size': 65536 });
            const publisher = new HttpPublisher(t, server, PATH);
            publisher.send(bytes);
            const response = await publisher.connection.response();
            assert.equal(response.status, status, response.body);
            assert.match(response.body, new RegExp(`^${status} .*: \\w+`));
            await publisher.connection.waitClosed();
            const next = new HttpPublisher(t, server, PATH);
            next.send(FLV);
            assertPublished(await next.end());
        });
    }

    for (const [what, target, extra, status] of [
        ['no body', `${PATH}.flv`, {}, 411],
        ['an empty body', `${PATH}.flv`, { 'Content-Length': 0 }, 400],
        ['a compressed body', `${PATH}.flv`, { 'Content-Length': 10, 'Content-Encoding': 'gzip' }, 415],
        ['a name with a dot in front', '/live/.hidden.flv', { 'Content-Length': 10, Connection: 'close' }, 400],
        ['a name too long', `/live/${'x'.repeat(300)}.flv`, { 'Content-Length': 10, Connection: 'close' }, 400],
        ['a path that is no stream', '/live/a/b.flv', { 'Content-Length': 10, Connection: 'close' }, 404],
        ['an expectation that nobody knows', `${PATH}.flv`, { 'Content-Length': 10, Expect: 'wonders' }, 417],
    ]) {
        it(`of ${what} is ${status}`, TEST, async t => {
            const server = await startServer(t);
            const connection = new HttpConnection(t, server.httpPort);
            connection.request(`POST ${target} HTTP/1.1`, extra);
            assert.equal((await connection.response()).status, status);
            assert.ok(!server.log.some(line => /start push/.test(line.message)));
        });
    }

    it('of chunks that end before there is FLV is 400', TEST, async t => {
        const server = await startServer(t);
        for (const bytes of [null, FLV.subarray(0, 5)]) {
            const publisher = new HttpPublisher(t, server, PATH);
            if (bytes !== null)
                publisher.send(bytes);
            assert.equal((await publisher.end()).status, 400);
        }
    });
});

// Bytes that two servers could read differently, so that one lets pass what the other runs.
describe('requests that hide another', { concurrency: 4 }, () => {
    const start = `POST ${PATH}.flv HTTP/1.1\r\nHost: a\r\n`;
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const [what, bytes] of [
        ['a length and chunks', `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['chunks and a length', `${start}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`],
        ['two lengths', `${start}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${hidden}`],
        ['the same length twice', `${start}Content-Length: 4, 4\r\n\r\nabcd${hidden}`],
        ['a length with a sign', `${start}Content-Length: +4\r\n\r\nabcd${hidden}`],
        ['a length in hexadecimal', `${start}Content-Length: 0x4\r\n\r\nabcd${hidden}`],
        ['a length without end', `${start}Content-Length: 99999999999999999999\r\n\r\nabcd${hidden}`],
        ['chunked twice', `${start}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['a coding after chunked', `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
        ['a coding with a tab', `${start}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['a space before the colon', `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['a folded header', `${start}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['a bare line feed', `${start}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['a bare carriage return', `${start}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
        ['chunks in HTTP/1.0', `POST ${PATH}.flv HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ]) {
        it(`${what}: refused, and closed`, TEST, async t => {
            const server = await startServer(t), connection = new HttpConnection(t, server.httpPort);
            connection.write(Buffer.from(bytes, 'latin1'));
            const response = await connection.response();
            assert.ok([400, 501].includes(response.status), `${response.status}`);
            await connection.waitClosed();
            assert.equal(connection.pending.length, 0, 'nothing else is answered');
        });
    }

    for (const [what, chunks] of [
        ['a size that is no number', 'xyz\r\n'],
        ['a size with a sign', '-5\r\n'],
        ['a size with 0x', '0x5\r\n'],
        ['an empty size', '\r\n'],
        ['a size with a space before it', ' 5\r\nhello\r\n'],
        ['a size without end', 'fffffffffffffffff\r\n'],
        ['a size ended by a line feed', '5\nhello\r\n'],
        ['a chunk longer than its size', 'd\r\nhello, and all the rest\r\n'],
        ['an extension with a bare carriage return', '5;a\rb\r\nhello\r\n'],
        ['an extension without end', `5;${'a'.repeat(100000)}`],
        ['trailers without end', `0\r\n${'X: y\r\n'.repeat(20000)}`],
        ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ]) {
        it(`${what} in the middle of chunks: refused, and closed`, TEST, async t => {
            const server = await startServer(t), connection = new HttpConnection(t, server.httpPort);
            connection.write(`${start}Transfer-Encoding: chunked\r\n\r\n`);
            connection.write(`${FLV_HEADER.length.toString(16)}\r\n`);
            connection.write(FLV_HEADER);
            connection.write(`\r\n${chunks}`);
            const response = await connection.response();
            assert.ok([400, 431].includes(response.status), `${response.status} ${response.body}`);
            await connection.waitClosed();
        });
    }

    it('what follows a body is not run', TEST, async t => {
        const server = await startServer(t), connection = new HttpConnection(t, server.httpPort);
        connection.write(Buffer.concat([Buffer.from(`${start}Content-Length: ${FLV.length}\r\n\r\n`), FLV, Buffer.from(hidden)]));
        const response = await connection.response();
        assertPublished(response);
        assert.equal(response.headers.connection, 'close');
        await connection.waitClosed();
        assert.equal(connection.pending.length, 0);
    });
});
