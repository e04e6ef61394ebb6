// feed.ts - the one connection to /api/events that a page has: it stays, or comes back.

import { Signal, Store } from '../lib/store.ts';
import { authorization, errorOf } from './client.ts';
import { access, findOut } from './session.ts';
import { EventStreamReader, type Message } from './sse.ts';
import type { ServerEvent, Statistics } from './types.ts';

export type FeedState =
    | { state: 'connecting' }
    | { state: 'live' }
    | { state: 'lost'; retryMs: number }
    | { state: 'closed' }                       // a log-in is needed
    | { state: 'refused'; message: string };

const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const SILENCE_MS = 20000;       // the server says something each second, or at the least each 15

export class Feed {
    readonly state = new Store<FeedState>({ state: 'connecting' });
    readonly statistics = new Signal<Statistics>();
    readonly events = new Signal<ServerEvent>();
    readonly gap = new Signal<void>();          // events were missed: what was learnt from them is to be asked anew

    #types: string;
    #lastEventId = '';
    #attempt = 0;
    #abort: AbortController | null = null;
    #timer = 0;
    #silence = 0;

    // `types`: of the events that are wanted; none: all.
    constructor(types: readonly string[] = []) {
        this.#types = types.length > 0 ? `?types=${types.join(',')}` : '';
        addEventListener('online', () => this.#retryNow());
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'visible')
                this.#retryNow();
        });
        access.watch(now => {
            if (now.state === 'open' && this.state.get().state === 'closed')
                this.start();
        });
    }

    start(): void {
        this.stop();
        this.state.set({ state: 'connecting' });
        this.#abort = new AbortController();
        void this.#run(this.#abort.signal);
    }

    stop(): void {
        clearTimeout(this.#timer);
        clearTimeout(this.#silence);
        this.#abort?.abort();
        this.#abort = null;
    }

    #retryNow(): void {
        if (this.state.get().state === 'lost')
            this.start();
    }

    async #run(signal: AbortSignal): Promise<void> {
        try {
            const response = await this.#connect(signal);
            if (response.status === 401) {
                this.state.set({ state: 'closed' });
                void findOut();
                return;
            }
            if (response.status === 403 || response.status === 404) {
                this.state.set({ state: 'refused', message: (await errorOf(response)).message });
                return;
            }
            if (response.ok && response.body !== null)
                await this.#read(response.body, signal);
        } catch {
            // The connection was lost, or never came about: as below.
        }
        if (!signal.aborted)
            this.#comeBack();
    }

    #connect(signal: AbortSignal): Promise<Response> {
        const headers: Record<string, string> = { ...authorization(), Accept: 'text/event-stream' };
        if (this.#lastEventId !== '')
            headers['Last-Event-ID'] = this.#lastEventId;
        return fetch(`/api/events${this.#types}`, { headers, signal, cache: 'no-store' });
    }

    async #read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
        const lines = new EventStreamReader(message => this.#take(message), this.#lastEventId);
        const reader = body.getReader(), decoder = new TextDecoder();
        for (;;) {
            this.#watchSilence();
            const { done, value } = await reader.read();
            if (done || signal.aborted)
                return;
            this.state.set(this.#live());
            lines.feed(decoder.decode(value, { stream: true }));
            this.#lastEventId = lines.lastEventId;
        }
    }

    #live(): FeedState {
        const now = this.state.get();
        this.#attempt = 0;
        return now.state === 'live' ? now : { state: 'live' };
    }

    // A connection may die without a word, as when a laptop sleeps.
    #watchSilence(): void {
        clearTimeout(this.#silence);
        this.#silence = window.setTimeout(() => {
            this.#abort?.abort();
            this.#comeBack();
        }, SILENCE_MS);
    }

    #take(message: Message): void {
        let value: unknown;
        try {
            value = JSON.parse(message.data);
        } catch {
            return;
        }
        if (message.event === 'statistics')
            this.statistics.emit(value as Statistics);
        else if (message.event === 'reset')
            this.gap.emit();
        else
            this.events.emit({ ...value as ServerEvent, action: message.event });
    }

    #comeBack(): void {
        const retryMs = RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)]!;
        this.stop();
        this.state.set({ state: 'lost', retryMs });
        this.#timer = window.setTimeout(() => this.start(), retryMs);
    }
}
