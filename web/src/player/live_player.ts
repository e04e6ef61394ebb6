// live_player.ts - one stream in one <video>: joins it, says what goes wrong, and joins again.

import { Store } from '../lib/store.ts';
import { behind, LatencyChase, toNewest } from './latency.ts';
import { createLive, destroy, loadMpegts, type Engine } from './mpegts.ts';
import { httpUrl, wsUrl, type Place, type PlayOptions } from './urls.ts';

export interface PlayRequest {
    streamPath: string;
    transport: 'http' | 'ws';
    options: PlayOptions;
    hasVideo?: boolean | undefined;     // where it is known
    hasAudio?: boolean | undefined;
}

export type PlayState =
    | { state: 'idle' }
    | { state: 'joining' }
    | { state: 'playing' }
    | { state: 'buffering' }
    | { state: 'paused' }
    | { state: 'offline' }                          // waits for the stream to begin
    | { state: 'ended' }                            // the same, after it was there
    | { state: 'refused'; reason: string }          // a sign is missing, or another than is needed
    | { state: 'unsupported'; what: string; audio: boolean }
    | { state: 'lost'; retryMs: number };

// What mpegts.js says of an error.
interface Fault {
    code?: number;
    msg?: string;
}

export interface Figures {
    width: number;
    height: number;
    decoded: number | null;     // frames, in all
    dropped: number | null;
    bufferS: number;
    kilobytesPerS: number | null;
    videoCodec: string | null;
    audioCodec: string | null;
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000];
const MEDIA_FAULTS_MAX = 3;
const PAUSED_MS = 20000;        // then what comes is no longer kept for it

export class LivePlayer {
    readonly state = new Store<PlayState>({ state: 'idle' });
    readonly video: HTMLVideoElement;
    readonly chase: LatencyChase;

    #place: Place;
    #request: PlayRequest | null = null;
    #engine: Engine | null = null;
    #turn = 0;                  // of joining: what an earlier one still says is not heard
    #attempt = 0;
    #mediaFaults = 0;
    #timer = 0;

