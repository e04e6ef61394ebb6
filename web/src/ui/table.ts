// table.ts - a table of any number of rows, of which only those in sight are in the page.  Each row
// keeps its elements as long as it is in sight, and writes only what has changed.

import '../styles/table.css';
import { h, setText } from '../lib/dom.ts';
import { icon } from './icons.ts';

export interface Cell<Row> {
    element: HTMLElement;
    update: (row: Row) => void;
}

export interface Column<Row> {
    name: string;
    title: string;
    // What it is sorted by; without it, it is not.
    value?: (row: Row) => string | number | null | undefined;
    // The cell as text; or else as elements of its own.
    text?: (row: Row) => string;
    cell?: () => Cell<Row>;
    class?: string;             // "number", and "wide" or "wider": not on small screens
    descending?: boolean;       // when it is first sorted by
}

interface Options<Row> {
    label: string;
    columns: Column<Row>[];
    key: (row: Row) => string;
    rowHeight?: number;
    maxHeight?: string;
    sort?: { column: string; descending: boolean };
    empty: () => HTMLElement;
}

const OVERSCAN = 6;

interface Live<Row> {
    element: HTMLTableRowElement;
    update: (row: Row) => void;
}

export class Table<Row> {
    readonly element: HTMLElement;
    #options: Options<Row>;
    #rows: Row[] = [];
    #shown = new Map<string, Live<Row>>();
    #body = h('tbody');
    #before = h('tr', { 'aria-hidden': 'true', class: 'room' });
    #after = h('tr', { 'aria-hidden': 'true', class: 'room' });
    #table: HTMLTableElement;
    #scroller: HTMLElement;
    #nothing: HTMLElement;
    #heads = new Map<string, { th: HTMLTableCellElement; button: HTMLButtonElement }>();
    #sort: { column: string; descending: boolean } | null;
    #collator = new Intl.Collator(undefined, { numeric: true });

