// stream_picker.ts - which streams have recordings, and what they take of the disk.

import type { RecordUsage } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';
import { bytes, count, day } from '../lib/format.ts';
import { message } from '../ui/parts.ts';

export class DiskCard {
    readonly element: HTMLElement;
    #bar = h('div', { class: 'disk-bar', role: 'img' });
    #ours = h('span', { class: 'ours' });
    #others = h('span', { class: 'others' });
    #text = h('dl', { class: 'disk-facts' });

    constructor() {
        this.#bar.append(this.#ours, this.#others);
        this.element = h('section', { class: 'card disk', 'aria-label': t('disk') }, this.#bar, this.#text);
    }

    set({ usedBytes, freeBytes, totalBytes, files }: RecordUsage): void {
        const share = (value: number) => totalBytes > 0 ? 100 * value / totalBytes : 0;
        this.#ours.style.width = `${share(usedBytes)}%`;
        this.#others.style.width = `${share(Math.max(0, totalBytes - freeBytes - usedBytes))}%`;
        const facts: [string, string, string][] = [
            [t('diskRecordings'), t('diskFiles', { size: bytes(usedBytes), count: count(files) }), 'ours'],
            [t('diskOthers'), bytes(Math.max(0, totalBytes - freeBytes - usedBytes)), 'others'],
            [t('diskFree'), t('diskOf', { free: bytes(freeBytes), total: bytes(totalBytes) }), 'free'],
        ];
        this.#bar.setAttribute('aria-label', facts.map(([label, value]) => `${label}: ${value}`).join(', '));
        replace(this.#text, ...facts.map(([label, value, kind]) =>
            h('div', {}, h('dt', {}, h('span', { class: `key ${kind}` }), label), h('dd', {}, value))));
    }
}

export class StreamPicker {
    readonly element: HTMLElement;
    #list = h('ul', { class: 'picker' });
    #filter: HTMLInputElement;
    #usage: RecordUsage['streams'] = [];
    #current: string | null = null;

    constructor() {
        this.#filter = h('input', { class: 'input', type: 'search', placeholder: t('filter'), 'aria-label': t('filter'),
                                    oninput: () => this.#draw() });
        this.element = h('section', { class: 'card', 'aria-label': t('streams') },
            h('div', { class: 'card-head' }, h('h2', {}, t('streams'))), this.#filter, this.#list);
    }

    set(usage: RecordUsage['streams']): void {
        this.#usage = [...usage].sort((a, b) => (b.lastTime ?? '').localeCompare(a.lastTime ?? ''));
        this.#filter.hidden = usage.length < 8;
        this.#draw();
    }

    select(path: string | null): void {
        this.#current = path;
        this.#draw();
    }

    #draw(): void {
        const text = this.#filter.value.trim().toLowerCase();
        const shown = this.#usage.filter(each => each.streamPath.toLowerCase().includes(text)).slice(0, 300);
        replace(this.#list, ...shown.map(each => h('li', {},
            h('a', { href: `#${each.streamPath}`, 'aria-current': each.streamPath === this.#current ? 'true' : undefined },
              h('strong', {}, each.streamPath.slice(1)),
              h('span', { class: 'soft small' }, t('filesAndSize', { count: count(each.files), size: bytes(each.usedBytes) })),
              h('span', { class: 'faint small' }, each.lastTime ? t('lastOn', { day: day(each.lastTime) }) : '')))));
        if (shown.length === 0)
            replace(this.#list, message({ icon: text === '' ? 'empty' : 'search', title: t(text === '' ? 'noRecordings' : 'nothingFound') }));
    }
}
