// shell.ts - what stands around each page: the bar at the top, who is logged in, how the server is
// reached.

import '../styles/colours.css';
import '../styles/base.css';
import '../styles/parts.css';
import '../styles/shell.css';
import logo from '../logo.svg';
import { onUnauthorized } from '../api/client.ts';
import type { Feed, FeedState } from '../api/feed.ts';
import { access, logOut } from '../api/session.ts';
import { language, setLanguage, t, type Key } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { askForLogin } from './dialogs.ts';
import { icon, type IconName } from './icons.ts';
import { nextTheme, theme, type Theme } from './theme.ts';

export type PageName = 'player' | 'monitor' | 'recordings';

const PAGES: [PageName, string, Key, IconName][] = [
    ['player', '/', 'player', 'play'],
    ['monitor', '/monitor.html', 'monitor', 'monitor'],
    ['recordings', '/recordings.html', 'recordings', 'film'],
];

function navigation(current: PageName): HTMLElement {
    return h('nav', { 'aria-label': t('pages') }, ...PAGES.map(([name, href, key, picture]) =>
        h('a', { href, 'aria-current': name === current ? 'page' : undefined }, icon(picture), t(key))));
}

const THEMES: Record<Theme, [IconName, Key]> = {
    auto: ['auto', 'themeAuto'], light: ['sun', 'themeLight'], dark: ['moon', 'themeDark'],
};

function themeButton(): HTMLElement {
    const button = h('button', { class: 'button quiet icon-only', type: 'button', onclick: nextTheme });
    theme.watch(now => {
        const [picture, key] = THEMES[now];
        button.title = t(key);
        button.setAttribute('aria-label', t(key));
        replace(button, icon(picture));
    });
    return button;
}

// Named in the language that it leads to, which is the one that its reader knows.
function languageButton(): HTMLElement {
    const other = language === 'zh' ? 'en' : 'zh';
    const name = other === 'zh' ? '中文' : 'English';
    return h('button', { class: 'button quiet icon-only', type: 'button', lang: other === 'zh' ? 'zh-CN' : 'en', title: name,
                         'aria-label': name, onclick: () => setLanguage(other) }, icon('language'));
}

function userButton(): HTMLElement {
    const button = h('button', { class: 'button quiet', type: 'button' });
    access.watch(now => {
        const name = now.state === 'open' ? now.session.username : null;
        button.hidden = !(now.state === 'closed' || name !== null);
        replace(button, icon(name !== null ? 'leave' : 'user'), name ?? t('login'));
        button.title = name !== null ? t('logoutOf', { name }) : t('login');
        button.setAttribute('aria-label', button.title);
        button.onclick = () => void (name !== null ? logOut() : askForLogin());
    });
    return button;
}

const STATES: Record<FeedState['state'], [string, Key]> = {
    connecting: ['warn', 'stateConnecting'],
    live: ['good', 'stateLive'],
    lost: ['bad', 'stateLost'],
    closed: ['warn', 'stateClosed'],
    refused: ['warn', 'stateRefused'],
};

function connection(feed: Feed): HTMLElement {
    const dot = h('span', { class: 'dot' }), text = h('span');
    const whole = h('span', { class: 'connection', role: 'status' }, dot, text);
    feed.state.watch(now => {
        const [kind, key] = STATES[now.state];
        dot.className = `dot ${kind}`;
        setText(text, t(key));
        whole.title = t(key);
        whole.dataset['state'] = now.state;
    });
    return whole;
}

// Builds the page around its <main>, which is returned.
export function shell(current: PageName, feed: Feed | null): HTMLElement {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.title = `${t(current)} · Millrace`;
    onUnauthorized(askForLogin);
    const main = h('main', { id: 'main', tabindex: '-1' });
    document.body.append(
        h('a', { class: 'skip-link', href: '#main', onclick: event => { event.preventDefault(); main.focus(); } }, t('skipToContent')),
        h('header', { class: 'top' },
          h('a', { class: 'brand', href: '/', 'aria-label': 'Millrace' }, h('img', { src: logo, alt: '' }), h('span', {}, 'Millrace')),
          navigation(current),
          h('div', { class: 'tools' }, feed ? connection(feed) : null, userButton(), languageButton(), themeButton())),
        main,
        h('footer', { class: 'foot' },
          h('span', { id: 'version' }, 'Millrace'), h('a', { href: '/licences.txt' }, t('licences'))));
    return main;
}
