// monitor_browser.test.mjs - the monitor, in Chromium: its figures are the server's, and what it does
// is done.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call } from './lib/api.mjs';
import { launchBrowser, openTab } from './lib/browser.mjs';
import { frames, headers } from './lib/canned.mjs';
import { releaseOnly } from './lib/env.mjs';
import { openFlvPublisher } from './lib/flv_publishers.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { assertUsable, memoryOf, publishFilm, until, WAIT } from './lib/pages.mjs';
import { openPublisher, publish, sendPaced, sendTags } from './lib/publisher.mjs';
import { replayServer } from './lib/replay_server.mjs';
import { startServer } from './lib/server.mjs';
import { EventClient } from './lib/sse.mjs';
import { openViewer } from './lib/viewers.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/film';
const MINUTES = Number(process.env.MILLRACE_REPLAY_MINUTES ?? 5);     // 30, when somebody has the time
const WARM_MINUTES = 2;         // until the lists of what was last are full

// As the pages write them, but worked out here.
const bitrate = value => value < 999.5 ? `${Math.round(value)} b/s` : scale(value / 1000, ['kb/s', 'Mb/s', 'Gb/s']);
function scale(value, [unit, ...larger]) {
    if (value >= 999.5 && larger.length > 0)
        return scale(value / 1000, larger);
    return `${value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)} ${unit}`;
}

const figures = tab => tab.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll('[data-figure]')].map(each => [each.dataset.figure, each.textContent])));
const cells = tab => tab.evaluate(() => Object.fromEntries([...document.querySelectorAll('.streams-card tr[data-key]')].map(row =>
    [row.dataset.key, [...row.cells].map(each => each.textContent)])));

// Until what the page shows is what one of the server's statistics says, in all its parts.
async function assertShows(tab, client, look, expected) {
    let seen;
    await poll(async () => {
        seen = JSON.stringify(await look(tab));
        return client.events.some(({ data }) => data.streams?.[0]?.video && JSON.stringify(expected(data)) === seen);
    }, () => `the page shows ${seen}, the server says ${JSON.stringify(expected(client.events.at(-1).data))}`);
}

// A connection that sends two frames, and stays.
async function publishLightly(t, server, path) {
    const publisher = await openFlvPublisher(t, server, 'http', path);
    publisher.sendTags([...headers(), ...frames({ count: 2, gop: 2 })]);
}

