// stream_list.ts - the streams that are live, as they come and go.

import type { Stream } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import { count, duration } from '../lib/format.ts';
import { icon } from '../ui/icons.ts';
import { copyFrame, drawThumbnail } from './thumbnail.ts';

const SHOWN_MAX = 200;
const HOVER_MS = 250;
const FRESH_MS = 20000;

const collator = new Intl.Collator(undefined, { numeric: true });

export function picture(stream: Stream): string {
    const { video, audio } = stream;
    const size = video && video.height ? `${video.width}×${video.height}` : '';
    const rate = video?.frameRate ? `${Math.round(video.frameRate)} fps` : '';
    return [size, rate, [video?.codec, audio?.codec].filter(Boolean).join(' + ')].filter(Boolean).join(' · ');
}

class Card {
    readonly element: HTMLElement;
    #stream: Stream;
    #name = h('strong', { class: 'name' });
    #format = h('span', { class: 'format' });
    #facts = h('span', { class: 'facts' });
    #link: HTMLAnchorElement;
    #canvas = h('canvas', { width: '320', height: '180', 'aria-hidden': 'true' });
    #thumb: HTMLElement;
    #hover = 0;
    #drawnAt = 0;

    constructor(stream: Stream, urlOf: (stream: Stream) => string) {
        this.#stream = stream;
        const draw = () => void this.#draw(urlOf);
        const preview = h('button', { class: 'preview', type: 'button', title: t('preview'),
                                      'aria-label': t('previewOf', { name: stream.streamPath }), onclick: draw }, icon('eye'));
        this.#thumb = h('div', { class: 'thumb' }, this.#canvas, icon('film'), preview);
        this.#link = h('a', { class: 'card-link', href: `#${stream.streamPath}` }, this.#name, this.#format, this.#facts);
        this.element = h('li', { class: 'stream-card' }, this.#thumb, this.#link);
        this.element.addEventListener('pointerenter', event => {
            if (event.pointerType === 'mouse')
                this.#hover = window.setTimeout(draw, HOVER_MS);
        });
        this.element.addEventListener('pointerleave', () => clearTimeout(this.#hover));
        this.update(stream);
    }

    update(stream: Stream): void {
        this.#stream = stream;
        setText(this.#name, stream.streamPath.slice(1));
        setText(this.#format, picture(stream) || t('noMediaYet'));
        const facts = [t('viewersCount', { count: count(stream.viewers.total) })];
        if (stream.uptimeMs !== null)
            facts.push(duration(stream.uptimeMs));
        setText(this.#facts, stream.status === 'live' ? facts.join(' · ') : t('statusReconnecting'));
        this.element.classList.toggle('away', stream.status !== 'live');
    }

    select(isIt: boolean): void {
        this.element.classList.toggle('current', isIt);
        if (isIt)
            this.#link.setAttribute('aria-current', 'true');
        else
            this.#link.removeAttribute('aria-current');
    }

    // It is played on this page: its picture is there already.
    copy(video: HTMLVideoElement): void {
        if (video.videoWidth === 0)
            return;
        copyFrame(video, this.#canvas);
        this.#drawnAt = Date.now();
        this.#thumb.classList.add('drawn');
    }

    async #draw(urlOf: (stream: Stream) => string): Promise<void> {
        if (!this.#stream.video || this.#stream.status !== 'live' || Date.now() - this.#drawnAt < FRESH_MS)
            return;
        this.#drawnAt = Date.now();
        this.#thumb.classList.add('busy');
        try {
            await drawThumbnail(urlOf(this.#stream), this.#canvas);
            this.#thumb.classList.add('drawn');
        } catch {
            this.#drawnAt = 0;
        }
        this.#thumb.classList.remove('busy');
    }
}

export class StreamList {
    readonly element = h('ul', { class: 'stream-list' });
    readonly more = h('p', { class: 'small soft', hidden: true });
    #cards = new Map<string, Card>();
    #urlOf: (stream: Stream) => string;
    #current: string | null = null;
    #filter = '';
    #streams: Stream[] = [];

    constructor(urlOf: (stream: Stream) => string) {
        this.#urlOf = urlOf;
    }

    set(streams: Stream[]): void {
        this.#streams = streams.filter(stream => stream.status !== 'waiting')
            .sort((a, b) => collator.compare(a.streamPath, b.streamPath));
        this.#show();
    }

    select(streamPath: string | null): void {
        this.#current = streamPath;
        for (const [path, card] of this.#cards)
            card.select(path === streamPath);
    }

    copyPicture(video: HTMLVideoElement): void {
        this.#cards.get(this.#current ?? '')?.copy(video);
    }

    filter(text: string): void {
        this.#filter = text.trim().toLowerCase();
        this.#show();
    }

    get shown(): number {
        return this.#cards.size;
    }

    #show(): void {
        const wanted = this.#streams.filter(stream => stream.streamPath.toLowerCase().includes(this.#filter));
        const shown = wanted.slice(0, SHOWN_MAX);
        const paths = new Set(shown.map(stream => stream.streamPath));
        for (const [path, card] of this.#cards)
            if (!paths.has(path)) {
                card.element.remove();
                this.#cards.delete(path);
            }
        shown.forEach((stream, i) => this.#showOne(stream, i));
        this.more.hidden = wanted.length === shown.length;
        setText(this.more, t('andMore', { count: wanted.length - shown.length }));
    }

    #showOne(stream: Stream, index: number): void {
        let card = this.#cards.get(stream.streamPath);
        if (card === undefined) {
            card = new Card(stream, this.#urlOf);
            card.select(stream.streamPath === this.#current);
            this.#cards.set(stream.streamPath, card);
        } else {
            card.update(stream);
        }
        const at = this.element.children[index];
        if (at !== card.element)
            this.element.insertBefore(card.element, at ?? null);
    }
}
