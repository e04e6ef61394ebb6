// share.ts - the addresses of a stream, ready to be copied: to watch it elsewhere, and to publish it.

import { t, type Key } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';
import { copyLine } from '../ui/parts.ts';
import { ffmpegLine, ffplayLine, httpUrl, obsLines, rtmpUrl, wsUrl, type Place, type PlayOptions } from './urls.ts';

function tab(id: string, key: Key, panel: HTMLElement, select: () => void): HTMLButtonElement {
    panel.id = `panel-${id}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `tab-${id}`);
    return h('button', { id: `tab-${id}`, class: 'tab', type: 'button', role: 'tab', 'aria-controls': panel.id, onclick: select }, t(key));
}

export class SharePanel {
    readonly element: HTMLElement;
    #place: Place;
    #watch = h('div', { class: 'lines' });
    #publish = h('div', { class: 'lines' });
    #tabs: [HTMLButtonElement, HTMLElement][];

    constructor(place: Place) {
        this.#place = place;
        this.#tabs = [
            [tab('watch', 'watchElsewhere', this.#watch, () => this.#select(0)), this.#watch],
            [tab('publish', 'publishHere', this.#publish, () => this.#select(1)), this.#publish],
        ];
        this.element = h('section', { class: 'card share', 'aria-label': t('addresses') },
            h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('addresses'), onkeydown: event => this.#onKey(event) },
              ...this.#tabs.map(([button]) => button)),
            this.#watch, this.#publish);
        this.#select(0);
    }

    show(streamPath: string, options: PlayOptions): void {
        const { video: _video, audio: _audio, ...plain } = options;
        const obs = obsLines(this.#place, streamPath);
        replace(this.#watch,
            copyLine('HTTP-FLV', httpUrl(this.#place, streamPath, options)),
            copyLine('WebSocket-FLV', wsUrl(this.#place, streamPath, options)),
            copyLine('RTMP', rtmpUrl(this.#place, streamPath, plain)),
            copyLine('ffplay', ffplayLine(this.#place, streamPath, plain)));
        replace(this.#publish,
            copyLine(t('obsServer'), obs.server),
            copyLine(t('obsKey'), obs.key),
            copyLine('ffmpeg', ffmpegLine(this.#place, streamPath)));
    }

    #select(chosen: number): void {
        this.#tabs.forEach(([button, panel], i) => {
            button.setAttribute('aria-selected', String(i === chosen));
            button.tabIndex = i === chosen ? 0 : -1;
            panel.hidden = i !== chosen;
        });
    }

    #onKey(event: KeyboardEvent): void {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')
            return;
        const now = this.#tabs.findIndex(([button]) => button === document.activeElement);
        const next = (now + 1) % this.#tabs.length;
        this.#select(next);
        this.#tabs[next]![0].focus();
    }
}
