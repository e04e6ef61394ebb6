// stream_table.ts - all streams, one row each.

import type { Stream } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import { bitrate, count, decimal, duration, UNKNOWN } from '../lib/format.ts';
import { drawSpark, Sparks } from '../lib/spark.ts';
import { message } from '../ui/parts.ts';
import { cell, Table, type Cell } from '../ui/table.ts';
import { colour, isDark } from '../ui/theme.ts';

export const statusText = (stream: Stream): string =>
    t(({ live: 'statusLive', reconnecting: 'statusReconnecting', waiting: 'statusWaiting' } as const)[stream.status] ?? 'statusLive');

export const statusKind = (stream: Stream): string => ({ live: 'good', reconnecting: 'bad', waiting: 'warn' })[stream.status] ?? '';

function nameCell(): Cell<Stream> {
    const dot = h('span', { class: 'dot' }), link = h('a', {}), record = h('span', { class: 'recording-dot', role: 'img', 'aria-label': t('isRecorded') });
    record.title = t('isRecorded');
    return {
        element: h('span', { class: 'stream-name' }, dot, link, record),
        update(stream) {
            setText(link, stream.streamPath.slice(1));
            link.href = `#${stream.streamPath}`;
            dot.className = `dot ${statusKind(stream)}`;
            dot.title = statusText(stream);
            record.hidden = stream.recording === null;
        },
    };
}

function codecs(stream: Stream): string {
    return [stream.video?.codec, stream.audio?.codec].filter(Boolean).join(' + ') || UNKNOWN;
}

// How often viewers were moved on or stalled, and frames were lost: what one would look into.
export function troubles(stream: Stream): number {
    return stream.skips.count + stream.stalls + stream.drops.packets;
}

export class StreamTable {
    readonly element: HTMLElement;
    #table: Table<Stream>;
    #sparks = new Sparks();
    #stroke = '';
    #streams: Stream[] = [];
    #filter: HTMLInputElement;
    #note = h('p', { class: 'table-note soft small', hidden: true });
    #amount = h('span', { class: 'badge' });

    constructor() {
        isDark.watch(() => { this.#stroke = colour('series-1'); });
        this.#table = new Table<Stream>({
            label: t('streams'),
            key: stream => stream.streamPath,
            maxHeight: 'min(74vh, 860px)',
            sort: { column: 'viewers', descending: true },
            empty: () => this.#filter.value === ''
                ? message({ icon: 'empty', title: t('noStreams'), text: t('noStreamsMonitor') })
                : message({ icon: 'search', title: t('nothingFound') }),
            columns: [
                { name: 'stream', title: t('stream'), value: stream => stream.streamPath, cell: nameCell },
                { name: 'viewers', title: t('viewers'), class: 'number', descending: true,
                  value: stream => stream.viewers.total, text: stream => count(stream.viewers.total) },
                { name: 'in', title: t('in'), class: 'number', descending: true,
                  value: stream => stream.inBitrate, text: stream => bitrate(stream.inBitrate) },
                { name: 'spark', title: t('lastMinute'), class: 'wide', cell: () => this.#sparkCell() },
                { name: 'out', title: t('out'), class: 'number wide', descending: true,
                  value: stream => stream.outBitrate, text: stream => bitrate(stream.outBitrate) },
                { name: 'fps', title: t('fps'), class: 'number wide', descending: true,
                  value: stream => stream.video?.frameRate, text: stream => decimal(stream.video?.frameRate) },
                { name: 'size', title: t('picture'), class: 'wider', value: stream => (stream.video?.height ?? 0),
                  text: stream => stream.video?.height ? `${stream.video.width}×${stream.video.height}` : UNKNOWN },
                { name: 'codecs', title: t('codecs'), class: 'wider', value: codecs, text: codecs },
                { name: 'troubles', title: t('troubles'), class: 'number wider', descending: true, value: troubles,
                  cell: () => cell(h('span'), (element, stream: Stream) => {
                      const value = troubles(stream);
                      setText(element, count(value));
                      element.className = value > 0 ? 'warn-text' : 'faint';
                  }) },
                { name: 'uptime', title: t('uptime'), class: 'number wider', descending: true,
                  value: stream => stream.uptimeMs, text: stream => duration(stream.uptimeMs) },
            ],
        });
        this.#filter = h('input', { class: 'input compact', type: 'search', placeholder: t('filter'), 'aria-label': t('filter'),
                                    oninput: () => this.#show() });
        this.element = h('section', { class: 'card streams-card', 'aria-label': t('streams') },
            h('div', { class: 'card-head' }, h('h2', {}, t('streams'), ' ', this.#amount), this.#filter),
            this.#table.element, this.#note);
    }

    update(streams: Stream[], truncated: boolean): void {
        this.#sparks.push(streams.map(stream => [stream.streamPath, stream.inBitrate]));
        this.#streams = streams;
        this.#show();
        setText(this.#amount, count(streams.length));
        this.#note.hidden = !truncated;
        setText(this.#note, t('truncated', { count: streams.length }));
    }

    #show(): void {
        const text = this.#filter.value.trim().toLowerCase();
        this.#table.set(this.#streams.filter(stream => stream.streamPath.toLowerCase().includes(text)));
    }

    #sparkCell(): Cell<Stream> {
        const canvas = h('canvas', { class: 'spark', 'aria-hidden': 'true' });
        return cell(canvas, (element, stream) => drawSpark(element, this.#sparks.of(stream.streamPath), this.#stroke));
    }
}
