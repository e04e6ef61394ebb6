// store.ts - a value that others watch.

export type Unsubscribe = () => void;

export class Store<Value> {
    #value: Value;
    #watchers = new Set<(value: Value) => void>();

    constructor(value: Value) {
        this.#value = value;
    }

    get(): Value {
        return this.#value;
    }

    set(value: Value): void {
        if (Object.is(value, this.#value))
            return;
        this.#value = value;
        for (const watcher of [...this.#watchers])
            watcher(value);
    }

    // Calls `watcher` now, and on each change.
    watch(watcher: (value: Value) => void): Unsubscribe {
        this.#watchers.add(watcher);
        watcher(this.#value);
        return () => this.#watchers.delete(watcher);
    }
}

// The same for what happens rather than is.
export class Signal<Value> {
    #listeners = new Set<(value: Value) => void>();

    emit(value: Value): void {
        for (const listener of [...this.#listeners])
            listener(value);
    }

    on(listener: (value: Value) => void): Unsubscribe {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
}
