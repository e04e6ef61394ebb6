// overview.ts - the server as a whole.

import type { Server, ServerEvent, Statistics, Stream, Worker } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import { bitrate, bytes, count, duration, percent } from '../lib/format.ts';
import { Series } from '../lib/series.ts';
import { Chart } from '../ui/chart.ts';
import { Pairs, tile, tiles } from '../ui/tiles.ts';
import { EventFeed } from './event_feed.ts';
import { StreamTable } from './stream_table.ts';

type Name = 'inBitrate' | 'outBitrate' | 'viewers' | 'cpuPercent';

const sum = (values: Record<string, number>): number => Object.values(values).reduce((all, value) => all + value, 0);

function card(title: string, content: HTMLElement): HTMLElement {
    return h('section', { class: 'card', 'aria-label': title },
             h('div', { class: 'card-head' }, h('h2', {}, title)), h('div', { class: 'card-body' }, content));
}

function byProtocol(streams: Stream[]): string {
    const of = (protocol: 'flv' | 'ws' | 'rtmp') => count(streams.reduce((all, stream) => all + stream.viewers[protocol], 0));
    return t('viewersBy', { flv: of('flv'), ws: of('ws'), rtmp: of('rtmp') });
}

class WorkerBars {
    readonly element = h('ul', { class: 'workers' });
    #rows: { bar: HTMLElement; text: HTMLElement; name: HTMLElement }[] = [];

    update(workers: Worker[]): void {
        while (this.#rows.length < workers.length)
            this.#add();
        while (this.#rows.length > workers.length) {
            this.#rows.pop();
            this.element.lastElementChild!.remove();
        }
        workers.forEach((worker, i) => {
            const { bar, text, name } = this.#rows[i]!;
            bar.style.width = `${Math.min(100, worker.busyPercent)}%`;
            bar.className = worker.busyPercent > 85 ? 'bad' : worker.busyPercent > 65 ? 'warn' : '';
            setText(name, t('workerNumber', { number: worker.index }));
            setText(text, `${percent(worker.busyPercent)} · ${t('sessionsCount', { count: count(worker.sessions) })} · ${worker.backend}`);
        });
    }

    #add(): void {
        const bar = h('span'), text = h('span', { class: 'soft' }), name = h('span');
        this.element.append(h('li', {}, h('div', { class: 'worker-head' }, name, text), h('div', { class: 'bar' }, bar)));
        this.#rows.push({ bar, text, name });
    }
}

export class Overview {
    readonly element: HTMLElement;
    readonly series = new Series<Name>(['inBitrate', 'outBitrate', 'viewers', 'cpuPercent']);

    #tiles = {
        out: tile('outBitrate', t('outgoing')), in: tile('inBitrate', t('incoming')),
        viewers: tile('viewers', t('viewers')), streams: tile('streams', t('streams')),
        cpu: tile('cpu', t('cpu')), memory: tile('memory', t('memory')),
        connections: tile('connections', t('connections')), uptime: tile('uptime', t('uptime')),
    };
    #charts: Chart<Name>[];
    #table = new StreamTable();
    #workers = new WorkerBars();
    #counters = new Pairs();
    #feed = new EventFeed();

    constructor() {
        const { series } = this;
        this.#charts = [
            new Chart<Name>({ title: t('throughput'), series, format: bitrate, min: 1e5, lines: [
                { name: 'outBitrate', label: t('out'), colour: 'series-1', fill: true },
                { name: 'inBitrate', label: t('in'), colour: 'series-2' }] }),
            new Chart<Name>({ title: t('viewers'), series, format: count, min: 5, lines: [
                { name: 'viewers', label: t('watching'), colour: 'series-3', fill: true }] }),
            new Chart<Name>({ title: t('cpu'), series, format: value => percent(value), min: 20, lines: [
                { name: 'cpuPercent', label: t('ofOneCore'), colour: 'series-4', fill: true }] }),
        ];
        this.element = h('div', { class: 'overview' },
            h('h1', { class: 'visually-hidden' }, t('monitor')),
            tiles(...Object.values(this.#tiles)),
            h('div', { class: 'charts' }, ...this.#charts.map(chart => chart.element)),
            h('div', { class: 'overview-columns' },
              h('div', { class: 'side' }, this.#table.element,
                h('div', { class: 'halves' },
                  card(t('workers'), this.#workers.element), card(t('sinceStart'), this.#counters.element))),
              this.#feed.element));
    }

    event(event: ServerEvent): void {
        this.#feed.add(event);
    }

    // What was before.
    begin(): void {
        void this.#feed.begin();
    }

    // A tick is drawn only where it is looked at; the series gets all.
    update(next: Statistics, isShown: boolean): void {
        const { server, streams, truncated } = next;
        this.series.push(Date.parse(server.time) / 1000, {
            inBitrate: server.inBitrate, outBitrate: server.outBitrate,
            viewers: server.sessions.viewers, cpuPercent: server.cpu.percent,
        });
        if (!isShown)
            return;
        this.#showTiles(next);
        this.#showCounters(server);
        this.#workers.update(server.workers);
        this.#table.update(streams, truncated === true);
        this.drawCharts();
    }

    drawCharts(): void {
        for (const chart of this.#charts)
            chart.update();
    }

    #showTiles({ server, streams, truncated }: Statistics): void {
        const { sessions, memory } = server, all = this.#tiles;
        all.out.set(bitrate(server.outBitrate), t('total', { amount: bytes(server.outBytes) }));
        all.in.set(bitrate(server.inBitrate), t('total', { amount: bytes(server.inBytes) }));
        all.viewers.set(count(sessions.viewers), truncated ? '' : byProtocol(streams));
        all.streams.set(count(server.streams.live), t('publishersCount', { count: count(sessions.publishers) }));
        all.cpu.set(percent(server.cpu.percent), t('coresCount', { most: percent(100 * server.cpu.cores), count: server.cpu.cores }));
        all.memory.set(bytes(memory.rssBytes), memory.limitBytes === null ? '' : t('ofLimit', { amount: bytes(memory.limitBytes) }));
        all.connections.set(count(server.connections.open), t('acceptedCount', { count: count(server.connections.accepted) }));
        all.uptime.set(duration(server.uptimeMs), `Millrace ${server.version}`);
    }

    #showCounters(server: Server): void {
        const { refused } = server, set = (label: Parameters<typeof t>[0], value: string) => this.#counters.set(t(label), value);
        set('skips', count(server.skips));
        set('stalls', count(server.stalls));
        set('droppedPackets', count(server.drops));
        set('refusedPublishers', count(refused.publishers));
        set('refusedViewers', count(refused.viewers));
        set('refusedConnections', count(server.connections.refused));
        set('limitsHit', count(sum(server.limits)));
        set('recordingsNow', count(server.records.active));
        set('webhooks', t('webhooksState', { sent: count(server.webhooks.sent), failed: count(server.webhooks.failed) }));
        set('descriptors', t('descriptorsState', { open: count(server.descriptors.open), limit: count(server.descriptors.limit) }));
    }
}
