// stream_page.ts - one stream: its figures, who publishes it, what is in it, who watches.

import { ApiError, encodePath, get, post, remove } from '../api/client.ts';
import { isAdmin } from '../api/session.ts';
import type { Peer, ServerEvent, Stream, Track } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, replace, setText, type Child } from '../lib/dom.ts';
import { bitrate, bytes, clock, count, dateAndTime, decimal, duration, milliseconds, UNKNOWN } from '../lib/format.ts';
import { Series } from '../lib/series.ts';
import { Chart } from '../ui/chart.ts';
import { confirmDanger } from '../ui/dialogs.ts';
import { icon } from '../ui/icons.ts';
import { badge, message } from '../ui/parts.ts';
import { Pairs, tile, tiles } from '../ui/tiles.ts';
import { attempt } from '../ui/toast.ts';
import { EventFeed } from './event_feed.ts';
import { statusKind, statusText } from './stream_table.ts';
import { shortAgent, ViewerTable } from './viewer_table.ts';

type Name = 'inBitrate' | 'outBitrate' | 'viewers' | 'frameRate';

const ASK_MS = 2000;

function card(title: string, ...children: Node[]): HTMLElement {
    return h('section', { class: 'card', 'aria-label': title },
             h('div', { class: 'card-head' }, h('h2', {}, title)), h('div', { class: 'card-body' }, ...children));
}

function trackText(track: Track): string {
    const size = track.height ? `${track.width}×${track.height}` : '';
    const sound = track.sampleRate ? `${decimal(track.sampleRate / 1000, 1)} kHz` : '';
    const channels = track.channels ? t('channelsCount', { count: track.channels }) : '';
    return [[track.codec, track.profile, track.level].filter(Boolean).join(' '), size, sound, channels].filter(Boolean).join(' · ');
}

