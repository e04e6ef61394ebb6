// timeline.ts - a day, with what was recorded of it: a slider for pointer and keyboard.

import { t } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { timeOfDay } from '../lib/format.ts';
import { dayStart, type Piece } from './pieces.ts';

const HOUR_MS = 3600e3;
const SPANS_MS = [24 * HOUR_MS, 6 * HOUR_MS, HOUR_MS, HOUR_MS / 4];

interface Block extends Piece {
    kind: string;               // "complete", "recording" or "interrupted"
}

export class Timeline {
    readonly element: HTMLElement;
    onSeek: (clockMs: number) => void = () => {};

    #dayMs = dayStart(Date.now());
    #dayEndMs = this.#dayMs + 24 * HOUR_MS;
    #startMs = this.#dayMs;     // what is in view
    #span = 0;                  // of SPANS_MS
    #blocks: Block[] = [];
    #at: number | null = null;
    #track: HTMLElement;
    #head = h('div', { class: 'playhead', hidden: true });
    #pointer = h('div', { class: 'pointer', hidden: true });
    #layer = h('div', { class: 'blocks' });
    #scale = h('div', { class: 'scale', 'aria-hidden': 'true' });
    #zoomOut: HTMLButtonElement;
    #zoomIn: HTMLButtonElement;