    constructor(options: Options<Row>) {
        this.#options = options;
        this.#sort = options.sort ?? null;
        this.#table = h('table', { class: 'table', 'aria-label': options.label },
                        h('thead', {}, h('tr', {}, ...options.columns.map(column => this.#head(column)))), this.#body);
        this.#scroller = h('div', { class: 'table-scroller', tabindex: '0', role: 'region', 'aria-label': options.label,
                                    onscroll: () => this.#draw() }, this.#table);
        if (options.maxHeight !== undefined)
            this.#scroller.style.maxHeight = options.maxHeight;
        this.#nothing = h('div', { hidden: true });
        this.element = h('div', { class: 'table-whole' }, this.#scroller, this.#nothing);
        new ResizeObserver(() => this.#draw()).observe(this.#scroller);
        this.#showSort();
    }

    get #rowHeight(): number {
        return this.#options.rowHeight ?? 40;
    }

    set(rows: Row[]): void {
        this.#rows = this.#sorted(rows);
        const isEmpty = rows.length === 0;
        this.#table.setAttribute('aria-rowcount', String(rows.length + 1));
        this.#scroller.hidden = isEmpty;
        this.#nothing.hidden = !isEmpty;
        if (isEmpty)
            this.#nothing.replaceChildren(this.#options.empty());
        this.#draw();
    }

    get rows(): readonly Row[] {
        return this.#rows;
    }

    #head(column: Column<Row>): HTMLTableCellElement {
        if (column.value === undefined)
            return h('th', { scope: 'col', class: column.class }, column.title);
        const button = h('button', { type: 'button', class: 'sort', onclick: () => this.#sortBy(column) }, column.title, icon('sort'));
        const th = h('th', { scope: 'col', class: column.class }, button);
        this.#heads.set(column.name, { th, button });
        return th;
    }

    #sortBy(column: Column<Row>): void {
        const again = this.#sort?.column === column.name;
        this.#sort = { column: column.name, descending: again ? !this.#sort!.descending : column.descending ?? false };
        this.#showSort();
        this.set(this.#rows);
    }

    #showSort(): void {
        for (const [name, { th, button }] of this.#heads) {
            const isIt = this.#sort?.column === name;
            if (isIt)
                th.setAttribute('aria-sort', this.#sort!.descending ? 'descending' : 'ascending');
            else
                th.removeAttribute('aria-sort');
            button.lastChild!.replaceWith(icon(isIt ? (this.#sort!.descending ? 'down' : 'up') : 'sort'));
        }
    }

    // By the column, and what is the same there by the key: rows do not change places for nothing.
    #sorted(rows: Row[]): Row[] {
        const { columns, key } = this.#options;
        const value = columns.find(column => column.name === this.#sort?.column)?.value;
        const sign = this.#sort?.descending ? -1 : 1;
        const compare = (a: string | number, b: string | number) =>
            typeof a === 'number' && typeof b === 'number' ? a - b : this.#collator.compare(String(a), String(b));
        return rows.map(row => ({ row, key: key(row), value: value?.(row) ?? null })).sort((a, b) => {
            if (value !== undefined && a.value !== b.value) {
                if (a.value === null || b.value === null)
                    return a.value === null ? 1 : -1;
                const order = compare(a.value, b.value);
                if (order !== 0)
                    return sign * order;
            }
            return this.#collator.compare(a.key, b.key);
        }).map(each => each.row);
    }

    // The rows in sight, in their order; the room of the others is kept by one before and one after.
    #draw(): void {
        const height = this.#rowHeight, top = this.#scroller.scrollTop;
        const seen = Math.ceil((this.#scroller.clientHeight || 600) / height);
        const count = this.#rows.length;
        const first = Math.max(0, Math.min(Math.floor(top / height) - OVERSCAN, count - seen - 2 * OVERSCAN));
        const end = Math.min(count, first + seen + 2 * OVERSCAN);
        const keys = new Set<string>();
        let at: ChildNode | null = this.#place(this.#before, null, first * height);
        for (let i = first; i < end; i++)
            at = this.#placeRow(this.#rows[i]!, i, at, keys);
        this.#place(this.#after, at, (count - end) * height);
        for (const [key, live] of this.#shown)
            if (!keys.has(key)) {
                live.element.remove();
                this.#shown.delete(key);
            }
    }

    #place(room: HTMLElement, after: ChildNode | null, height: number): ChildNode {
        const next = after === null ? this.#body.firstChild : after.nextSibling;
        if (next !== room)
            this.#body.insertBefore(room, next);
        const style = `${height}px`;
        if (room.style.height !== style)
            room.style.height = style;
        room.hidden = height === 0;
        return room;
    }

    #placeRow(row: Row, index: number, after: ChildNode, keys: Set<string>): ChildNode {
        const key = this.#options.key(row);
        keys.add(key);
        let live = this.#shown.get(key);
        if (live === undefined) {
            live = this.#make(key);
            this.#shown.set(key, live);
        }
        live.update(row);
        const number = String(index + 2);
        if (live.element.getAttribute('aria-rowindex') !== number)
            live.element.setAttribute('aria-rowindex', number);
        if (after.nextSibling !== live.element)
            this.#body.insertBefore(live.element, after.nextSibling);
        return live.element;
    }

    #make(key: string): Live<Row> {
        const cells: Cell<Row>[] = this.#options.columns.map(column => column.cell?.() ?? textCell(column.text!));
        const element = h('tr', { data: { key } }, ...cells.map((cell, i) =>
            h('td', { class: this.#options.columns[i]!.class }, cell.element)));
        element.style.height = `${this.#rowHeight}px`;
        return { element, update: row => cells.forEach(cell => cell.update(row)) };
    }
}

function textCell<Row>(text: (row: Row) => string): Cell<Row> {
    const element = h('span');
    return { element, update: row => setText(element, text(row)) };
}

// A cell of one element that `update` changes.
export function cell<Row, Element extends HTMLElement>(element: Element, update: (element: Element, row: Row) => void): Cell<Row> {
    return { element, update: row => update(element, row) };
}
