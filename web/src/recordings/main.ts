// main.ts - what was recorded: a stream, a day of it, and the moment that is watched.

import '../styles/player.css';
import '../styles/recordings.css';
import { ApiError, get } from '../api/client.ts';
import { Feed } from '../api/feed.ts';
import { access, findOut, isAdmin } from '../api/session.ts';
import type { List, RecordFile, RecordUsage } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { day } from '../lib/format.ts';
import { accessTo, signFor } from '../player/keys.ts';
import { decode, streamPathOf } from '../player/urls.ts';
import { askForLogin } from '../ui/dialogs.ts';
import { message } from '../ui/parts.ts';
import { shell } from '../ui/shell.ts';
import { attempt } from '../ui/toast.ts';
import { DayStrip } from './day_strip.ts';
import { FileTable } from './file_table.ts';
import { addDays, dayName, dayOf, dayStart, endOf, piecesOf, type Piece } from './pieces.ts';
import { ReplayPlayer } from './replay_player.ts';
import { ReplayView } from './replay_view.ts';
import { DiskCard, StreamPicker } from './stream_picker.ts';
import { Timeline } from './timeline.ts';

const PAGE_SIZE = 1000;
const FILES_MAX = 5000;
const TICK_MS = 250;
const REFRESH_MS = 10000;       // while something is being recorded

const feed = new Feed(['postRecord', 'doneRecord']);
const main = shell('recordings', feed);
const player = new ReplayPlayer(h('video', { playsinline: true, 'aria-label': t('recording') }));
const view = new ReplayView(player, replayActions);
const disk = new DiskCard(), picker = new StreamPicker(), strip = new DayStrip(), timeline = new Timeline();
const files = new FileTable({ onPlay: file => seek(Date.parse(file.startTime)), onDeleted: () => void refresh() });
const title = h('h1', {}, t('recordings')), dayText = h('span', { class: 'soft' });
const notice = h('div', { class: 'card' });
const chosen = h('div', { class: 'chosen', hidden: true },
    h('div', { class: 'title-row' }, title, dayText), strip.element,
    h('div', { class: 'card replay-card' }, view.element, timeline.element), files.element);
const page = h('div', { class: 'recordings-page', hidden: true }, h('div', { class: 'side' }, disk.element, picker.element), chosen);
main.append(notice, page);

let streamPath: string | null = null;
let dayMs = dayStart(Date.now());
let known: RecordFile[] = [];
let usage: RecordUsage | null = null;
let question = 0;               // an answer to an earlier one is not heard

// A file that is being written grows until it is looked at.
const current = (file: RecordFile): RecordFile => file.state === 'recording'
    ? { ...file, endTime: new Date().toISOString(), durationMs: Date.now() - Date.parse(file.startTime) } : file;

function replayActions(): Node[] {
    return isAdmin() ? [h('button', { class: 'button', type: 'button', onclick: () => void attempt(sign) }, t('signIt'))] : [];
}

async function sign(): Promise<void> {
    if (streamPath === null)
        return;
    player.setAccess(await signFor(streamPath));
    player.seek(player.clockMs ?? Date.parse(known[0]?.startTime ?? ''));
}

// What there is.

async function listFiles(path: string, from: number, to: number): Promise<RecordFile[]> {
    const all: RecordFile[] = [];
    for (let number = 1; all.length < FILES_MAX; number++) {
        const query = new URLSearchParams({ stream: path, from: new Date(from).toISOString(), to: new Date(to).toISOString(),
                                            page: String(number), pageSize: String(PAGE_SIZE) });
        const list = await get<List<RecordFile>>(`/api/records?${query}`);
        all.push(...list.items);
        if (all.length >= list.total || list.items.length === 0)
            break;
    }
    return all;
}

async function refresh(): Promise<void> {
    const turn = ++question;
    try {
        const nextUsage = await get<RecordUsage>('/api/records/usage');
        const [from, to] = strip.span(dayMs);
        const nextFiles = streamPath === null ? [] : await listFiles(streamPath, from, to);
        if (turn !== question)
            return;
        usage = nextUsage;
        known = nextFiles;
        show();
    } catch (error) {
        if (turn === question)
            fail(error);
    }
}

