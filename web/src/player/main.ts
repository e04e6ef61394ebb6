// main.ts - the player: which streams there are, and one of them.

import '../styles/player.css';
import { get } from '../api/client.ts';
import { Feed } from '../api/feed.ts';
import { access, findOut } from '../api/session.ts';
import type { Stream } from '../api/types.ts';
import { recall, remember, t } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { askForLogin } from '../ui/dialogs.ts';
import { icon } from '../ui/icons.ts';
import { badge, message } from '../ui/parts.ts';
import { shell } from '../ui/shell.ts';
import { attempt } from '../ui/toast.ts';
import { accessTo, canSign, setAccess, signFor } from './keys.ts';
import { LivePlayer, type PlayState } from './live_player.ts';
import { OptionsPanel } from './options.ts';
import { SharePanel } from './share.ts';
import { explainState, Stage } from './stage.ts';
import { picture, StreamList } from './stream_list.ts';
import { decode, httpUrl, streamPathOf, type Place } from './urls.ts';

const KEPT_TRANSPORT = 'millrace.transport';
const PICTURE_MS = 500;         // after it has begun

const place: Place = { host: location.host, secure: location.protocol === 'https:', rtmpPort: 1935 };
const feed = new Feed(['statistics']);
const main = shell('player', feed);
const video = h('video', { playsinline: true, 'aria-label': t('player') });
const player = new LivePlayer(video, place);
let streams: Stream[] = [];
let current: string | null = null;

// Of what is played now.

const known = () => streams.find(stream => stream.streamPath === current);

const title = h('h1', {}, t('chooseStream'));
const facts = h('div', { class: 'badges' });
const list = new StreamList(stream =>
    httpUrl(place, stream.streamPath, { access: accessTo(stream.streamPath), ...(stream.tracks.length > 2 && { video: '0' }) }));
const options = new OptionsPanel({
    transport: recall(KEPT_TRANSPORT) === 'ws' ? 'ws' : 'http',
    onChange: () => {
        remember(KEPT_TRANSPORT, options.transport === 'ws' ? 'ws' : null);
        if (current !== null)
            play(current);
    },
    onAccess: text => {
        if (current === null)
            return;
        setAccess(current, text);
        play(current);
    },
});
const share = new SharePanel(place);
const stage = new Stage(player, explain);

function explain(now: PlayState): HTMLElement | null {
    const button = (text: string, act: () => void) => h('button', { class: 'button', type: 'button', onclick: act }, text);
    return explainState(now, current, {
        refused: [
            button(t('enterSign'), () => options.focusAccess()),
            ...(canSign() ? [button(t('signIt'), () => void attempt(sign))] : []),
        ],
        unsupported: now.state === 'unsupported' && now.audio ? [button(t('withoutSound'), playSilently)] : [],
    });
}

function playSilently(): void {
    options.silence();
    if (current !== null)
        play(current);
}

async function sign(): Promise<void> {
    if (current === null)
        return;
    await signFor(current);
    play(current);
}

function play(streamPath: string): void {
    const stream = known(), query = accessTo(streamPath);
    options.show(stream, query);
    const playOptions = { access: query, ...options.tracks(), start: options.start };
    share.show(streamPath, playOptions);
    player.play({
        streamPath, transport: options.transport, options: playOptions,
        ...(stream?.tracks.length && {
            hasVideo: playOptions.video !== 'none' && stream.video !== null,
            hasAudio: playOptions.audio !== 'none' && stream.audio !== null,
        }),
    });
}

// What is known of the stream now asks for other tracks than are played: it turned out to have several.
function hasOtherTracks(): boolean {
    const asked = player.request?.options, wanted = options.tracks();
    return asked !== undefined && player.state.get().state !== 'refused' &&
           (asked.video !== wanted.video || asked.audio !== wanted.audio);
}

// The address says what is played, so that it can be sent to somebody.
function follow(): void {
    const next = streamPathOf(decode(location.hash.slice(1)));
    if (next === current && next !== null)
        return;
    current = next;
    list.select(current);
    pathField.value = current ?? '';
    setText(title, current?.slice(1) ?? t('chooseStream'));
    document.title = `${current?.slice(1) ?? t('player')} · Millrace`;
    details.hidden = current === null;
    showFacts();
    if (current === null)
        player.stop();
    else
        play(current);
}