describe('the monitor', { skip: releaseOnly, concurrency: 2 }, () => {
    let browser;
    before(async () => { browser = await launchBrowser(); });
    after(() => browser.close());

    it('shows what the server measures, of itself and of each stream', TEST, async t => {
        const server = await startServer(t);
        await publishFilm(t, server, PATH);
        const viewers = ['http', 'ws', 'rtmp'].map(protocol => openViewer(t, server, protocol, PATH));
        await Promise.all(viewers.map(viewer => viewer.count(10)));
        const client = await EventClient.open(t, server, { query: 'types=statistics' });
        const tab = await openTab(t, browser, server.httpUrl('/monitor.html'));
        await tab.locator('.streams-card tr[data-key]').waitFor(WAIT);
        await assertShows(tab, client, figures, ({ server: s }) => ({
            outBitrate: bitrate(s.outBitrate), inBitrate: bitrate(s.inBitrate), viewers: '3', streams: '1',
            cpu: `${s.cpu.percent.toFixed(0)} %`, memory: `${(s.memory.rssBytes / 1e6).toFixed(1)} MB`,
            connections: String(s.connections.open), uptime: `${Math.floor(s.uptimeMs / 1000)} s`,
        }));
        await assertShows(tab, client, cells, ({ streams: [s] }) => ({
            [PATH]: ['live/film', '3', bitrate(s.inBitrate), '', bitrate(s.outBitrate), s.video.frameRate.toFixed(1), '192×108',
                     'H264 + AAC', '0', `${Math.floor(s.uptimeMs / 1000)} s`],
        }));

        const requests = [];
        tab.on('request', request => requests.push(request.url()));
        const ticks = client.events.length;
        await client.until(() => client.events.length > ticks + 2, 'three more seconds');
        assert.deepEqual(requests, [], 'all that is new comes by the one connection');

        await tab.getByRole('link', { name: 'live/film' }).first().click();
        await tab.locator('.stream-body').waitFor(WAIT);
        await assertShows(tab, client, figures, ({ streams: [s] }) => ({
            streamInBitrate: bitrate(s.inBitrate), streamOutBitrate: bitrate(s.outBitrate), streamViewers: '3',
            streamFrameRate: s.video.frameRate.toFixed(1), streamGop: `${(s.video.gopMs / 1000).toFixed(2)} s`,
            streamUptime: `${Math.floor(s.uptimeMs / 1000)} s`,
        }));
        await tab.locator('.tracks', { hasText: /H264 [A-Z].*192×108.*AAC LC · 44\.1 kHz · 2 channels/ }).waitFor(WAIT);
        await until(tab, 'document.querySelectorAll("table[aria-label=Viewers] tr[data-key]").length === 3');
        const { json } = await call(server, 'GET', `/api/sessions?stream=${PATH}&role=viewer`);
        const ids = await tab.locator('table[aria-label=Viewers] tr[data-key]').evaluateAll(rows => rows.map(row => row.dataset.key));
        assert.deepEqual(ids.sort(), json.items.map(each => each.id).sort());
        assert.deepEqual(tab.faults, []);
    });

    it('kicks a viewer, records, ends a publisher, and tells of each', TEST, async t => {
        const server = await startServer(t, { 'record.path': temporaryFolder(t), 'record.auto': false, 'record.min_free': 0 });
        const client = await openPublisher(t, server, PATH);
        sendTags(client, headers());
        const pouring = sendPaced(client, frames({ count: 2000 }));
        const [first, second] = ['http', 'ws'].map(protocol => openViewer(t, server, protocol, PATH));
        await Promise.all([first.count(5), second.count(5)]);
        const tab = await openTab(t, browser, server.httpUrl(`/monitor.html#${PATH}`));
        const events = action => tab.locator(`.stream-page .event[data-action=${action}]`);
        const confirm = name => tab.getByRole('dialog').getByRole('button', { name }).click();
        const kick = tab.getByRole('row', { name: /HTTP|FLV/ }).getByRole('button', { name: /Kick/ });

        await kick.click(WAIT);
        await tab.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
        assert.ok(first.isConnected(), 'not without an answer');
        await kick.click(WAIT);
        await confirm('Kick');
        await first.ended();
        await events('donePlay').waitFor(WAIT);
        await until(tab, 'document.querySelectorAll("table[aria-label=Viewers] tr[data-key]").length === 1');
        assert.ok(second.isConnected());

        await tab.getByRole('button', { name: 'Start recording' }).click();
        await tab.getByText(/\d{14}_segment_001\.flv$/).waitFor(WAIT);
        await events('postRecord').waitFor(WAIT);
        await tab.getByRole('button', { name: 'Stop recording' }).click();
        await tab.getByText('It is not being recorded.').waitFor(WAIT);

        await tab.getByRole('button', { name: 'End the stream' }).click();
        await assertUsable(tab, 'a question');
        await confirm('End the stream');
        await client.waitClosed();
        await pouring;
        await events('donePublish').waitFor(WAIT);
        await tab.getByText('There is no such stream now').waitFor({ timeout: 40000 });
        assert.deepEqual(tab.faults, []);
    });

    it('has room for 300 streams: sorted, filtered, scrolled, with a few rows in the page', TEST, async t => {
        const server = await startServer(t, { 'log.level': 'info', 'publish.timeout_s': 120 });
        const name = i => `/load/camera-${String(i).padStart(3, '0')}`;
        for (let i = 0; i < 300; i += 20)
            await Promise.all(Array.from({ length: 20 }, (_, k) => publishLightly(t, server, name(i + k))));
        openViewer(t, server, 'http', name(123));
        const tab = await openTab(t, browser, server.httpUrl('/monitor.html'), { script: `
            window.longest = 0;
            new PerformanceObserver(list => list.getEntries().forEach(each => { window.longest = Math.max(window.longest, each.duration); }))
                .observe({ type: 'longtask' });` });
        const card = tab.locator('.streams-card');
        const shown = () => card.locator('tr[data-key]').evaluateAll(rows => rows.map(row => row.dataset.key));
        await card.getByText('300', { exact: true }).waitFor(WAIT);
        await until(tab, 'document.querySelector(".streams-card tr[data-key]")?.dataset.key === "/load/camera-123"', 'the most viewers first');
        assert.ok((await shown()).length < 60, 'only what is in sight is in the page');
        assert.equal(await card.locator('table').getAttribute('aria-rowcount'), '301');
        await card.getByRole('button', { name: 'Stream' }).click();
        assert.equal((await shown())[0], name(0));
        await card.getByRole('button', { name: 'Stream' }).click();
        assert.equal((await shown())[0], name(299));
        await card.locator('.table-scroller').evaluate(each => { each.scrollTop = each.scrollHeight; });
        await poll(async () => (await shown()).at(-1) === name(0), 'the last row');
        assert.ok((await shown()).length < 60);
        await card.getByLabel('Filter by path').fill('CAMERA-04');
        assert.deepEqual(await shown(), Array.from({ length: 10 }, (_, i) => name(49 - i)));
        const longest = await tab.evaluate(() => window.longest);
        t.diagnostic(`the longest task took ${longest} ms`);
        assert.deepEqual(tab.faults, []);
    });

    it('says that the connection is lost, and goes on when the server is back', TEST, async t => {
        const first = await startServer(t);
        await publish(t, first, PATH, frames({ count: 5 }));
        const tab = await openTab(t, browser, first.httpUrl('/monitor.html'));
        await tab.locator('.streams-card tr[data-key]').waitFor(WAIT);
        const port = first.httpPort;
        await first.end();
        await tab.getByText('Connection lost').waitFor(WAIT);
        await tab.getByText('What is shown is what was last known').waitFor(WAIT);
        assert.equal((await cells(tab))[PATH][0], 'live/film');
        await startServer(t, { 'http.port': port });
        await tab.locator('.connection[data-state=live]').waitFor(WAIT);
        await tab.getByText('Streams appear here as soon as they begin.').waitFor(WAIT);
    });

    it(`takes ${MINUTES} minutes of events without growing`, { timeout: 300000 }, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 5 }));
        const client = await EventClient.open(t, server, { query: 'types=statistics' });
        const { data } = await client.until(() => client.events.find(each => each.data.streams.length > 0), 'a stream in the statistics');
        const replay = await replayServer(t, server, data);
        const tab = await openTab(t, browser, replay.url('/monitor.html'));
        await tab.locator('.streams-card tr[data-key]').first().waitFor(WAIT);
        await replay.minutes(WARM_MINUTES);
        await tab.getByText(replay.lastUptime(), { exact: true }).first().waitFor(WAIT);
        const before = await memoryOf(tab);
        await replay.minutes(MINUTES - WARM_MINUTES);
        await tab.getByText(replay.lastUptime(), { exact: true }).first().waitFor(WAIT);
        const now = await memoryOf(tab);
        t.diagnostic(`${before.usedSize} bytes and ${before.nodes} nodes after ${WARM_MINUTES} minutes, ${now.usedSize} and ${now.nodes} at the end`);
        assert.ok(now.usedSize < before.usedSize + 1_000_000, `the heap grew by ${now.usedSize - before.usedSize} bytes`);
        assert.ok(now.nodes < before.nodes + 200, `${now.nodes - before.nodes} more nodes`);
        assert.ok(now.jsEventListeners < before.jsEventListeners + 50);
        assert.deepEqual(tab.faults, []);
    });

    it('is usable from 360 to 1920 pixels, dark and light, in English and Chinese', TEST, async t => {
        const server = await startServer(t);
        await publish(t, server, PATH, frames({ count: 50 }));
        openViewer(t, server, 'http', PATH);
        for (const [width, height, colorScheme, locale, name] of [
            [360, 740, 'dark', 'en-GB', 'Monitor'], [1920, 1080, 'light', 'zh-CN', '监控']]) {
            const tab = await openTab(t, browser, server.httpUrl('/monitor.html'), { viewport: { width, height }, colorScheme, locale });
            assert.equal(await tab.locator('nav a[aria-current]').textContent(), name);
            await tab.locator('.streams-card tr[data-key]').waitFor(WAIT);
            await assertUsable(tab, `the monitor, ${width} pixels`);
            await tab.locator('.stream-name a').press('Enter');
            await tab.locator('.stream-page tr[data-key]').waitFor(WAIT);
            await assertUsable(tab, `a stream, ${width} pixels`);
            assert.deepEqual(tab.faults, []);
        }
    });
});
