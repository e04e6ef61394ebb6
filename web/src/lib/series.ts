// series.ts - the last minutes of some figures, one value each step.  What was asked of the server
// once is continued by what it says each second; memory never grows.

import type { History } from '../api/types.ts';

export class Series<Name extends string> {
    readonly names: readonly Name[];
    readonly capacity: number;
    #times: number[] = [];                      // seconds since 1970, as uPlot wants them
    #values: (number | null)[][];

    constructor(names: readonly Name[], capacity = 300) {
        this.names = names;
        this.capacity = capacity;
        this.#values = names.map(() => []);
    }

    get length(): number {
        return this.#times.length;
    }

    clear(): void {
        this.#times.length = 0;
        for (const values of this.#values)
            values.length = 0;
    }

    push(time_s: number, values: Partial<Record<Name, number | null | undefined>>): void {
        const last = this.#times.at(-1);
        if (last !== undefined && time_s <= last)
            return;
        this.#times.push(time_s);
        this.names.forEach((name, i) => this.#values[i]!.push(values[name] ?? null));
        if (this.#times.length > this.capacity) {
            this.#times.shift();
            for (const each of this.#values)
                each.shift();
        }
    }

    // What the server remembers, before all that was pushed since.
    prepend(history: History): void {
        const end = new Date(history.endTime).getTime() / 1000, step = history.stepMs / 1000;
        const lists = this.names.map(name => (history as unknown as Record<string, number[] | undefined>)[name] ?? []);
        const count = Math.max(0, ...lists.map(list => list.length));
        const newTimes = this.#times.slice(), newValues = this.#values.map(list => list.slice());
        this.clear();
        for (let i = 0; i < count; i++)
            this.push(end - (count - 1 - i) * step, Object.fromEntries(
                this.names.map((name, k) => [name, lists[k]![i - (count - lists[k]!.length)]])) as Record<Name, number>);
        newTimes.forEach((time, i) => this.push(time, Object.fromEntries(
            this.names.map((name, k) => [name, newValues[k]![i]])) as Record<Name, number | null>));
    }

    // For uPlot: the times, then one list for each name.  Not to be kept: they change.
    columns(): [number[], ...(number | null)[][]] {
        return [this.#times, ...this.#values];
    }

    last(name: Name): number | null {
        return this.#values[this.names.indexOf(name)]!.at(-1) ?? null;
    }
}
