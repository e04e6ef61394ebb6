// sse.ts - reading a text/event-stream, piece by piece (the HTML standard, 9.2.6).  The browser's own
// EventSource cannot send an Authorization header.

export interface Message {
    event: string;
    data: string;
}

export class EventStreamReader {
    lastEventId = '';
    retryMs: number | null = null;

    #rest = '';
    #afterCarriageReturn = false;
    #started = false;
    #event = '';
    #data: string[] = [];
    #id = '';
    #deliver: (message: Message) => void;

    constructor(deliver: (message: Message) => void, lastEventId = '') {
        this.#deliver = deliver;
        this.#id = this.lastEventId = lastEventId;
    }

    // A piece of decoded text, cut anywhere.
    feed(text: string): void {
        if (!this.#started && text.length > 0) {
            this.#started = true;
            if (text.startsWith('\ufeff'))
                text = text.slice(1);
        }
        if (this.#afterCarriageReturn && text.startsWith('\n'))
            text = text.slice(1);
        if (text.length > 0)
            this.#afterCarriageReturn = false;
        let from = 0;
        for (let at = 0; at < text.length; at++) {
            const end = text[at];
            if (end !== '\n' && end !== '\r')
                continue;
            this.#line(this.#rest + text.slice(from, at));
            this.#rest = '';
            if (end === '\r' && text[at + 1] === '\n')
                at++;
            else if (end === '\r' && at + 1 === text.length)
                this.#afterCarriageReturn = true;
            from = at + 1;
        }
        this.#rest += text.slice(from);
    }

    #line(line: string): void {
        if (line === '') {
            this.#dispatch();
            return;
        }
        const colon = line.indexOf(':');
        if (colon === 0)
            return;
        const name = colon < 0 ? line : line.slice(0, colon);
        let value = colon < 0 ? '' : line.slice(colon + 1);
        if (value.startsWith(' '))
            value = value.slice(1);
        this.#field(name, value);
    }

    #field(name: string, value: string): void {
        if (name === 'event')
            this.#event = value;
        else if (name === 'data')
            this.#data.push(value);
        else if (name === 'id' && !value.includes('\0'))
            this.#id = value;
        else if (name === 'retry' && /^\d+$/.test(value))
            this.retryMs = Number(value);
    }

    #dispatch(): void {
        const message = { event: this.#event || 'message', data: this.#data.join('\n') };
        const isEmpty = this.#data.length === 0;
        this.lastEventId = this.#id;
        this.#event = '';
        this.#data = [];
        if (!isEmpty)
            this.#deliver(message);
    }
}
