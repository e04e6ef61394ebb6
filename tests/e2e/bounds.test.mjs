// bounds.test.mjs - the memory that one client can take from the others, and what stays of it.

import net from 'node:net';
import { describe, it } from 'node:test';
import { Bystander } from './lib/bystander.mjs';
import { audioTag, headers } from './lib/canned.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { isFrame } from './lib/flv.mjs';
import { openPublisher, sendTags } from './lib/publisher.mjs';
import { basicHeader, messageHeader } from './lib/rtmp_chunk.mjs';
import { makeC1 } from './lib/rtmp_handshake.mjs';
import { RtmpClient, TYPE } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 90000 };
const MEGABYTE = 1 << 20;

async function begin(t, settings) {
    const server = await startServer(t, settings);
    return { server, bystander: await Bystander.begin(t, server) };
}

describe('memory', { concurrency: 2 }, () => {
    // On so many chunk streams, the header and first chunk of a message of `length` bytes.
    function announce(client, count, length) {
        const header = messageHeader(0, { time: 0, length, type: TYPE.VIDEO, msid: 1 });
        const chunk = Buffer.alloc(Math.min(client.chunkSize, length));
        for (let i = 0; i < count; i++)
            client.write(Buffer.concat([basicHeader(0, 10 + i), header, chunk]));
    }

    it('is not given to what is only announced', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        for (let i = 0; i < 10; i++) {
            const client = await openPublisher(t, server, `/live/announce${i}`);
            announce(client, 32, 8 * MEGABYTE - 1);
        }
        for (let i = 0; i < 10; i++) {
            const client = await openPublisher(t, server, `/live/more${i}`);
            announce(client, 32, 0xffffff);
            await client.waitClosed();
        }
        await bystander.unharmed();
        server.assertGrownLess(before, 32 * MEGABYTE);
    });

    it('of unfinished messages is bounded for each connection', TEST, async t => {
        const { server, bystander } = await begin(t);
        const before = server.residentSize();
        const client = await openPublisher(t, server, '/live/stream');
        client.setChunkSize(4 * MEGABYTE);
        for (let i = 0; i < 32 && !client.closed; i++) {
            announce(client, 32, 8 * MEGABYTE - 1);
            await Promise.race([new Promise(resolve => client.socket.write('', resolve)), client.ended]);
        }
        await client.waitClosed(20000);
        server.assertGrownLess(before, 64 * MEGABYTE);
        await bystander.unharmed();
    });

    it('before there is a publisher it is for commands only', TEST, async t => {
        const { server, bystander } = await begin(t);
        for (const open of [RtmpClient.open, RtmpClient.ready]) {
            const client = await open(t, server.rtmpPort);
            announce(client, 1, MEGABYTE);
            await client.waitClosed();
        }
        await bystander.unharmed();
    });

    it('nothing stays of connections that are gone', TEST, async t => {
        const { server, bystander } = await begin(t);
        await server.workersRun();
        const before = server.openFiles();
        for (let i = 0; i < 300; i++) {
            const port = i % 2 ? server.rtmpPort : server.httpPort;
            const socket = net.connect({ port, host: '127.0.0.1' });
            cleanup(t, () => socket.destroy());
            await new Promise(resolve => socket.on('connect', resolve));
            if (i % 3 === 0)
                socket.write(makeC1().subarray(0, i));
            socket.on('error', () => {});
            i % 5 === 0 ? socket.resetAndDestroy() : socket.destroy();
        }
        await poll(() => server.openFiles() <= before, () => `${before} files, not ${server.openFiles()}`);
        await bystander.unharmed();
    });

    it('nothing stays of streams that nobody waits for any more', TEST, async t => {
        const server = await startServer(t, { 'limits.streams': 5, 'publish.resume_s': 0 });
        for (let i = 0; i < 20; i++) {
            const publisher = await openPublisher(t, server, `/live/turn${i}`);
            sendTags(publisher, [...headers(), audioTag(0, 0)]);
            const viewer = openViewer(t, server, 'rtmp', `/live/turn${i}`);
            await viewer.tag(isFrame);
            publisher.close();
            await viewer.ended();
            viewer.close();
            await server.logged(new RegExp(`stop play /live/turn${i}\\b`));
        }
    });
});
