// random.mjs - numbers that are the same in each run, so that a failure can be had again.

export class Random {
    #state;

    constructor(seed) {
        this.#state = seed >>> 0;
    }

    // mulberry32
    next() {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let t = this.#state;
        t = Math.imul(t ^ t >>> 15, t | 1);
        t ^= t + Math.imul(t ^ t >>> 7, t | 61);
        return (t ^ t >>> 14) >>> 0;
    }

    below(limit) {
        return this.next() % limit;
    }

    bytes(size) {
        const bytes = Buffer.alloc(size);
        for (let i = 0; i < size; i++)
            bytes[i] = this.next();
        return bytes;
    }
}
