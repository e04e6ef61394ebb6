// takeover.test.mjs - a stream that has a publisher, and another who wants to be; and publishing
// under a secret name.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioTag, frames, headers, numberOf } from './lib/canned.mjs';
import { HttpConnection } from './lib/http.mjs';
import { assertMonotonic, isFrame, isVideo } from './lib/flv.mjs';
import { openPublisher, publish, sendTags } from './lib/publisher.mjs';
import { RtmpClient, isStatus } from './lib/rtmp.mjs';
import { startServer } from './lib/server.mjs';
import { openViewers } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };
const PATH = '/live/stream';

const soundOf = viewer => viewer.tags.filter(tag => isFrame(tag) && !isVideo(tag)).map(numberOf);
const sound = (viewer, number) =>
    viewer.tag(tag => isFrame(tag) && !isVideo(tag) && numberOf(tag) === number, `sound ${number}`);

async function assertRefused(t, server, name, code = 'NetStream.Publish.BadName') {
    const client = await RtmpClient.ready(t, server.rtmpPort);
    client.command('publish', [name, 'live'], { msid: client.msid });
    const { values } = await client.status(code);
    await client.waitClosed();
    assert.ok(!client.received.some(isStatus('NetStream.Publish.Start')));
    return values[3].description;
}

describe('publish.takeover', { concurrency: 4 }, () => {
    it('replace: viewers of every protocol go on with the newcomer', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'replace', 'publish.resume_s': 0 });
        let publisher = await publish(t, server, PATH, frames({ count: 10, gop: 100, start_ms: 9000 }));
        const viewers = openViewers(t, server, PATH);
        await Promise.all(viewers.map(viewer => sound(viewer, 9)));
        for (let round = 1; round <= 5; round++) { // from either worker
            const next = await openPublisher(t, server, PATH);
            await publisher.waitClosed();
            sendTags(next, [...headers(), ...frames({ count: 10, gop: 100, first: 10 * round })]);
            await next.settled();
            publisher = next;
        }
        for (const viewer of viewers) {
            await sound(viewer, 59);
            assert.deepEqual(soundOf(viewer), Array.from({ length: 60 }, (_, i) => i), viewer.name);
            assertMonotonic(viewer.tags);
            assert.ok(!viewer.closed, viewer.name);
        }
    });

    it('a hundred times in a row, and nothing is left behind', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'replace', 'publish.resume_s': 0 });
        for (let i = 0; i < 100; i++)
            await publish(t, server, PATH, frames({ count: 2 }));
        const pushes = kind => server.log.filter(line => line.message.includes(`${kind} push ${PATH}`)).length;
        await server.until(() => pushes('stop') === 99, () => `99 ends, not ${pushes('stop')}`);
        assert.equal(pushes('start'), 100);
    });

    it('replace_if_stalled: only who has sent nothing for publish.stalled_s', TEST, async t => {
        const server = await startServer(t, { 'publish.stalled_s': 2 });
        const first = await publish(t, server, PATH, frames({ count: 10 }));
        assert.match(await assertRefused(t, server, 'stream'), /already publishing/);
        first.sendTag(audioTag(10, 400));
        await first.settled();
        const since = Date.now();
        while (!first.closed) {
            const next = await RtmpClient.ready(t, server.rtmpPort);
            next.command('publish', ['stream', 'live'], { msid: next.msid });
            await next.message(message => isStatus('NetStream.Publish.BadName')(message) ||
                                          isStatus('NetStream.Publish.Start')(message), 'an answer');
            if (next.received.some(isStatus('NetStream.Publish.Start')))
                await first.waitClosed();
        }
        assert.ok(Date.now() - since > 1500, `after ${Date.now() - since} ms`);
    });

    it('reject: nobody yields, however silent', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'reject', 'publish.stalled_s': 1 });
        const first = await publish(t, server, PATH, frames({ count: 10 }));
        for (const end = Date.now() + 2500; Date.now() < end;)
            await assertRefused(t, server, 'stream');
        first.sendTag(audioTag(10, 400));
        await first.settled();
    });

    it('an app has its own', TEST, async t => {
        const server = await startServer(t, { 'publish.takeover': 'reject', 'apps.other.publish.takeover': 'replace' });
        await openPublisher(t, server, '/live/stream');
        await assertRefused(t, server, 'stream');
        const before = await openPublisher(t, server, '/other/stream');
        await openPublisher(t, server, '/other/stream');
        await before.waitClosed();
    });
});

