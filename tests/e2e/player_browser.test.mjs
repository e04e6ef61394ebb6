// player_browser.test.mjs - the player, in Chromium: it plays, it says why it does not, and joins again.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inSeconds, sign } from './lib/access.mjs';
import { callers } from './lib/api.mjs';
import { launchBrowser, openTab } from './lib/browser.mjs';
import { releaseOnly } from './lib/env.mjs';
import { assertPlays, assertUsable, publishFilm, WAIT, waitForState } from './lib/pages.mjs';
import { start } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/film';

describe('the player', { skip: releaseOnly, concurrency: 3 }, () => {
    let browser;
    before(async () => { browser = await launchBrowser(); });
    after(() => browser.close());

    it('lists what is live, plays it over HTTP and WebSocket, and shows its own signal on request', TEST, async t => {
        const server = await startServer(t);
        await publishFilm(t, server, PATH);
        const tab = await openTab(t, browser, server.httpUrl('/'));
        const requests = [];
        tab.on('request', request => requests.push(request.url()));
        tab.on('websocket', socket => requests.push(socket.url()));
        await tab.locator('.stream-card a').first().press('Enter');
        await assertPlays(tab);
        const settled = requests.length;
        assert.ok(tab.url().endsWith(`/#${PATH}`), 'the address says what is played');
        await tab.locator('.badges', { hasText: '192×108 · 25 fps · H264 + AAC' }).waitFor(WAIT);
        assert.equal(await tab.locator('h1').textContent(), 'live/film');

        assert.ok(await tab.locator('.signal').isHidden(), 'no figures unless they are asked for');
        await tab.getByRole('button', { name: 'Signal of this player' }).click();
        await tab.locator('.signal', { hasText: /^This player's own: 192×108 · avc1\.\w+ \+ mp4a\S+ · [1-9][\d.]* fps · \d+ dropped/ }).waitFor(WAIT);

        const count = () => requests.filter(url => url.startsWith('ws:')).length;
        assert.equal(count(), 0);
        await tab.getByLabel('Over').selectOption('ws');
        await assertPlays(tab);
        assert.equal(count(), 1, 'over a WebSocket now');
        await tab.getByLabel('Audio').selectOption('none');
        await assertPlays(tab, { sound: false });
        assert.match(requests.at(-1), /^ws:.*\/live\/film\.flv\?audio=none$/);
        assert.deepEqual(await tab.locator('.lines:visible code').allTextContents(), [
            server.httpUrl(`${PATH}.flv?audio=none`), server.wsUrl(`${PATH}.flv?audio=none`),
            `rtmp://127.0.0.1${PATH}`, `ffplay -fflags nobuffer ${server.httpUrl(`${PATH}.flv`)}`,
        ]);
        await tab.getByRole('tab', { name: 'Publish' }).click();
        assert.deepEqual(await tab.locator('.lines:visible code').allTextContents().then(([url, key]) => [url, key]),
                         ['rtmp://127.0.0.1/live', 'film']);
        await tab.getByRole('button', { name: `Preview of ${PATH}` }).dispatchEvent('click');
        await tab.locator('.thumb.drawn').waitFor(WAIT);
        assert.deepEqual(tab.faults, []);
        assert.deepEqual(requests.slice(settled).filter(url => url.includes('/api/')), [], 'all that is new comes by the one connection');
    });

    it('says when a stream is offline, waits for it, and joins it each time it returns', TEST, async t => {
        const server = await startServer(t, { 'publish.resume_s': 0 });
        const tab = await openTab(t, browser, server.httpUrl(`/#${PATH}`));
        await tab.getByText('/live/film is offline').waitFor(WAIT);
        const publisher = await publishFilm(t, server, PATH);
        await assertPlays(tab);
        await publisher.stop();
        await tab.getByText('/live/film has ended').waitFor(WAIT);
        await tab.getByText('Nobody is publishing').waitFor(WAIT);
        await publishFilm(t, server, PATH);
        await assertPlays(tab);
        assert.deepEqual(tab.faults, []);
    });

    it('tells why it is refused, plays with a sign, and has one made for an administrator', TEST, async t => {
        const secret = 'a secret of the tests';
        const server = await startServer(t, { 'auth.play': true, 'auth.secret': secret });
        await publishFilm(t, server, PATH);
        const tab = await openTab(t, browser, server.httpUrl(`/#${PATH}`));
        await tab.getByText('The server refuses').waitFor(WAIT);
        await tab.getByText(/It says: .*sign/).waitFor(WAIT);
        await tab.getByLabel('Sign or token').fill(sign(PATH, secret, { expiry: inSeconds(-60) }));
        await tab.getByRole('button', { name: 'Apply' }).click();
        await tab.getByText(/It says: .*expired/).waitFor(WAIT);
        await tab.getByLabel('Sign or token').fill(sign(PATH, secret));
        await tab.getByLabel('Sign or token').press('Enter');
        await assertPlays(tab);

        const other = await openTab(t, browser, server.httpUrl(`/#${PATH}`));
        await other.getByRole('button', { name: 'Sign it as administrator' }).click();
        await assertPlays(other);
        assert.deepEqual([...tab.faults, ...other.faults], []);
    });

    it('plays without the API, and lists streams after a log-in', TEST, async t => {
        const server = await startServer(t, callers());
        await publishFilm(t, server, PATH);
        const tab = await openTab(t, browser, server.httpUrl('/'));
        await tab.getByText('Log in to see the streams').waitFor(WAIT);
        await tab.getByLabel('Path of a stream').fill('film');
        await tab.getByLabel('Path of a stream').press('Enter');
        await assertPlays(tab);
        await tab.locator('.streams').getByRole('button', { name: 'Log in' }).click();
        const dialog = tab.getByRole('dialog');
        await assertUsable(tab, 'the log-in');
        await dialog.getByLabel('Name').fill('bob');
        await dialog.getByLabel('Password').fill('wrong');
        await dialog.getByRole('button', { name: 'Log in' }).click();
        await dialog.getByText('That name and password are not known here.').waitFor(WAIT);
        await dialog.getByLabel('Password').fill('viewer password');
        await dialog.getByLabel('Password').press('Enter');
        await tab.locator('.stream-card', { hasText: 'live/film' }).waitFor(WAIT);
        await tab.reload();
        await tab.locator('.stream-card', { hasText: 'live/film' }).waitFor(WAIT);
        await tab.getByRole('button', { name: 'Log out bob' }).click();
        await tab.getByText('Log in to see the streams').waitFor(WAIT);
        assert.deepEqual(tab.faults, []);
    });

    it('names a codec that the browser does not have', TEST, async t => {
        const server = await startServer(t);
        start(t, 'ffmpeg', ['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=25',
                            '-c:v', 'flv1', '-g', '25', '-f', 'flv', server.rtmpUrl('/live/old')]);
        const tab = await openTab(t, browser, server.httpUrl('/#/live/old'));
        await tab.getByText('It does not know H.263.').waitFor(WAIT);
        await waitForState(tab, 'unsupported');
    });

    it('is usable from 360 to 1920 pixels, dark and light, in English and Chinese', TEST, async t => {
        const server = await startServer(t);
        await publishFilm(t, server, PATH);
        for (const [width, height, colorScheme, locale, name] of [
            [360, 740, 'light', 'zh-CN', '播放器'], [1920, 1080, 'dark', 'en-GB', 'Player']]) {
            const tab = await openTab(t, browser, server.httpUrl(`/#${PATH}`), { viewport: { width, height }, colorScheme, locale });
            await waitForState(tab, 'playing');
            assert.equal(await tab.locator('nav a[aria-current]').textContent(), name);
            await assertUsable(tab, `the player, ${width} pixels, ${colorScheme}`);
            assert.deepEqual(tab.faults, []);
        }
    });
});
