// replay_player.ts - what was recorded of a stream, in one <video>, from any moment on and over all
// files that follow.

import { Store } from '../lib/store.ts';
import { destroy, loadMpegts, type Engine } from '../player/mpegts.ts';
import { clockTime, playedTime, recordedAt, type Piece } from './pieces.ts';
import { pacedLoader } from './paced_loader.ts';

export type ReplayState =
    | { state: 'idle' }
    | { state: 'loading' }
    | { state: 'playing' }
    | { state: 'paused' }
    | { state: 'ended' }
    | { state: 'refused' }
    | { state: 'absent' }                       // nothing was recorded then
    | { state: 'failed' };

const AHEAD_S = 30;             // of what is watched, at normal speed
const CHECK_MS = 200;

export class ReplayPlayer {
    readonly state = new Store<ReplayState>({ state: 'idle' });
    readonly video: HTMLVideoElement;

    #path = '';
    #access = '';
    #pieces: readonly Piece[] = [];
    #fromMs = 0;                // where the player's time begins
    #engine: Engine | null = null;
    #turn = 0;
    #complete = false;
    #speed = 1;

    constructor(video: HTMLVideoElement) {
        this.video = video;
        const follow = (name: keyof HTMLMediaElementEventMap, act: () => void) => video.addEventListener(name, () => {
            if (this.#engine !== null)
                act();
        });
        follow('playing', () => this.state.set({ state: 'playing' }));
        follow('pause', () => this.state.set({ state: this.#isAtEnd() ? 'ended' : 'paused' }));
        follow('waiting', () => this.#onWaiting());
    }

    // The stream, and what there is of it; a longer list later does not interrupt.
    load(path: string, pieces: readonly Piece[]): void {
        if (path !== this.#path)
            this.stop();
        this.#path = path;
        this.#pieces = pieces;
    }

    setAccess(query: string): void {
        this.#access = query;
    }

    get path(): string {
        return this.#path;
    }

    // What time of day is shown; null: nothing is.
    get clockMs(): number | null {
        return this.#engine === null ? null : clockTime(this.#pieces, this.#fromMs, this.video.currentTime * 1000);
    }

    // Show what was at that time, or what came next.
    seek(clockMs: number): void {
        const ms = recordedAt(this.#pieces, clockMs);
        if (ms === null) {
            this.stop();
            this.state.set({ state: 'absent' });
            return;
        }
        const played = this.#engine === null ? null : playedTime(this.#pieces, this.#fromMs, ms);
        if (played !== null && this.#isBuffered(played / 1000)) {
            this.video.currentTime = played / 1000;
            void this.video.play();
        } else {
            void this.#open(ms);
        }
    }

    setSpeed(speed: number): void {
        this.#speed = speed;
        this.video.playbackRate = speed;
    }

    toggle(): void {
        if (this.state.get().state === 'ended' || this.#engine === null)
            this.seek(this.clockMs ?? this.#fromMs);
        else if (this.video.paused)
            void this.video.play();
        else
            this.video.pause();
    }

    stop(): void {
        this.#turn++;
        destroy(this.#engine);
        this.#engine = null;
        this.#complete = false;
        this.state.set({ state: 'idle' });
    }

    async #open(ms: number): Promise<void> {
        this.stop();
        const turn = this.#turn;
        this.#fromMs = ms;
        this.state.set({ state: 'loading' });
        const library = await loadMpegts();
        if (turn !== this.#turn)
            return;
        let status = 0;
        const customLoader = pacedLoader(library, () => this.#room(turn), value => { status = value; });
        const engine = library.createPlayer({ type: 'flv', isLive: true, url: this.#url(ms) }, {
            customLoader: customLoader as unknown as NonNullable<Parameters<typeof library.createPlayer>[1]>['customLoader'] & object,
            enableStashBuffer: false,
            autoCleanupSourceBuffer: true,
            autoCleanupMaxBackwardDuration: 120,
            autoCleanupMinBackwardDuration: 60,
            deferLoadAfterSourceOpen: false,
        });
        engine.on(library.Events.ERROR, () => setTimeout(() => {  // it cannot be destroyed in the middle of telling
            if (turn === this.#turn)
                this.#onError(status);
        }));
        engine.on(library.Events.LOADING_COMPLETE, () => {
            if (turn === this.#turn)
                this.#complete = true;
        });
        this.#engine = engine;
        engine.attachMediaElement(this.video);
        engine.load();
        this.video.playbackRate = this.#speed;
        await this.video.play().catch(() => {});
    }

    #url(ms: number): string {
        const path = this.#path.split('/').map(encodeURIComponent).join('/');
        const query = [`from=${Math.round(ms)}`, 'pace=fast', 'gaps=close', ...(this.#access ? [this.#access] : [])];
        return new URL(`/records${path}.flv?${query.join('&')}`, location.href).href;
    }

    // Seconds that lie ready behind what is shown.
    #ahead(): number {
        const { buffered, currentTime } = this.video;
        return buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0;
    }

    async #room(turn: number): Promise<void> {
        while (turn === this.#turn && this.#ahead() > AHEAD_S * Math.max(1, this.#speed))
            await new Promise(resolve => setTimeout(resolve, CHECK_MS));
    }

    #isBuffered(second: number): boolean {
        const { buffered } = this.video;
        for (let i = 0; i < buffered.length; i++)
            if (second >= buffered.start(i) && second < buffered.end(i) - 0.1)
                return true;
        return false;
    }

    #isAtEnd(): boolean {
        return this.#complete && this.#ahead() < 0.3;
    }

    #onWaiting(): void {
        if (this.#isAtEnd())
            this.state.set({ state: 'ended' });
        else if (this.state.get().state === 'playing')
            this.state.set({ state: 'loading' });
    }

    #onError(status: number): void {
        this.stop();
        this.state.set({ state: status === 401 || status === 403 ? 'refused' : status === 404 ? 'absent' : 'failed' });
    }
}
