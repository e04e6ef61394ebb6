// day_strip.ts - two weeks, with how much of each day was recorded.

import { locale, t } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';
import { day, percent } from '../lib/format.ts';
import { icon } from '../ui/icons.ts';
import { addDays, dayName, dayOf, dayStart, share, type Piece } from './pieces.ts';

export const STRIP_DAYS = 14;

const weekday = new Intl.DateTimeFormat(locale(), { weekday: 'narrow' });

export class DayStrip {
    readonly element: HTMLElement;
    onChoose: (dayMs: number) => void = () => {};

    #days = h('div', { class: 'days', role: 'group', 'aria-label': t('days') });
    #date: HTMLInputElement;
    #dayMs = dayStart(Date.now());
    #lastMs = this.#dayMs;      // the newest day in the strip

    constructor() {
        const step = (name: 'back' | 'forward', days: number, label: string) =>
            h('button', { class: 'button quiet icon-only', type: 'button', title: label, 'aria-label': label,
                          onclick: () => this.onChoose(addDays(this.#dayMs, days)) }, icon(name));
        this.#date = h('input', { class: 'input date', type: 'date', 'aria-label': t('day'), onchange: () => {
            const chosen = dayOf(this.#date.value);
            if (chosen !== null)
                this.onChoose(chosen);
        } });
        this.element = h('div', { class: 'day-strip' },
            step('back', -1, t('dayBefore')), this.#days, step('forward', 1, t('dayAfter')), this.#date);
    }

    // The span of time that is to be known for choose().
    span(dayMs: number): [number, number] {
        const today = dayStart(Date.now());
        let last = this.#lastMs;
        if (dayMs > last || dayMs < addDays(last, 1 - STRIP_DAYS))
            last = dayMs > addDays(today, -STRIP_DAYS) ? Math.max(today, dayMs) : addDays(dayMs, STRIP_DAYS >> 1);
        this.#lastMs = last;
        return [addDays(last, 1 - STRIP_DAYS), addDays(last, 1)];
    }

    show(dayMs: number, pieces: readonly Piece[]): void {
        this.#dayMs = dayMs;
        this.#date.value = dayName(dayMs);
        const days = Array.from({ length: STRIP_DAYS }, (_, i) => addDays(this.#lastMs, i + 1 - STRIP_DAYS));
        replace(this.#days, ...days.map(each => {
            const part = share(pieces, each, addDays(each, 1)), bar = h('span', { class: 'day-bar' }, h('span'));
            (bar.firstChild as HTMLElement).style.height = `${part > 0 ? Math.max(18, part * 100) : 0}%`;
            return h('button', {
                class: 'day', type: 'button', 'aria-pressed': String(each === dayMs), title: day(each),
                'aria-label': t('dayRecorded', { day: day(each), share: percent(part * 100) }), onclick: () => this.onChoose(each),
            }, h('span', { class: 'weekday' }, weekday.format(each)), h('span', {}, String(new Date(each).getDate())), bar);
        }));
    }
}