function show(): void {
    notice.hidden = true;
    page.hidden = false;
    disk.set(usage!);
    picker.set(usage!.streams);
    picker.select(streamPath);
    chosen.hidden = streamPath === null;
    if (streamPath === null)
        return;
    const now = known.map(current), dayEnd = addDays(dayMs, 1);
    const ofDay = now.filter(file => endOf(file) > dayMs && Date.parse(file.startTime) < dayEnd);
    const pieces: Piece[] = piecesOf(now);
    setText(title, streamPath.slice(1));
    setText(dayText, day(dayMs));
    strip.show(dayMs, pieces);
    timeline.showDay(dayMs, dayEnd, ofDay.map(file =>
        ({ startMs: Date.parse(file.startTime), endMs: endOf(file), kind: file.state })).sort((a, b) => a.startMs - b.startMs));
    files.set(ofDay);
    player.load(streamPath, pieces);
    player.setAccess(accessTo(streamPath));
}

async function logIn(): Promise<void> {
    if (await askForLogin())
        await refresh();
}

function fail(error: unknown): void {
    const status = error instanceof ApiError ? error.status : 0;
    const login = h('button', { class: 'button primary', type: 'button', onclick: () => void logIn() }, t('login'));
    page.hidden = true;
    notice.hidden = false;
    replace(notice, status === 401 ? message({ icon: 'lock', title: t('recordingsClosed'), text: t('loginWhy'), actions: [login] })
        : status === 404 || status === 409 || status === 503
            ? message({ icon: 'empty', title: t('recordingOff'), text: t('recordingOffText') })
        : message({ icon: status === 403 ? 'lock' : 'offline', title: status === 403 ? t('monitorRefused') : t('unreachable'),
                    text: status === 403 ? `${(error as Error).message}. ${t('monitorRefusedText')}` : t('retrying') }));
}

// The address says what is looked at: #/live/show@2026-11-22.

function follow(): void {
    const [path, at] = decode(location.hash.slice(1)).split('@');
    const next = streamPathOf(path ?? '');
    if (next !== streamPath)
        known = [];
    const last = usage?.streams.find(each => each.streamPath === next)?.lastTime;
    dayMs = dayOf(at ?? '') ?? (next === streamPath ? dayMs : dayStart(last ? Date.parse(last) : Date.now()));
    streamPath = next;
    document.title = `${next?.slice(1) ?? t('recordings')} · Millrace`;
    void refresh();
}

function seek(clockMs: number): void {
    player.seek(clockMs);
    view.element.scrollIntoView({ block: 'nearest' });
}

strip.onChoose = next => {
    location.hash = `${streamPath ?? ''}@${dayName(next)}`;
};
timeline.onSeek = seek;
setInterval(() => {
    const at = player.clockMs;
    timeline.setTime(at);
    view.setTime(at);
}, TICK_MS);
setInterval(() => {
    if (known.some(file => file.state === 'recording') && document.visibilityState === 'visible')
        void show();
}, REFRESH_MS);

let soon = 0;
function refreshSoon(): void {
    clearTimeout(soon);
    soon = window.setTimeout(() => void refresh(), 500);
}

feed.events.on(refreshSoon);
feed.gap.on(refreshSoon);
addEventListener('hashchange', follow);
replace(notice, message({ busy: true, title: t('loading') }));
void findOut().then(async () => {
    feed.start();
    await refresh();
    const first = usage?.streams.reduce<RecordUsage['streams'][number] | null>((best, each) =>
        best === null || (each.lastTime ?? '') > (best.lastTime ?? '') ? each : best, null);
    if (location.hash.length < 2 && first)
        history.replaceState(null, '', `#${first.streamPath}`);
    follow();
});
access.watch(now => {
    if (now.state === 'open' && usage === null)
        void refresh();
});