function showFacts(): void {
    const stream = known();
    const next = stream === undefined || stream.status === 'waiting' ? []
        : [picture(stream), t('viewersCount', { count: stream.viewers.total })].filter(Boolean);
    if (facts.dataset['shown'] !== next.join('|')) {
        facts.dataset['shown'] = next.join('|');
        replace(facts, ...next.map(text => badge(text)));
    }
}

// The list, or why there is none.

const pathField = h('input', { class: 'input', name: 'path', placeholder: '/live/stream', autocomplete: 'off', spellcheck: 'false',
                               autocapitalize: 'none', 'aria-label': t('streamPath') });
const filter = h('input', { class: 'input', type: 'search', placeholder: t('filter'), 'aria-label': t('filter'), hidden: true,
                            oninput: () => list.filter(filter.value) });
const notice = h('div');
const amount = h('span', { class: 'badge' });

function open(event: Event): void {
    event.preventDefault();
    const path = streamPathOf(pathField.value);
    if (path === null)
        pathField.focus();
    else if (`#${path}` === location.hash)
        play(path);
    else
        location.hash = path;
}

function showNotice(): void {
    const now = access.get(), state = feed.state.get();
    const login = h('button', { class: 'button primary', type: 'button', onclick: () => void askForLogin() }, t('login'));
    let next: HTMLElement | null = null;
    if (now.state === 'closed' || state.state === 'closed')
        next = message({ icon: 'lock', title: t('listClosedTitle'), text: t('listClosedText'), actions: [login] });
    else if (state.state === 'refused')
        next = message({ icon: 'lock', title: t('listRefusedTitle'), text: `${state.message}. ${t('listClosedText')}` });
    else if (state.state === 'connecting' && streams.length === 0)
        next = message({ busy: true, title: t('loading') });
    else if (state.state === 'lost' && streams.length === 0)
        next = message({ icon: 'offline', title: t('unreachable'), text: t('retrying') });
    else if (list.shown === 0)
        next = filter.value === '' ? message({ icon: 'empty', title: t('noStreams'), text: t('noStreamsText') })
            : message({ icon: 'search', title: t('nothingFound') });
    const name = next?.textContent ?? '';
    if (notice.dataset['shown'] === name)
        return;
    notice.dataset['shown'] = name;
    replace(notice, next);
}

function take(next: Stream[]): void {
    const before = known()?.status;
    streams = next;
    list.set(streams);
    const live = streams.filter(stream => stream.status === 'live').length;
    setText(amount, String(live));
    filter.hidden = streams.length < 8 && filter.value === '';
    const stream = known();
    options.know(stream);
    if (stream !== undefined && hasOtherTracks())
        play(stream.streamPath);
    else if (stream?.status === 'live' && before !== 'live')
        player.poke();
    showFacts();
    showNotice();
}

const details = h('div', { class: 'details', hidden: true }, options.element, share.element);

main.append(h('div', { class: 'player-page' },
    h('section', { class: 'watch', 'aria-label': t('player') },
      stage.element, h('div', { class: 'title-row' }, title, facts), details),
    h('aside', { class: 'card streams', 'aria-label': t('liveStreams') },
      h('div', { class: 'card-head' }, h('h2', {}, t('liveStreams')), amount),
      h('form', { class: 'path-form', onsubmit: open }, pathField,
        h('button', { class: 'button primary', type: 'submit', 'aria-label': t('play') }, icon('play'))),
      filter, list.element, list.more, notice)));

// Where RTMP is, if it is not where it usually is: who may read the configuration knows.
async function findRtmpPort(): Promise<void> {
    try {
        const config = await get<{ rtmp?: { port?: number | null } }>('/api/config', { quiet: true });
        place.rtmpPort = config.rtmp?.port || place.rtmpPort;
        if (current !== null)
            share.show(current, { access: accessTo(current), ...options.tracks(), start: options.start });
    } catch {
        // It is 1935 as far as anybody knows.
    }
}

player.state.watch(now => {
    if (now.state === 'playing')
        setTimeout(() => list.copyPicture(video), PICTURE_MS);
});
feed.state.watch(showNotice);
feed.statistics.on(({ streams: next }) => take(next));
access.watch(now => {
    showNotice();
    stage.refresh();
    if (now.state === 'open')
        void findRtmpPort();
});
addEventListener('hashchange', follow);
follow();
feed.start();
void findOut();
