// tiles.ts - the figures that are read first: large, with what explains them below.

import '../styles/tiles.css';
import { h, setText } from '../lib/dom.ts';

export interface Tile {
    element: HTMLElement;
    set: (value: string, note?: string) => void;
}

export function tile(name: string, label: string): Tile {
    const value = h('dd', { class: 'tile-value', data: { figure: name } }), note = h('dd', { class: 'tile-note' });
    return {
        element: h('div', { class: 'tile' }, h('dt', {}, label), value, note),
        set(text, more = '') {
            setText(value, text);
            setText(note, more);
        },
    };
}

export function tiles(...all: Tile[]): HTMLElement {
    return h('dl', { class: 'card tiles' }, ...all.map(each => each.element));
}

// Names and values, one below the other.
export class Pairs {
    readonly element = h('dl', { class: 'pairs' });
    #values = new Map<string, HTMLElement>();

    set(label: string, value: string): void {
        let dd = this.#values.get(label);
        if (dd === undefined) {
            dd = h('dd');
            this.#values.set(label, dd);
            this.element.append(h('dt', {}, label), dd);
        }
        setText(dd, value);
    }
}
