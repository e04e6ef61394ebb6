// stage.ts - the picture with its controls, and what is said in its place when there is none.

import { recall, remember, t, type Key } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { clock, decimal, UNKNOWN } from '../lib/format.ts';
import { icon, type IconName } from '../ui/icons.ts';
import { message } from '../ui/parts.ts';
import type { LivePlayer, PlayState } from './live_player.ts';

const KEPT_CHASE = 'millrace.chase';
const KEPT_VOLUME = 'millrace.volume';
const IDLE_MS = 2500;

function control(name: IconName, key: Key, act: () => void): HTMLButtonElement {
    return h('button', { class: 'control', type: 'button', title: t(key), 'aria-label': t(key), onclick: act }, icon(name));
}

function relabel(button: HTMLButtonElement, name: IconName, key: Key): void {
    if (button.dataset['key'] === key)
        return;
    button.dataset['key'] = key;
    button.title = t(key);
    button.setAttribute('aria-label', t(key));
    replace(button, icon(name));
}

export class Stage {
    readonly element: HTMLElement;
    #player: LivePlayer;
    #video: HTMLVideoElement;
    #cover = h('div', { class: 'cover' });
    #live = h('span', { class: 'live-mark' }, h('span', { class: 'dot' }), h('span', {}, t('live')));
    #signal = h('p', { class: 'signal', hidden: true });
    #signalTimer = 0;
    #frames: { decoded: number; at: number } | null = null;
    #idle = 0;
    #play = control('pause', 'pause', () => this.#togglePlay());
    #mute = control('volume', 'mute', () => { this.#video.muted = !this.#video.muted; });
    #volume: HTMLInputElement;
    #chase = control('chase', 'chase', () => this.#setChase(!this.#player.chase.on));
    #signalButton = control('signal', 'signal', () => this.#setSignal(this.#signal.hidden));
    #explain: (state: PlayState) => HTMLElement | null;