export class StreamPage {
    readonly element: HTMLElement;
    readonly path: string;
    #series = new Series<Name>(['inBitrate', 'outBitrate', 'viewers', 'frameRate']);
    #status = badge('');
    #tiles = {
        in: tile('streamInBitrate', t('incoming')), out: tile('streamOutBitrate', t('outgoing')),
        viewers: tile('streamViewers', t('viewers')), fps: tile('streamFrameRate', t('frameRate')),
        gop: tile('streamGop', t('gop')), uptime: tile('streamUptime', t('uptime')),
    };
    #charts: Chart<Name>[];
    #publisher = h('div');
    #tracks = h('ul', { class: 'tracks' });
    #recording = h('div');
    #health = new Pairs();
    #viewers: ViewerTable;
    #feed: EventFeed;
    #record: HTMLButtonElement;
    #end: HTMLButtonElement;
    #absent: HTMLElement;
    #body: HTMLElement;
    #stream: Stream | null = null;
    #gone = false;
    #askedAt = 0;

    constructor(path: string) {
        this.path = path;
        const series = this.#series;
        this.#charts = [
            new Chart<Name>({ title: t('bitrate'), series, format: bitrate, min: 1e5, height: 150, lines: [
                { name: 'inBitrate', label: t('in'), colour: 'series-2', fill: true }] }),
            new Chart<Name>({ title: t('frameRate'), series, format: value => decimal(value), axis: value => decimal(value, 0), min: 10, height: 150, lines: [
                { name: 'frameRate', label: 'fps', colour: 'series-4' }] }),
            new Chart<Name>({ title: t('viewers'), series, format: count, min: 5, height: 150, lines: [
                { name: 'viewers', label: t('watching'), colour: 'series-3', fill: true }] }),
            new Chart<Name>({ title: t('outgoing'), series, format: bitrate, min: 1e5, height: 150, lines: [
                { name: 'outBitrate', label: t('out'), colour: 'series-1', fill: true }] }),
        ];
        this.#viewers = new ViewerTable(path);
        this.#feed = new EventFeed(path);
        this.#record = h('button', { class: 'button', type: 'button', hidden: true, onclick: () => void this.#toggleRecording() });
        this.#end = h('button', { class: 'button danger', type: 'button', hidden: true, onclick: () => void this.#endPublisher() },
                      icon('stop'), t('endPublisher'));
        this.#absent = message({ busy: true, title: t('loading') });
        this.#body = h('div', { class: 'stream-body', hidden: true },
            tiles(...Object.values(this.#tiles)),
            h('div', { class: 'charts four' }, ...this.#charts.map(chart => chart.element)),
            h('div', { class: 'stream-cards' },
              card(t('publisher'), this.#publisher),
              h('div', { class: 'side' }, card(t('tracks'), this.#tracks), card(t('recording'), this.#recording)),
              card(t('health'), this.#health.element)),
            h('div', { class: 'stream-columns' }, this.#viewers.element, this.#feed.element));
        this.element = h('div', { class: 'stream-page' },
            h('div', { class: 'stream-head' },
              h('a', { class: 'button quiet icon-only', href: '#', title: t('back'), 'aria-label': t('back') }, icon('back')),
              h('h1', {}, path.slice(1)), this.#status, h('span', { class: 'gap' }),
              h('a', { class: 'button', href: `/#${path}` }, icon('play'), t('openPlayer')), this.#record, this.#end),
            this.#absent, this.#body);
        void this.#begin();
        void this.#feed.begin();
    }

    destroy(): void {
        this.#gone = true;
        this.#viewers.destroy();
        for (const chart of this.#charts)
            chart.destroy();
    }

    // What was before this page was opened.
    async #begin(): Promise<void> {
        try {
            const stream = await get<Stream>(`/api/streams/${encodePath(this.path)}?history=1`);
            if (this.#gone)
                return;
            if (stream.history)
                this.#series.prepend(stream.history);
            this.update(stream);
        } catch (error) {
            if (!this.#gone && this.#stream === null)
                this.#showAbsent((error as Error).message);
        }
    }

    // The feed has too many streams to tell of all of them: this one is asked for.
    async ask(time: string): Promise<void> {
        if (Date.now() < this.#askedAt + ASK_MS)
            return;
        this.#askedAt = Date.now();
        try {
            const stream = await get<Stream>(`/api/streams/${encodePath(this.path)}`, { quiet: true });
            if (!this.#gone)
                this.tick(Date.parse(time) / 1000, stream);
        } catch (error) {
            if (!this.#gone && error instanceof ApiError && error.status === 404)
                this.tick(0, undefined);
        }
    }

    event(event: ServerEvent): void {
        this.#feed.add(event);
    }

    // A second later, at `time_s`; undefined: there is no such stream now.
    tick(time_s: number, stream: Stream | undefined): void {
        if (stream === undefined) {
            if (this.#stream !== null)
                this.#showAbsent();
            return;
        }
        this.#series.push(time_s, {
            inBitrate: stream.inBitrate, outBitrate: stream.outBitrate,
            viewers: stream.viewers.total, frameRate: stream.video?.frameRate,
        });
        this.update(stream);
    }

    #showAbsent(why?: string): void {
        this.#stream = null;
        this.#body.hidden = true;
        this.#absent.hidden = false;
        this.#status.hidden = true;
        replace(this.#absent, ...message({ icon: 'offline', title: t('streamAbsent'), text: why ?? t('streamAbsentText') }).childNodes);
        this.#record.hidden = this.#end.hidden = true;
    }

    update(stream: Stream): void {
        this.#stream = stream;
        this.#absent.hidden = true;
        this.#body.hidden = this.#status.hidden = false;
        setText(this.#status, statusText(stream));
        this.#status.className = `badge ${statusKind(stream)}`;
        this.#showTiles(stream);
        this.#showPublisher(stream.publisher, stream.standby);
        this.#showTracks(stream.tracks);
        this.#showRecording(stream);
        this.#showHealth(stream);
        this.#viewers.follow(stream);
        for (const chart of this.#charts)
            chart.update();
    }

    #showTiles(stream: Stream): void {
        const { video, viewers } = stream, all = this.#tiles;
        all.in.set(bitrate(stream.inBitrate), t('total', { amount: bytes(stream.inBytes) }));
        all.out.set(bitrate(stream.outBitrate), t('total', { amount: bytes(stream.outBytes) }));
        all.viewers.set(count(viewers.total), t('viewersBy', { flv: count(viewers.flv), ws: count(viewers.ws), rtmp: count(viewers.rtmp) }));
        all.fps.set(decimal(video?.frameRate), video?.declaredFrameRate ? t('declared', { value: decimal(video.declaredFrameRate, 0) }) : '');
        all.gop.set(milliseconds(video?.gopMs), video?.height ? `${video.width}×${video.height}` : '');
        all.uptime.set(duration(stream.uptimeMs), stream.startTime ? t('since', { time: dateAndTime(stream.startTime) }) : '');
    }

    #showPublisher(publisher: Peer | null, standby: Peer | null): void {
        const show = (peer: Peer, title: string) => {
            const pairs = new Pairs();
            pairs.set(t('address'), `${peer.ip}:${peer.port}`);
            pairs.set(t('protocol'), peer.protocol.toUpperCase());
            pairs.set(t('client'), peer.userAgent ? shortAgent(peer.userAgent) : UNKNOWN);
            pairs.set(t('connectedAt'), dateAndTime(peer.createTime));
            return h('div', {}, h('h3', { class: 'soft' }, title), pairs.element);
        };
        this.#refresh(this.#publisher, JSON.stringify([publisher?.id, standby?.id]), () => publisher === null
            ? [h('p', { class: 'soft' }, t('noPublisher'))]
            : [show(publisher, t('onAir')), ...(standby ? [show(standby, t('standby'))] : [])]);
    }

    #showTracks(tracks: Track[]): void {
        this.#refresh(this.#tracks, JSON.stringify(tracks.map(track => [trackText(track), track.kind])), () => tracks.length === 0
            ? [h('li', { class: 'soft' }, t('noMediaYet'))]
            : tracks.map(track => h('li', {}, badge(t(track.kind === 'video' ? 'videoTrack' : 'audioTrack'), 'accent'),
                                    h('span', {}, trackText(track)), h('span', { class: 'soft track-rate' }))));
        tracks.forEach((track, i) => {
            const rate = this.#tracks.children[i]?.querySelector('.track-rate');
            if (rate)
                setText(rate, bitrate(track.bitrate));
        });
    }

    #showRecording({ recording, publisher }: Stream): void {
        const { isOn, allowed } = { isOn: recording !== null, allowed: isAdmin() };
        this.#record.hidden = !allowed || (!isOn && publisher === null);
        this.#end.hidden = !allowed || publisher === null;
        this.#refresh(this.#record, String(isOn), () => [icon(isOn ? 'stop' : 'record'), t(isOn ? 'stopRecording' : 'startRecording')]);
        this.#refresh(this.#recording, recording?.file ?? '', () => {
            if (recording === null)
                return [h('p', { class: 'soft' }, t('notRecorded'))];
            const pairs = new Pairs();
            return [pairs.element];
        });
        const pairs = this.#recording.querySelector('dl');
        if (recording === null || pairs === null)
            return;
        const rows: [string, string][] = [
            [t('file'), recording.file.split('/').at(-1)!.replace(/\.part$/, '')], [t('length'), clock(recording.durationMs)],
            [t('size'), bytes(recording.bytes)], [t('gaps'), count(recording.gaps)],
        ];
        if (pairs.childElementCount === 0)
            pairs.append(...rows.flatMap(([label]) => [h('dt', {}, label), h('dd')]));
        rows.forEach(([, value], i) => setText(pairs.children[2 * i + 1]!, value));
    }

    #showHealth({ skips, stalls, drops, repairs, takeovers, switches }: Stream): void {
        const set = (key: Parameters<typeof t>[0], value: number) => this.#health.set(t(key), count(value));
        set('skips', skips.count);
        set('stalls', stalls);
        set('droppedPackets', drops.packets);
        set('repairedTimes', repairs.jumps + repairs.disorders + repairs.drifts);
        set('takeovers', takeovers);
        set('switches', switches);
    }

    // Builds anew only what has become another.
    #refresh(place: HTMLElement, key: string, build: () => Child[]): void {
        if (place.dataset['shown'] === key)
            return;
        place.dataset['shown'] = key;
        replace(place, ...build());
    }

    async #toggleRecording(): Promise<void> {
        const url = `/api/streams/${encodePath(this.path)}/record`, isOn = this.#stream?.recording !== null;
        this.#record.disabled = true;
        await attempt(() => isOn ? remove(url) : post(url, {}), t(isOn ? 'recordingStopped' : 'recordingStarted'));
        this.#record.disabled = false;
    }

    async #endPublisher(): Promise<void> {
        if (await confirmDanger(t('endTitle'), t('endText', { name: this.path }), t('endPublisher')))
            await attempt(() => remove(`/api/streams/${encodePath(this.path)}`), t('ended'));
    }
}
