// access.mjs - those who ask to play or publish, and what they are told; and signs, made here and not
// by the server.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { frames, headers } from './canned.mjs';
import { HttpConnection } from './http.mjs';
import { sendTags, splitPath } from './publisher.mjs';
import { isCommand, isMedia, isStatus, RtmpClient } from './rtmp.mjs';
import { WebSocketConnection } from './websocket.mjs';

export const inSeconds = seconds => Math.floor(Date.now() / 1000) + seconds;

// As Node Media Server makes them.
export function legacySign(path, secret, expiry = inSeconds(60)) {
    return `sign=${expiry}-${createHash('md5').update(`${path}-${expiry}-${secret}`).digest('hex')}`;
}

export function sign(path, secret, { use = 'play', expiry = inSeconds(60), network = '', bits = 0 } = {}) {
    const mac = createHmac('sha256', secret).update(`v2\n${use}\n${expiry}\n${network}\n${path}`).digest('base64url');
    return `sign=v2.${expiry}.${use}.${bits}.${mac}`;
}

const withQuery = (path, query) => query ? `${path}?${query}` : path;

// What came of it: `allowed`, the code or status and the reason, and the bytes of media that passed.
async function askByRtmp(t, server, use, path, { query, onApp, socketOptions }) {
    const { app, name } = splitPath(path);
    const client = await RtmpClient.open(t, server.rtmpPort, { socketOptions });
    await client.connect(onApp ? withQuery(app, query) : app,
                         onApp ? { app, tcUrl: withQuery(`rtmp://127.0.0.1/${app}`, query) } : {});
    client.msid = await client.createStream();
    client.command('FCPublish', [name]);
    client.command('FCSubscribe', [name]);
    client.command(use, [onApp ? name : withQuery(name, query)], { msid: client.msid });
    if (use === 'publish') // without waiting to be asked
        sendTags(client, [...headers(), ...frames({ count: 5, first: 666 })]);
    const { values: [, , , status] } = await client.message(isCommand('onStatus'), 'a status');
    if (status.level !== 'error')
        return { allowed: true, code: status.code, client };
    await client.waitClosed();
    assert.ok(!client.received.some(message => isStatus('NetStream.Play.Start')(message) ||
                                               isStatus('NetStream.Publish.Start')(message) ||
                                               isCommand('onFCPublish')(message) || isCommand('onFCSubscribe')(message)),
              'no word of success');
    return { allowed: false, code: status.code, why: status.description, media: client.received.filter(isMedia).length };
}

async function askByHttp(t, server, use, path, { query, socketOptions, method }) {
    const connection = new HttpConnection(t, server.httpPort, socketOptions);
    const publish = use === 'publish';
    connection.request(`${method ?? (publish ? 'POST' : 'GET')} ${withQuery(`${path}.flv`, query)} HTTP/1.1`,
                       { ...(publish && { 'Transfer-Encoding': 'chunked' }), Connection: 'close' });
    if (publish) // an FLV header, whatever the answer
        connection.write('d\r\nFLV\x01\x05\0\0\0\x09\0\0\0\0\r\n');
    const body = async head => (await connection.body(Number(head.headers['content-length'] ?? 0))).toString();
    if (publish && !await refusedSoon(server, path))
        return { allowed: true, connection };
    const head = await connection.head();
    if (head.status === 200)
        return { allowed: true, code: 200, connection };
    const why = await body(head);
    assert.equal(head.headers['www-authenticate'], undefined);
    await connection.waitClosed();
    return { allowed: false, code: head.status, why, media: connection.pending.length };
}

// A publisher over HTTP is answered at its end: what became of it stands in the log.
async function refusedSoon(server, path) {
    const { message } = await server.logged(new RegExp(`^FLV session \\w+ \\S+ (start push ${path}$|push ${path} error)`));
    return message.includes(' error');
}

async function askByWebSocket(t, server, use, path, { query, socketOptions }) {
    const connection = new WebSocketConnection(t, server.httpPort, socketOptions);
    connection.sendUpgrade(withQuery(`${path}.flv`, query), use === 'publish' ? { 'Sec-WebSocket-Protocol': 'publisher' } : {});
    const head = await connection.upgraded();
    if (head.status === 101)
        return { allowed: true, code: 101, connection };
    const why = (await connection.body(Number(head.headers['content-length'] ?? 0))).toString();
    return { allowed: false, code: head.status, why, media: connection.frames.length + connection.pending.length };
}

// Ask to 'play' or 'publish' over 'rtmp', 'http' or 'ws'.  Options: query, onApp (RTMP: the query stands
// on the app), socketOptions, method.
export function ask(t, server, protocol, use, path, options = {}) {
    return { rtmp: askByRtmp, http: askByHttp, ws: askByWebSocket }[protocol](t, server, use, path, options);
}

const CODES = {
    rtmp: { play: 'NetStream.Play.Failed', publish: 'NetStream.Publish.Unauthorized' },
    http: { play: 403, publish: 403 },
    ws: { play: 403, publish: 403 },
};

// That it is refused in the way of the protocol, for the reason `why`, with not a byte of media.
export async function assertRefused(t, server, protocol, use, path, why, options) {
    const result = await ask(t, server, protocol, use, path, options);
    assert.equal(result.allowed, false, `${protocol} ${use} ${JSON.stringify(options)} was let in`);
    assert.equal(result.code, CODES[protocol][use]);
    assert.match(result.why, why);
    assert.equal(result.media, 0, 'media passed');
}

export async function assertAllowed(t, server, protocol, use, path, options) {
    const result = await ask(t, server, protocol, use, path, options);
    assert.ok(result.allowed, `${protocol} ${use} ${JSON.stringify(options)} was refused: ${result.code} ${result.why}`);
    return result;
}
