// chart.ts - lines over the last minutes, drawn by uPlot, with a legend that is text.

import '../styles/chart.css';
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { locale } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import type { Series } from '../lib/series.ts';
import type { Unsubscribe } from '../lib/store.ts';
import { colour, isDark } from './theme.ts';

export interface Line<Name extends string> {
    name: Name;
    label: string;
    colour: string;             // of colours.css
    fill?: boolean;
}

interface Options<Name extends string> {
    title: string;
    series: Series<Name>;
    lines: Line<Name>[];
    format: (value: number | null) => string;
    axis?: (value: number) => string;
    min?: number;               // the top of the axis is never below
    height?: number;
}

const WINDOW_S = 300;
const NARROWEST_S = 60;
const STEPS_S = [5, 10, 15, 30, 60, 120, 300];

const minutes = new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const seconds = new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export class Chart<Name extends string> {
    readonly element: HTMLElement;
    #options: Options<Name>;
    #place: HTMLElement;
    #values: HTMLElement[];
    #plot: uPlot | null = null;
    #observer: ResizeObserver;
    #unwatch: Unsubscribe;
    #frame = 0;

    constructor(options: Options<Name>) {
        this.#options = options;
        this.#place = h('div', { class: 'plot', role: 'img', 'aria-label': options.title });
        this.#place.style.height = `${options.height ?? 180}px`;
        this.#values = options.lines.map(() => h('span', { class: 'value' }));
        this.element = h('figure', { class: 'card chart' },
            h('figcaption', { class: 'chart-head' }, h('h2', {}, options.title),
              h('ul', { class: 'legend' }, ...options.lines.map((line, i) =>
                  h('li', {}, h('span', { class: `swatch ${line.colour}` }), line.label, ' ', this.#values[i])))),
            this.#place);
        this.#observer = new ResizeObserver(() => this.#resize());
        this.#observer.observe(this.#place);
        this.#unwatch = isDark.watch(() => this.#rebuild());
    }

    destroy(): void {
        cancelAnimationFrame(this.#frame);
        this.#observer.disconnect();
        this.#unwatch();
        this.#plot?.destroy();
        this.#plot = null;
    }

    // Draw what the series has now.  A page in the background draws nothing.
    update(): void {
        const { series, lines, format } = this.#options;
        lines.forEach((line, i) => setText(this.#values[i]!, format(series.last(line.name))));
        cancelAnimationFrame(this.#frame);
        this.#frame = requestAnimationFrame(() => this.#plot?.setData(this.#data(), true));
    }

    #data(): uPlot.AlignedData {
        const columns = this.#options.series.columns(), names = this.#options.series.names;
        return [columns[0], ...this.#options.lines.map(line => columns[names.indexOf(line.name) + 1]!)] as uPlot.AlignedData;
    }

    #resize(): void {
        const width = Math.floor(this.#place.clientWidth), height = this.#place.clientHeight;
        if (width === 0)
            return;
        if (this.#plot === null)
            this.#build(width, height);
        else if (this.#plot.width !== width)
            this.#plot.setSize({ width, height });
    }

    // A canvas knows nothing of CSS: a change of colours draws it anew.
    #rebuild(): void {
        if (this.#plot === null)
            return;
        const { width, height } = this.#plot;
        this.#plot.destroy();
        this.#build(width, height);
    }

    #build(width: number, height: number): void {
        const { lines, axis, format, min } = this.#options;
        const text = colour('text-faint'), grid = colour('line');
        const font = `11px ${getComputedStyle(document.body).fontFamily}`;
        const shared: uPlot.Axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
        this.#plot = new uPlot({
            width, height,
            padding: [8, 12, 0, 0],
            legend: { show: false },
            cursor: { drag: { x: false, y: false }, points: { size: 6 } },
            hooks: { setCursor: [plot => this.#showAt(plot.cursor.idx ?? null)] },
            scales: {
                x: { range: (_plot, min, max) => [Math.max(max - WINDOW_S, Math.min(min, max - NARROWEST_S)), max] },
                y: { range: (_plot, _min, max) => [0, Math.max(min ?? 1, max * 1.08)] },
            },
            axes: [
                { ...shared, space: 70, size: 26, incrs: STEPS_S, values: (_plot, times) => {
                    const format = times.every(time => time % 60 === 0) ? minutes : seconds;
                    return times.map(time => format.format(time * 1000));
                } },
                { ...shared, size: 62, space: 34, values: (_plot, values) => values.map(value => (axis ?? format)(value)) },
            ],
            series: [{}, ...lines.map(line => ({
                label: line.label, stroke: colour(line.colour), width: 1.75, points: { show: false }, spanGaps: false,
                ...(line.fill && { fill: `${colour(line.colour)}24` }),
            }))],
        }, this.#data(), this.#place);
    }

    // The legend tells what is under the pointer, else what is newest.
    #showAt(index: number | null): void {
        const { series, lines, format } = this.#options, columns = series.columns();
        lines.forEach((line, i) => setText(this.#values[i]!, format(
            index === null ? series.last(line.name) : columns[series.names.indexOf(line.name) + 1]![index] as number | null)));
    }
}
