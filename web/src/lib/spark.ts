// spark.ts - a line of the last minute in a table's cell.

const LENGTH = 60;
const SPARK_WIDTH = 96;         // as in monitor.css: to ask the page for it would cost a layout for each row
const SPARK_HEIGHT = 22;

// The newest values of each key, all of one length.
export class Sparks {
    #rings = new Map<string, Float32Array>();
    #at = 0;

    // One more second; keys that are not given are forgotten.
    push(values: Iterable<[string, number]>): void {
        const next = new Map<string, Float32Array>();
        this.#at = (this.#at + 1) % LENGTH;
        for (const [key, value] of values) {
            const ring = this.#rings.get(key) ?? new Float32Array(LENGTH).fill(NaN);
            ring[this.#at] = value;
            next.set(key, ring);
        }
        this.#rings = next;
    }

    get size(): number {
        return this.#rings.size;
    }

    // Oldest first; NaN where there was nothing yet.
    *of(key: string): Generator<number> {
        const ring = this.#rings.get(key);
        for (let i = 1; ring !== undefined && i <= LENGTH; i++)
            yield ring[(this.#at + i) % LENGTH]!;
    }
}

export function drawSpark(canvas: HTMLCanvasElement, values: Iterable<number>, stroke: string): void {
    const scale = Math.min(2, devicePixelRatio || 1), width = SPARK_WIDTH, height = SPARK_HEIGHT;
    if (canvas.width !== Math.round(width * scale))
        [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const context = canvas.getContext('2d'), list = [...values];
    if (context === null)
        return;
    const top = Math.max(1, ...list.filter(value => !Number.isNaN(value))) * 1.1;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.beginPath();
    let drawn = false;
    list.forEach((value, i) => {
        if (Number.isNaN(value))
            return;
        const x = i * (width - 2) / (LENGTH - 1) + 1, y = height - 1.5 - value / top * (height - 3);
        if (drawn)
            context.lineTo(x, y);
        else
            context.moveTo(x, y);
        drawn = true;
    });
    context.strokeStyle = stroke;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.stroke();
}
