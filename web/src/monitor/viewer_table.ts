// viewer_table.ts - who watches a stream.  The list is asked for when somebody has come or gone, was
// moved on, or the reader wants it: not each second, which would be work for the server from a page
// that may lie open for days.

import { get, remove } from '../api/client.ts';
import { isAdmin } from '../api/session.ts';
import type { List, Stream, Viewer } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import { bitrate, bytes, count, duration, milliseconds, timeOfDay, UNKNOWN } from '../lib/format.ts';
import { confirmDanger } from '../ui/dialogs.ts';
import { icon } from '../ui/icons.ts';
import { message } from '../ui/parts.ts';
import { cell, Table } from '../ui/table.ts';
import { attempt } from '../ui/toast.ts';

const SHOWN_MAX = 1000;
const SOONEST_MS = 2000;        // between two questions
const LATE_MS = 1000;

// In this order, since browsers claim to be each other; and how much of the version tells one from
// another.
const AGENTS: [RegExp, string, number][] = [
    [/Edg\/([\d.]+)/, 'Edge', 1], [/OPR\/([\d.]+)/, 'Opera', 1], [/Firefox\/([\d.]+)/, 'Firefox', 1],
    [/Chrome\/([\d.]+)/, 'Chrome', 1], [/Version\/([\d.]+).*Safari/, 'Safari', 1], [/VLC\/([\d.]+)/, 'VLC', 3],
    [/OBS[^\d]*([\d.]+)/i, 'OBS', 3], [/Lavf\/?([\d.]+)/, 'FFmpeg', 3], [/GStreamer[^\d]*([\d.]+)/, 'GStreamer', 3],
];

// "Chrome 131", "VLC 3.0.18".
export function shortAgent(agent: string | null): string {
    if (agent === null || agent === '')
        return UNKNOWN;
    for (const [pattern, name, parts] of AGENTS) {
        const version = pattern.exec(agent)?.[1];
        if (version !== undefined)
            return `${name} ${version.split('.').slice(0, parts).join('.')}`;
    }
    return agent.length > 40 ? `${agent.slice(0, 40)}…` : agent;
}

export class ViewerTable {
    readonly element: HTMLElement;
    #path: string;
    #table: Table<Viewer>;
    #amount = h('span', { class: 'badge' });
    #asOf = h('span', { class: 'soft small' });
    #note = h('p', { class: 'table-note soft small', hidden: true });
    #askedAt = 0;
    #timer = 0;
    #seen = '';
    #gone = false;

    constructor(streamPath: string) {
        this.#path = streamPath;
        this.#table = new Table<Viewer>({
            label: t('viewers'),
            key: viewer => viewer.id,
            maxHeight: '520px',
            sort: { column: 'lag', descending: true },
            empty: () => message({ icon: 'eye', title: t('noViewers') }),
            columns: [
                { name: 'ip', title: t('address'), value: viewer => viewer.ip, text: viewer => viewer.ip ?? UNKNOWN },
                { name: 'protocol', title: t('protocol'), value: viewer => viewer.protocol, text: viewer => viewer.protocol.toUpperCase() },
                { name: 'agent', title: t('client'), class: 'wide', value: viewer => shortAgent(viewer.userAgent),
                  cell: () => cell(h('span'), (element, viewer: Viewer) => {
                      setText(element, shortAgent(viewer.userAgent));
                      element.title = viewer.userAgent ?? '';
                  }) },
                { name: 'lag', title: t('lag'), class: 'number', descending: true, value: viewer => viewer.lagMs,
                  cell: () => cell(h('span'), (element, viewer: Viewer) => {
                      setText(element, milliseconds(viewer.lagMs));
                      element.className = viewer.lagMs > 1000 ? 'warn-text' : '';
                  }) },
                { name: 'skips', title: t('skips'), class: 'number', descending: true, value: viewer => viewer.skips.count,
                  text: viewer => count(viewer.skips.count) },
                { name: 'rate', title: t('rate'), class: 'number wide', descending: true, value: viewer => viewer.outBitrate,
                  text: viewer => bitrate(viewer.outBitrate) },
                { name: 'bytes', title: t('sent'), class: 'number wider', descending: true, value: viewer => viewer.outBytes,
                  text: viewer => bytes(viewer.outBytes) },
                { name: 'age', title: t('watchingFor'), class: 'number wide', descending: true, value: viewer => viewer.ageMs,
                  text: viewer => duration(viewer.ageMs) },
                { name: 'worker', title: t('worker'), class: 'number wider', value: viewer => viewer.worker, text: viewer => String(viewer.worker) },
                ...(isAdmin() ? [{ name: 'kick', title: t('actions'), class: 'number', cell: () => this.#kickCell() }] : []),
            ],
        });
        this.element = h('section', { class: 'card', 'aria-label': t('viewers') },
            h('div', { class: 'card-head' }, h('h2', {}, t('viewers'), ' ', this.#amount), this.#asOf,
              h('button', { class: 'button small', type: 'button', onclick: () => void this.#ask() }, icon('refresh'), t('refresh'))),
            this.#table.element, this.#note);
    }

    destroy(): void {
        this.#gone = true;
        clearTimeout(this.#timer);
    }

    // What the feed says of the stream tells whether the list is still true.
    follow(stream: Stream): void {
        const now = [stream.viewers.total, stream.viewers.rtmp, stream.viewers.flv, stream.viewers.ws, stream.skips.count].join();
        if (now !== this.#seen) {
            this.#seen = now;
            this.changed();
        }
    }

    // Somebody has come or gone: ask soon, and for all who do so meanwhile at once.
    changed(): void {
        if (this.#timer !== 0 || this.#gone)
            return;
        const wait = Math.max(LATE_MS, this.#askedAt + SOONEST_MS - Date.now());
        this.#timer = window.setTimeout(() => void this.#ask(), this.#askedAt === 0 ? 0 : wait);
    }

    async #ask(): Promise<void> {
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.#askedAt = Date.now();
        try {
            const query = new URLSearchParams({ stream: this.#path, role: 'viewer', pageSize: String(SHOWN_MAX) });
            const list = await get<List<Viewer>>(`/api/sessions?${query}`);
            if (!this.#gone)
                this.#show(list);
        } catch {
            setText(this.#asOf, t('unreachable'));
        }
    }

    #show(list: List<Viewer>): void {
        const viewers = list.items.filter(viewer => !viewer.internal);
        this.#table.set(viewers);
        setText(this.#amount, count(viewers.length < list.items.length ? viewers.length : list.total));
        setText(this.#asOf, t('asOf', { time: timeOfDay(Date.now()) }));
        this.#note.hidden = list.total <= list.items.length;
        setText(this.#note, t('truncated', { count: list.items.length }));
    }

    #kickCell() {
        let id = '', who = '';
        const kick = async () => {
            if (await confirmDanger(t('kickTitle'), t('kickText', { who }), t('kick')) &&
                await attempt(() => remove(`/api/sessions/${encodeURIComponent(id)}`), t('kicked', { who })))
                this.changed();
        };
        const button = h('button', { class: 'button danger small', type: 'button', onclick: () => void kick() }, t('kick'));
        return cell(button, (element, viewer: Viewer) => {
            id = viewer.id;
            who = viewer.ip ?? '';
            element.setAttribute('aria-label', t('kickWho', { who }));
        });
    }
}
