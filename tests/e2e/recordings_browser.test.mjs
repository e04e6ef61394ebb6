// recordings_browser.test.mjs - the page of recordings, in Chromium: what is there is shown, played across
// files, downloaded and deleted.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, callers } from './lib/api.mjs';
import { launchBrowser, openTab } from './lib/browser.mjs';
import { releaseOnly } from './lib/env.mjs';
import { film, publishArgs, temporaryFolder } from './lib/media.mjs';
import { assertPlays, assertUsable, until, WAIT, waitForState } from './lib/pages.mjs';
import { run } from './lib/process.mjs';
import { complete, recorded } from './lib/recordings.mjs';
import { startServer } from './lib/server.mjs';
import { poll } from './lib/wait.mjs';

const TEST = { timeout: 120000 };
const PATH = '/live/film';

describe('the page of recordings', { skip: releaseOnly }, () => {
    let browser;
    before(async () => { browser = await launchBrowser(); });
    after(() => browser.close());

    it('shows a day, plays across its files, downloads and deletes', TEST, async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, { 'record.path': root, 'record.segmentDuration': 2, 'record.min_free': 0,
                                              'publish.resume_s': 0 });
        await run('ffmpeg', ['-stream_loop', '1', ...publishArgs(await film('av'), server.rtmpUrl(PATH))]);
        await complete(root, PATH, 3);
        const files = await poll(async () => {
            const { json } = await call(server, 'GET', `/api/records?stream=${PATH}`);
            return json.items.length >= 3 && json.items.every(each => each.state === 'complete') && json.items;
        }, 'the catalogue');

        const tab = await openTab(t, browser, server.httpUrl('/recordings.html'));
        await tab.getByRole('heading', { name: 'live/film' }).waitFor(WAIT);
        const rows = tab.locator('table[aria-label=Files] tr[data-key]');
        const listed = count => until(tab, `document.querySelectorAll("table[aria-label=Files] tr[data-key]").length === ${count}`);
        await listed(files.length);
        assert.equal(await tab.locator('.block').count(), files.length);
        const { json: usage } = await call(server, 'GET', '/api/records/usage');
        const kilobytes = `${(usage.usedBytes / 1000).toFixed(0)} kB`;
        await tab.locator('.disk', { hasText: `${kilobytes} in ${files.length} files` }).waitFor(WAIT);

        await rows.last().getByRole('button', { name: /Play from/ }).click();
        await assertPlays(tab);
        await tab.getByLabel('Speed').selectOption('2');
        const clock = () => tab.locator('.track').getAttribute('aria-valuetext');
        const third = new Date(files.map(each => each.startTime).sort()[2]).toLocaleTimeString('en-GB');
        await poll(async () => await clock() >= third, 'the time of the last file', 20000);
        await waitForState(tab, 'ended');
        await tab.locator('.track').press('Home');
        await assertPlays(tab);
        assert.ok(await clock() < third);
        assert.equal(await tab.locator('.playhead').isVisible(), true);

        const name = recorded(root, PATH)[0], file = join(root, 'live', 'film', name);
        const [download] = await Promise.all([tab.waitForEvent('download'), tab.getByRole('link', { name: `Download ${name}` }).click()]);
        assert.equal(download.suggestedFilename(), name);
        assert.ok(readFileSync(await download.path()).equals(readFileSync(file)));

        await assertUsable(tab, 'the recordings');
        await tab.getByRole('button', { name: `Delete ${name}` }).click();
        await tab.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
        assert.ok(recorded(root, PATH).includes(name), 'not without an answer');
        await tab.getByRole('button', { name: `Delete ${name}` }).click();
        await tab.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await listed(files.length - 1);
        assert.ok(!recorded(root, PATH).includes(name));
        assert.deepEqual(tab.faults, []);

        for (const [width, height, colorScheme] of [[360, 740, 'dark'], [1920, 1080, 'light']]) {
            const other = await openTab(t, browser, server.httpUrl('/recordings.html'), { viewport: { width, height }, colorScheme, locale: 'zh-CN' });
            await other.locator('tr[data-key]').first().waitFor(WAIT);
            await assertUsable(other, `the recordings, ${width} pixels`);
        }
    });

    it('asks for a log-in, and says when nothing is recorded', TEST, async t => {
        const server = await startServer(t, { ...callers(), 'record.path': temporaryFolder(t) });
        const tab = await openTab(t, browser, server.httpUrl('/recordings.html'));
        const dialog = tab.getByRole('dialog');
        await dialog.getByLabel('Name').fill('anna');
        await dialog.getByLabel('Password').fill('correct horse');
        await dialog.getByLabel('Password').press('Enter');
        await tab.getByText('There are no recordings').waitFor(WAIT);
        assert.deepEqual(tab.faults, []);
    });
});