    constructor(video: HTMLVideoElement, place: Place) {
        this.video = video;
        this.#place = place;
        this.chase = new LatencyChase(video);
        video.addEventListener('playing', () => this.#onPlaying());
        video.addEventListener('waiting', () => this.#whileShown({ state: 'buffering' }));
        video.addEventListener('pause', () => this.#onPause());
    }

    get request(): PlayRequest | null {
        return this.#request;
    }

    play(request: PlayRequest): void {
        this.#request = request;
        this.#attempt = this.#mediaFaults = 0;
        void this.#join();
    }

    stop(): void {
        this.#request = null;
        this.#leave();
        this.state.set({ state: 'idle' });
    }

    // The stream is there: do not wait for the next attempt.
    poke(): void {
        const now = this.state.get().state;
        if (this.#request !== null && this.#timer !== 0 && (now === 'offline' || now === 'ended' || now === 'lost')) {
            this.#attempt = 0;
            void this.#join();
        }
    }

    // What was paused goes on with what is live.
    resume(): void {
        clearTimeout(this.#timer);
        this.#timer = 0;
        if (this.#engine === null) {
            void this.#join();
            return;
        }
        toNewest(this.video);
        void this.#start();
    }

    figures(): Figures {
        const quality = this.video.getVideoPlaybackQuality?.();
        const info = this.#engine?.mediaInfo as { videoCodec?: string; audioCodec?: string } | undefined;
        const speed = (this.#engine?.statisticsInfo as { speed?: number } | undefined)?.speed;
        return {
            width: this.video.videoWidth,
            height: this.video.videoHeight,
            decoded: quality?.totalVideoFrames ?? null,
            dropped: quality?.droppedVideoFrames ?? null,
            bufferS: behind(this.video),
            kilobytesPerS: speed ?? null,
            videoCodec: info?.videoCodec ?? null,
            audioCodec: info?.audioCodec ?? null,
        };
    }

    #leave(): void {
        this.#turn++;
        clearTimeout(this.#timer);
        this.#timer = 0;
        destroy(this.#engine);
        this.#engine = null;
    }

    async #join(): Promise<void> {
        this.#leave();
        const turn = this.#turn, request = this.#request;
        if (request === null)
            return;
        if (!['offline', 'ended', 'lost'].includes(this.state.get().state))
            this.state.set({ state: 'joining' });
        try {
            const [library, answer] = await Promise.all([loadMpegts(), this.#ask(request)]);
            if (turn !== this.#turn || this.#isHopeless(answer))
                return;
            if (answer.status === 404 && this.state.get().state !== 'ended')
                this.state.set({ state: 'offline' });
            this.#open(library, request);
        } catch {
            if (turn === this.#turn)
                this.#again();
        }
    }

    // A WebSocket that is refused tells a page nothing: the same is asked over HTTP before.
    async #ask(request: PlayRequest): Promise<{ status: number; reason: string }> {
        const url = httpUrl(this.#place, request.streamPath, request.options);
        const { status } = await fetch(url, { method: 'HEAD', cache: 'no-store' });
        const isRefusal = status >= 400 && status !== 404 && status < 500;
        return { status, reason: isRefusal ? await reasonOf(url) : '' };
    }

    #isHopeless({ status, reason }: { status: number; reason: string }): boolean {
        if (reason === '' && status !== 401 && status !== 403)
            return false;
        this.#leave();
        this.state.set({ state: 'refused', reason });
        return true;
    }

    #open(library: Awaited<ReturnType<typeof loadMpegts>>, request: PlayRequest): void {
        const turn = this.#turn, { Events } = library;
        if (!library.getFeatureList().mseLivePlayback) {
            this.state.set({ state: 'unsupported', what: '', audio: false });
            return;
        }
        const url = (request.transport === 'ws' ? wsUrl : httpUrl)(this.#place, request.streamPath, request.options);
        const engine = createLive(library, { url, hasVideo: request.hasVideo, hasAudio: request.hasAudio });
        // Later, when mpegts.js has told everybody: it cannot be destroyed in the middle of that.
        const heard = <Args extends unknown[]>(act: (...args: Args) => void) => (...args: Args) => setTimeout(() => {
            if (turn === this.#turn)
                act(...args);
        });
        engine.on(Events.ERROR, heard((type: string, detail: string, info?: Fault | string) =>
            this.#onError(type, detail, typeof info === 'string' ? { msg: info } : info ?? {})));
        engine.on(Events.LOADING_COMPLETE, heard(() => this.#onEnd()));
        this.#engine = engine;
        engine.attachMediaElement(this.video);
        engine.load();
        void this.#start();
    }

    // A browser may forbid sound before the first click, but not the picture.
    async #start(): Promise<void> {
        try {
            await this.video.play();
        } catch (error) {
            if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.video.muted)
                return;
            this.video.muted = true;
            await this.video.play().catch(() => {});
        }
    }

    #onPlaying(): void {
        if (this.#engine === null)
            return;
        this.#attempt = this.#mediaFaults = 0;
        this.state.set({ state: 'playing' });
    }

    // The picture stays, the connection only for a while.
    #onPause(): void {
        this.#whileShown({ state: 'paused' });
        if (this.state.get().state !== 'paused' || this.#engine === null)
            return;
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.#leave(), PAUSED_MS);
    }

    #whileShown(next: PlayState): void {
        const now = this.state.get().state;
        if (this.#engine !== null && ['playing', 'buffering', 'paused'].includes(now))
            this.state.set(next);
    }

    #onEnd(): void {
        this.#leave();
        this.state.set({ state: 'ended' });
        this.#retryIn(RETRY_MS[0]!);
    }

    #onError(type: string, detail: string, info: Fault): void {
        if (type === 'MediaError') {
            this.#onMediaFault(detail, info.msg ?? '');
        } else if (info.code === 404) {
            if (this.state.get().state !== 'ended')
                this.state.set({ state: 'offline' });
            this.#retryIn(this.#backOff());
        } else {
            this.#again();          // which asks for the reason first
        }
    }

    #onMediaFault(detail: string, text: string): void {
        const isCodec = /unsupported/i.test(detail) || /unsupported|not supported|addSourceBuffer|isTypeSupported/i.test(text);
        if (isCodec || ++this.#mediaFaults > MEDIA_FAULTS_MAX) {
            this.#leave();
            this.state.set({ state: 'unsupported', what: codecIn(text), audio: /audio/i.test(text) });
        } else {
            this.#again();
        }
    }

    #backOff(): number {
        return RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)]!;
    }

    #again(): void {
        const retryMs = this.#backOff();
        this.state.set({ state: 'lost', retryMs });
        this.#retryIn(retryMs);
    }

    #retryIn(ms: number): void {
        this.#leave();
        this.#timer = window.setTimeout(() => void this.#join(), ms);
    }
}

// The numbers of FLV (10.1, E.4.2.1 and E.4.3.1) that a browser has no decoder for.
const VIDEO_NAMES: Record<string, string> = { 2: 'H.263', 3: 'Screen Video', 4: 'VP6', 5: 'VP6', 6: 'Screen Video 2' };
const AUDIO_NAMES: Record<string, string> = {
    0: 'PCM', 1: 'ADPCM', 3: 'PCM', 4: 'Nellymoser', 5: 'Nellymoser', 6: 'Nellymoser', 7: 'G.711 A-law', 8: 'G.711 mu-law', 11: 'Speex',
};

// Which codec an error speaks of: a number, a FourCC, or the type that the browser was asked for.
export function codecIn(text: string): string {
    const name = (/codecs=["']?([\w.,-]+)/i.exec(text) ?? /codec[^:]*:\s*([\w.-]+)/i.exec(text))?.[1] ?? '';
    return (/audio/i.test(text) ? AUDIO_NAMES : VIDEO_NAMES)[name] ?? name;
}

// "403 Forbidden: the sign has expired" says after its colon why.
async function reasonOf(url: string): Promise<string> {
    const abort = new AbortController();
    const response = await fetch(url, { cache: 'no-store', signal: abort.signal });
    if (response.ok) {
        abort.abort();
        return '';
    }
    const text = (await response.text()).trim();
    return text.slice(text.indexOf(':') + 1).trim() || `${response.status}`;
}
