// browser.mjs - Debian's Chromium, driven by playwright-core.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { cleanup } from './cleanup.mjs';

const executablePath = '/usr/bin/chromium';

// Without these it looks for its maker's servers at every start.
const QUIET = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
               '--disable-quic', '--disable-gpu'];

// A page in a browser of its own; errors of its scripts are in page.faults.
export async function openPage(t, url, { args = [] } = {}) {
    if (!existsSync(executablePath))
        throw new Error(`${executablePath} does not exist; ./dev deps e2e installs it`);
    const sandbox = process.getuid() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({
        executablePath,
        args: [...QUIET, ...sandbox, '--autoplay-policy=no-user-gesture-required', ...args],
    });
    cleanup(t, () => browser.close());
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', error => page.faults.push(String(error)));
    await page.goto(url);
    return page;
}
