// publisher.mjs - our RTMP client as an encoder.

import { encode } from './amf.mjs';
import { SCRIPT } from './flv.mjs';
import { headers } from './canned.mjs';
import { RtmpClient } from './rtmp.mjs';
import { sleep } from './wait.mjs';

// Splits "/live/name" into its two parts.
export function splitPath(path) {
    const [, app, name] = /^\/([^/]+)\/(.+)$/.exec(path);
    return { app, name };
}

// Encoders put "@setDataFrame" before their metadata.
export function sendAsEncoder(client, tag) {
    if (tag.type === SCRIPT)
        client.sendTag({ ...tag, body: Buffer.concat([encode('@setDataFrame'), tag.body]) });
    else
        client.sendTag(tag);
}

// A client that publishes `path`, with chunks of 4096 bytes; nothing is sent yet.
export async function openPublisher(t, server, path) {
    const { app, name } = splitPath(path);
    const client = await RtmpClient.ready(t, server.rtmpPort, app);
    client.setChunkSize(4096);
    await client.publish(name);
    return client;
}

export function sendTags(client, tags) {
    for (const tag of tags)
        sendAsEncoder(client, tag);
}

// A publisher with headers and these frames sent and taken by the server.
export async function publish(t, server, path, tags, kinds) {
    const client = await openPublisher(t, server, path);
    sendTags(client, [...headers(kinds), ...tags]);
    await client.settled();
    return client;
}

// Sends tags at the pace of their timestamps, `speed` times as fast, until they are all sent
// or the connection is closed.
export async function sendPaced(client, tags, { speed = 1, isOver = () => false } = {}) {
    const began = Date.now(), first = tags.find(tag => tag.type !== SCRIPT)?.timestamp ?? 0;
    for (const tag of tags) {
        const wait = (tag.timestamp - first) / speed - (Date.now() - began);
        if (wait > 0)
            await sleep(wait);
        if (client.closed || isOver())
            return;
        sendAsEncoder(client, tag);
    }
}
