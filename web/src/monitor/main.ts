// main.ts - the monitor: the server, or one of its streams.

import '../styles/monitor.css';
import { get } from '../api/client.ts';
import { Feed } from '../api/feed.ts';
import { access, findOut } from '../api/session.ts';
import type { Server, Statistics } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';
import { decode, streamPathOf } from '../player/urls.ts';
import { askForLogin } from '../ui/dialogs.ts';
import { icon } from '../ui/icons.ts';
import { message } from '../ui/parts.ts';
import { shell } from '../ui/shell.ts';
import { Overview } from './overview.ts';
import { StreamPage } from './stream_page.ts';

const feed = new Feed();
const main = shell('monitor', feed);
const overview = new Overview();
const notice = h('div', { class: 'card' });
const banner = h('div', { class: 'banner', role: 'status', hidden: true }, icon('offline'), h('span', {}, t('staleText')));
const content = h('div', { class: 'monitor', hidden: true });
let page: StreamPage | null = null;
let last: Statistics | null = null;

main.append(banner, notice, content);

// The address says which stream is looked at.
function follow(anew = false): void {
    const path = streamPathOf(decode(location.hash.slice(1)));
    if (!anew && path === (page?.path ?? null) && content.childElementCount > 0)
        return;
    page?.destroy();
    page = path === null ? null : new StreamPage(path);
    replace(content, page?.element ?? overview.element);
    document.title = `${path?.slice(1) ?? t('monitor')} · Millrace`;
    scrollTo(0, 0);
    if (page === null && last !== null)
        overview.update(last, true);
}

function take(next: Statistics): void {
    last = next;
    const isVisible = document.visibilityState === 'visible';
    overview.update(next, page === null && isVisible);
    if (page !== null && isVisible) {
        const stream = next.streams.find(each => each.streamPath === page!.path);
        if (stream !== undefined || next.truncated !== true)
            page.tick(Date.parse(next.server.time) / 1000, stream);
        else
            void page.ask(next.server.time);
    }
    showState();
}

// The minutes before this page was opened.
async function remember(): Promise<void> {
    try {
        const server = await get<Server>('/api/statistics?history=1');
        if (server.history) {
            overview.series.prepend(server.history);
            overview.drawCharts();
        }
        overview.begin();
    } catch {
        // What comes from now on is shown all the same.
    }
}

function showState(): void {
    const state = feed.state.get(), now = access.get();
    const isClosed = state.state === 'closed' || now.state === 'closed';
    const hasData = last !== null && !isClosed;
    banner.hidden = !(hasData && state.state === 'lost');
    content.classList.toggle('stale', state.state === 'lost');
    if (content.hidden === hasData)
        content.hidden = !hasData;
    const next = hasData ? null : explain(state, isClosed);
    notice.hidden = next === null;
    if (next !== null && notice.textContent !== next.textContent)
        replace(notice, next);
}

function explain(state: ReturnType<Feed['state']['get']>, isClosed: boolean): HTMLElement {
    if (isClosed)
        return message({ icon: 'lock', title: t('monitorClosed'), text: t('loginWhy'), actions: [
            h('button', { class: 'button primary', type: 'button', onclick: () => void askForLogin() }, t('login'))] });
    if (state.state === 'refused')
        return message({ icon: 'lock', title: t('monitorRefused'), text: `${state.message}. ${t('monitorRefusedText')}` });
    if (state.state === 'lost')
        return message({ icon: 'offline', title: t('unreachable'), text: t('retrying') });
    return message({ busy: true, title: t('loading') });
}

feed.statistics.on(take);
feed.events.on(event => {
    overview.event(event);
    page?.event(event);
});
let hasAsked = false;
feed.state.watch(now => {
    if (now.state === 'live' && !hasAsked) {
        hasAsked = true;
        void remember();
    }
    showState();
});
access.watch(now => {
    showState();
    if (now.state === 'closed')
        void askForLogin();
    else if (now.state === 'open' && page !== null)
        follow(true);               // who is logged in now may do other things
});
document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && last !== null)
        take(last);
});
addEventListener('hashchange', () => follow());
void findOut().then(() => {
    follow();
    feed.start();
});
