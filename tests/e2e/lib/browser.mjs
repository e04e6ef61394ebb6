// browser.mjs - Debian's Chromium, driven by playwright-core.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { cleanup } from './cleanup.mjs';

const executablePath = '/usr/bin/chromium';

// Without these it looks for its maker's servers at every start.
const QUIET = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
               '--disable-quic', '--disable-gpu'];

export async function launchBrowser({ args = [] } = {}) {
    if (!existsSync(executablePath))
        throw new Error(`${executablePath} does not exist; ./dev deps e2e installs it`);
    const sandbox = process.getuid() === 0 ? ['--no-sandbox'] : [];
    return chromium.launch({
        executablePath,
        args: [...QUIET, ...sandbox, '--autoplay-policy=no-user-gesture-required', ...args],
    });
}

// A page with no memory of any other; errors of its scripts, what its policy forbade and requests that
// leave its host are in page.faults.
export async function openTab(t, browser, url, { script, ...options } = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1000, height: 640 }, ...options });
    cleanup(t, () => context.close());
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', error => page.faults.push(String(error)));
    page.on('console', message => {
        if (/Content Security Policy|TrustedScript|TrustedHTML/.test(message.text()))
            page.faults.push(message.text());
    });
    page.on('request', request => {
        const { protocol, host } = new URL(request.url());
        if (!['blob:', 'data:'].includes(protocol) && host !== new URL(url).host)
            page.faults.push(`a request for ${request.url()}`);
    });
    if (script !== undefined)
        await page.addInitScript(script);
    await page.goto(url);
    return page;
}

// A page in a browser of its own.
export async function openPage(t, url, { args } = {}) {
    const browser = await launchBrowser({ args });
    cleanup(t, () => browser.close());
    return openTab(t, browser, url);
}