    constructor() {
        this.#track = h('div', {
            class: 'track', tabindex: '0', role: 'slider', 'aria-label': t('timeline'),
            onpointermove: event => this.#point(event), onpointerleave: () => { this.#pointer.hidden = true; },
            onclick: event => this.onSeek(this.#timeAt(event.clientX)),
            onkeydown: event => this.#onKey(event), onwheel: event => this.#onWheel(event),
        }, this.#layer, this.#head, this.#pointer);
        this.#zoomOut = h('button', { class: 'button small icon-only', type: 'button', title: t('zoomOut'), 'aria-label': t('zoomOut'),
                                      onclick: () => this.#zoom(this.#span - 1) }, '−');
        this.#zoomIn = h('button', { class: 'button small icon-only', type: 'button', title: t('zoomIn'), 'aria-label': t('zoomIn'),
                                     onclick: () => this.#zoom(this.#span + 1) }, '+');
        this.element = h('div', { class: 'timeline' }, h('div', { class: 'timeline-main' }, this.#track, this.#scale),
                         h('div', { class: 'zoom' }, this.#zoomIn, this.#zoomOut));
        this.#draw();
    }

    showDay(dayMs: number, dayEndMs: number, blocks: Block[]): void {
        if (dayMs !== this.#dayMs) {
            this.#startMs = dayMs;
            this.#span = 0;
        }
        this.#dayMs = dayMs;
        this.#dayEndMs = dayEndMs;
        this.#blocks = blocks;
        this.#draw();
    }

    // Where the player is; null: nowhere.
    setTime(clockMs: number | null): void {
        this.#at = clockMs;
        if (clockMs !== null && this.#span > 0 && clockMs >= this.#dayMs && clockMs < this.#dayEndMs &&
            (clockMs < this.#startMs || clockMs > this.#startMs + this.#length)) {
            this.#startMs = this.#clamp(clockMs - this.#length * 0.1);
            this.#draw();
        }
        this.#showHead();
    }

    get #length(): number {
        return this.#span === 0 ? this.#dayEndMs - this.#dayMs : SPANS_MS[this.#span]!;
    }

    #clamp(startMs: number): number {
        return Math.max(this.#dayMs, Math.min(startMs, this.#dayEndMs - this.#length));
    }

    #percent(ms: number): number {
        return (ms - this.#startMs) / this.#length * 100;
    }

    #timeAt(clientX: number): number {
        const { left, width } = this.#track.getBoundingClientRect();
        return this.#startMs + Math.max(0, Math.min(1, (clientX - left) / width)) * this.#length;
    }

    #zoom(span: number, aroundMs = this.#at ?? this.#blocks[0]?.startMs ?? this.#startMs + this.#length / 2): void {
        const next = Math.max(0, Math.min(SPANS_MS.length - 1, span));
        if (next === this.#span)
            return;
        const share = Math.max(0, Math.min(1, (aroundMs - this.#startMs) / this.#length));
        this.#span = next;
        this.#startMs = this.#clamp(aroundMs - this.#length * (share > 0 && share < 1 ? share : 0.2));
        this.#draw();
    }

    #draw(): void {
        const end = this.#startMs + this.#length;
        replace(this.#layer, ...this.#blocks.filter(block => block.endMs > this.#startMs && block.startMs < end).map(block => {
            const element = h('div', { class: `block ${block.kind}` });
            element.style.left = `${this.#percent(block.startMs)}%`;
            element.style.width = `${Math.max(0.15, this.#percent(block.endMs) - this.#percent(block.startMs))}%`;
            return element;
        }));
        this.#zoomOut.disabled = this.#span === 0;
        this.#zoomIn.disabled = this.#span === SPANS_MS.length - 1;
        this.#track.setAttribute('aria-valuemin', String(Math.round((this.#startMs - this.#dayMs) / 1000)));
        this.#track.setAttribute('aria-valuemax', String(Math.round((end - this.#dayMs) / 1000)));
        this.#drawScale(end);
        this.#showHead();
    }

    #drawScale(end: number): void {
        const minutes = [180, 60, 10, 5][this.#span]!, step = minutes * 60e3;
        const marks: HTMLElement[] = [];
        for (let at = this.#dayMs; at <= end; at += step)
            if (at >= this.#startMs) {
                const share = this.#percent(at);
                const mark = h('span', { class: share < 2 ? 'first' : share > 98 ? 'last' : '' }, timeOfDay(at).slice(0, 5));
                mark.style.left = `${share}%`;
                marks.push(mark);
            }
        replace(this.#scale, ...marks);
    }

    #showHead(): void {
        const at = this.#at, share = at === null ? -1 : this.#percent(at);
        this.#head.hidden = share < 0 || share > 100;
        this.#head.style.left = `${share}%`;
        const now = at ?? this.#startMs;
        this.#track.setAttribute('aria-valuenow', String(Math.round((now - this.#dayMs) / 1000)));
        this.#track.setAttribute('aria-valuetext', at === null ? t('nothingPlays') : timeOfDay(at));
    }

    #point(event: PointerEvent): void {
        const ms = this.#timeAt(event.clientX);
        this.#pointer.hidden = false;
        this.#pointer.style.left = `${this.#percent(ms)}%`;
        this.#pointer.classList.toggle('left', this.#percent(ms) > 88);
        setText(this.#pointer, timeOfDay(ms));
    }

    #onKey(event: KeyboardEvent): void {
        const now = this.#at ?? this.#blocks[0]?.startMs ?? this.#startMs;
        const next = {
            ArrowRight: now + 10e3, ArrowLeft: now - 10e3, ArrowUp: now + 60e3, ArrowDown: now - 60e3,
            PageUp: now + 600e3, PageDown: now - 600e3,
            Home: this.#blocks[0]?.startMs, End: (this.#blocks.at(-1)?.endMs ?? now) - 10e3, Enter: now, ' ': now,
        }[event.key];
        if (event.key === '+' || event.key === '-')
            this.#zoom(this.#span + (event.key === '+' ? 1 : -1));
        else if (next !== undefined)
            this.onSeek(Math.max(this.#dayMs, Math.min(next, this.#dayEndMs - 1)));
        else
            return;
        event.preventDefault();
    }

    // With a modifier it zooms, as on maps; sideways it moves.
    #onWheel(event: WheelEvent): void {
        if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            this.#zoom(this.#span + (event.deltaY < 0 ? 1 : -1), this.#timeAt(event.clientX));
        } else if (this.#span > 0 && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            event.preventDefault();
            this.#startMs = this.#clamp(this.#startMs + event.deltaX / this.#track.clientWidth * this.#length);
            this.#draw();
        }
    }
}