    constructor(player: LivePlayer, explain: (state: PlayState) => HTMLElement | null) {
        this.#player = player;
        this.#video = player.video;
        this.#explain = explain;
        this.#volume = h('input', { class: 'volume', type: 'range', min: '0', max: '1', step: '0.05', 'aria-label': t('volume') });
        this.#volume.addEventListener('input', () => {
            this.#video.volume = Number(this.#volume.value);
            this.#video.muted = this.#video.volume === 0;
            remember(KEPT_VOLUME, this.#volume.value);
        });
        this.#video.volume = Number(recall(KEPT_VOLUME) ?? '1') || 1;
        const pip = control('pip', 'pip', () => void this.#togglePip());
        pip.hidden = !document.pictureInPictureEnabled;
        this.#signalButton.setAttribute('aria-pressed', 'false');
        this.element = h('div', { class: 'stage', tabindex: '0', role: 'group', 'aria-label': t('player'),
                                  onkeydown: event => this.#onKey(event) },
            this.#video, this.#cover,
            h('div', { class: 'controls' }, this.#play, this.#mute, this.#volume, this.#live, h('span', { class: 'gap' }),
              this.#chase, this.#signalButton, pip, control('fullscreen', 'fullscreen', () => void this.#toggleFullscreen())),
            this.#signal);
        this.#video.addEventListener('volumechange', () => this.#showVolume());
        this.#video.addEventListener('dblclick', () => void this.#toggleFullscreen());
        this.#video.addEventListener('click', () => this.#togglePlay());
        for (const name of ['pointermove', 'keydown', 'focusin'] as const)
            this.element.addEventListener(name, () => this.#wake());
        this.#showVolume();
        this.#setChase(recall(KEPT_CHASE) !== 'off');
        player.state.watch(state => this.#show(state));
    }

    // Who uses the page has become somebody else, who may do other things.
    refresh(): void {
        this.#show(this.#player.state.get());
    }

    // The controls go when nobody has touched anything for a while.
    #wake(): void {
        this.element.classList.remove('idle');
        clearTimeout(this.#idle);
        this.#idle = window.setTimeout(() => this.element.classList.add('idle'), IDLE_MS);
    }

    #show(now: PlayState): void {
        const isShown = ['playing', 'paused', 'buffering'].includes(now.state);
        this.element.dataset['state'] = now.state;
        this.#live.hidden = now.state !== 'playing' && now.state !== 'buffering';
        relabel(this.#play, now.state === 'paused' ? 'play' : 'pause', now.state === 'paused' ? 'play' : 'pause');
        this.#play.disabled = !isShown;
        this.#cover.hidden = now.state === 'playing' || now.state === 'paused';
        const cover = now.state === 'buffering' ? h('div', { class: 'spinner' }) : this.#explain(now);
        replace(this.#cover, ...(cover ? [cover] : []));
        this.#wake();
    }

    #togglePlay(): void {
        if (this.#player.state.get().state === 'paused')
            this.#player.resume();
        else
            this.#video.pause();
    }

    #showVolume(): void {
        const isMuted = this.#video.muted || this.#video.volume === 0;
        relabel(this.#mute, isMuted ? 'muted' : 'volume', isMuted ? 'unmute' : 'mute');
        this.#volume.value = String(this.#video.muted ? 0 : this.#video.volume);
    }

    #setChase(on: boolean): void {
        this.#player.chase.set(on);
        this.#chase.setAttribute('aria-pressed', String(on));
        remember(KEPT_CHASE, on ? null : 'off');
    }

    async #togglePip(): Promise<void> {
        try {
            if (document.pictureInPictureElement)
                await document.exitPictureInPicture();
            else
                await this.#video.requestPictureInPicture();
        } catch {
            // There is no picture yet, or the browser will not have it.
        }
    }

    async #toggleFullscreen(): Promise<void> {
        try {
            if (document.fullscreenElement)
                await document.exitFullscreen();
            else if (typeof this.element.requestFullscreen === 'function')
                await this.element.requestFullscreen();
            else                // an iPhone shows a video alone
                (this.#video as HTMLVideoElement & { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
        } catch {
            // As it was.
        }
    }

    #onKey(event: KeyboardEvent): void {
        if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey)
            return;
        const act = {
            ' ': () => this.#togglePlay(),
            k: () => this.#togglePlay(),
            m: () => { this.#video.muted = !this.#video.muted; },
            f: () => void this.#toggleFullscreen(),
            ArrowUp: () => { this.#video.volume = Math.min(1, this.#video.volume + 0.1); },
            ArrowDown: () => { this.#video.volume = Math.max(0, this.#video.volume - 0.1); },
        }[event.key];
        if (act === undefined)
            return;
        event.preventDefault();
        act();
    }

    #setSignal(on: boolean): void {
        clearInterval(this.#signalTimer);
        this.#signal.hidden = !on;
        this.#signalButton.setAttribute('aria-pressed', String(on));
        this.#frames = null;
        if (!on)
            return;
        this.#showSignal();
        this.#signalTimer = window.setInterval(() => this.#showSignal(), 1000);
    }

    // What the browser and mpegts.js themselves have counted.
    #showSignal(): void {
        const now = this.#player.figures(), at = performance.now(), before = this.#frames;
        const shown = now.decoded !== null && before !== null && at > before.at
            ? (now.decoded - before.decoded) * 1000 / (at - before.at) : null;
        if (now.decoded !== null)
            this.#frames = { decoded: now.decoded, at };
        const parts = [
            now.width > 0 ? `${now.width}×${now.height}` : UNKNOWN,
            [now.videoCodec, now.audioCodec].filter(Boolean).join(' + ') || UNKNOWN,
            `${decimal(shown !== null && shown >= 0 ? shown : null, 1)} fps`,
            t('signalDropped', { count: now.dropped ?? UNKNOWN }),
            t('signalBuffer', { seconds: decimal(now.bufferS, 2) }),
            `${decimal(now.kilobytesPerS === null ? null : now.kilobytesPerS * 8.192 / 1000, 2)} Mb/s`,
            clock(this.#video.currentTime * 1000),
        ];
        setText(this.#signal, `${t('signalOwn')}: ${parts.join(' · ')}`);
    }
}

// The words for each state.
export function explainState(now: PlayState, path: string | null, actions: Partial<Record<PlayState['state'], Node[]>>): HTMLElement | null {
    const name = path ?? '';
    const more = { actions: actions[now.state] ?? [] };
    switch (now.state) {
    case 'idle': return message({ icon: 'play', title: t('idleTitle'), text: t('idleText') });
    case 'joining': return message({ busy: true, title: t('joining', { name }) });
    case 'offline': return message({ icon: 'offline', title: t('offlineTitle', { name }), text: t('offlineText') });
    case 'ended': return message({ icon: 'offline', title: t('endedTitle', { name }), text: t('offlineText') });
    case 'refused': return message({ icon: 'lock', title: t('refusedTitle'), text: t('refusedText', { reason: now.reason }), ...more });
    case 'unsupported': return message({ icon: 'warning', title: t('unsupportedTitle'),
                                         text: t(now.what ? 'unsupportedCodec' : 'unsupportedText', { codec: now.what }), ...more });
    case 'lost': return message({ busy: true, title: t('lostTitle'), text: t('lostText') });
    default: return null;
    }
}
