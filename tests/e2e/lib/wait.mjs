// wait.mjs - waiting for what happens, never for time to pass.

import { patience } from './env.mjs';

export const DEFAULT_WAIT_MS = 8000;

// The promise's outcome, or an error that says what did not happen in time.
export function within(ms, promise, what) {
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${describe(what)}: not within ${ms * patience} ms`)),
                           ms * patience);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

function describe(what) {
    return typeof what === 'function' ? what() : what;
}

// Something that changes, and others who wait until it has become what they want.
export class Watchable {
    failure = null;             // what went wrong for good; who waits, or will, gets to hear it
    #waiting = new Set();

    // Runs what the other side's bytes drive, where nobody would catch what it throws.
    guard(action) {
        try {
            action();
        } catch (error) {
            this.failure ??= error;
        }
        this.changed();
    }

    changed() {
        for (const look of [...this.#waiting])
            look();
    }

    // What check() returns, as soon as that is neither undefined, null nor false.
    async until(check, what, ms = DEFAULT_WAIT_MS) {
        let look;
        const seen = new Promise((resolve, reject) => {
            look = () => {
                try {
                    if (this.failure !== null)
                        throw this.failure;
                    const found = check();
                    if (found !== undefined && found !== null && found !== false)
                        resolve(found);
                } catch (error) {
                    reject(error);
                }
            };
        });
        this.#waiting.add(look);
        look();
        try {
            return await within(ms, seen, what);
        } finally {
            this.#waiting.delete(look);
        }
    }
}

export function sleep(ms) {
    return new Promise(resolve => setTimeout(resolve, ms));
}

// For what tells nobody that it changed, such as a number in /proc.
export async function poll(check, what, ms = DEFAULT_WAIT_MS) {
    const until = Date.now() + ms * patience;
    for (;;) {
        const found = await check();
        if (found !== undefined && found !== null && found !== false)
            return found;
        if (Date.now() > until)
            throw new Error(`${describe(what)}: not within ${ms * patience} ms`);
        await sleep(20);
    }
}