describe('a backup', { concurrency: 4 }, () => {
    const settings = { 'publish.standby_after_ms': 500, 'publish.standby_return_s': 1, 'publish.resume_s': 0 };
    const BACKUP = 1000; // the backup's frames count from here
    const group = first => frames({ count: 10, gop: 5, first, start_ms: first * 40 });

    // Sends groups of ten frames, numbered on from `first`, until told to stop.
    function keepSending(client, first) {
        sendTags(client, headers());
        const timer = setInterval(() => {
            if (client.closed)
                clearInterval(timer);
            else
                sendTags(client, group(first));
            first += 10;
        }, 100);
        return () => clearInterval(timer);
    }

    const until = (viewer, from, want) =>
        viewer.tag((tag, i) => i >= from && isFrame(tag) && (numberOf(tag) >= BACKUP) === (want === 'backup'), want);

    it('takes over when the main publisher goes, and gives back when it has been well', TEST, async t => {
        const server = await startServer(t, settings);
        const viewers = openViewers(t, server, PATH);
        let main = await openPublisher(t, server, PATH);
        const backup = await openPublisher(t, server, `${PATH}?backup=1`);
        t.after(keepSending(backup, BACKUP));
        keepSending(main, 0);
        for (let round = 0; round < 2; round++) {
            let from = viewers.map(viewer => viewer.tags.length);
            await Promise.all(viewers.map((viewer, i) => until(viewer, from[i], 'main')));
            if (round === 0)
                main.close();
            else
                main.socket.pause(), main.stop(); // connected, and silent
            from = viewers.map(viewer => viewer.tags.length);
            await Promise.all(viewers.map((viewer, i) => until(viewer, from[i], 'backup')));
            if (round === 1)
                break;
            main = await openPublisher(t, server, PATH);
            main.stop = keepSending(main, 500);
        }
        for (const viewer of viewers) {
            assertMonotonic(viewer.tags);
            assert.ok(!viewer.closed, viewer.name);
        }
    });
});

describe('publish.keys', { concurrency: 4 }, () => {
    const KEY = 'k3y-Zz91';
    const keys = JSON.stringify([{ key: KEY, stream: 'live/show' }, { key: 'old-k3y', stream: 'live/show', expires: 1000 }]);

    it('a key publishes the stream it stands for, and only it does', TEST, async t => {
        const server = await startServer(t, { 'publish.keys': keys, 'auth.publish': true, 'auth.secret': 'x1y2' });
        const publisher = await openPublisher(t, server, `/live/${KEY}`);
        sendTags(publisher, [...headers(), ...frames({ count: 10 })]);
        for (const viewer of openViewers(t, server, '/live/show'))
            await sound(viewer, 9);
        assert.match(await assertRefused(t, server, 'show', 'NetStream.Publish.Unauthorized'), /key/);
        assert.match(await assertRefused(t, server, 'old-k3y', 'NetStream.Publish.Unauthorized'), /expired/);
        assert.match(await assertRefused(t, server, KEY), /already publishing/);
    });

    it('is told to nobody', TEST, async t => {
        const server = await startServer(t, { 'publish.keys': keys });
        const publisher = await publish(t, server, `/live/${KEY}`, frames({ count: 10 }));
        await assertRefused(t, server, 'old-k3y', 'NetStream.Publish.Unauthorized');
        await assertRefused(t, server, KEY);
        const connection = new HttpConnection(t, server.httpPort);
        connection.request(`POST /live/${KEY}.flv HTTP/1.1`, { 'Content-Length': 100 });
        assert.equal((await connection.response()).status, 409);
        publisher.close();
        await server.logged(/stop push/);
        assert.ok(!server.stderr.includes(KEY) && !server.stderr.includes('old-k3y'), server.stderr);
    });
});
