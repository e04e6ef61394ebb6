// replay_view.ts - the picture of a recording, with its controls.

import { t, type Key } from '../i18n/index.ts';
import { h, replace, setText } from '../lib/dom.ts';
import { dateAndTime } from '../lib/format.ts';
import { icon, type IconName } from '../ui/icons.ts';
import { message } from '../ui/parts.ts';
import type { ReplayPlayer, ReplayState } from './replay_player.ts';

const STEP_MS = 10e3;
const SPEEDS = [0.5, 1, 2, 4, 8];

function control(name: IconName, key: Key, act: () => void): HTMLButtonElement {
    return h('button', { class: 'control', type: 'button', title: t(key), 'aria-label': t(key), onclick: act }, icon(name));
}

export class ReplayView {
    readonly element: HTMLElement;
    #player: ReplayPlayer;
    #cover = h('div', { class: 'cover' });
    #clock = h('span', { class: 'replay-clock' });
    #play = control('play', 'play', () => this.#player.toggle());
    #mute = control('volume', 'mute', () => { this.#player.video.muted = !this.#player.video.muted; });
    #actions: (state: ReplayState) => Node[];

    constructor(player: ReplayPlayer, actions: (state: ReplayState) => Node[]) {
        this.#player = player;
        this.#actions = actions;
        const { video } = player;
        const speed = h('select', { class: 'speed', 'aria-label': t('speed'), title: t('speed'),
                                    onchange: () => player.setSpeed(Number(speed.value)) },
                        ...SPEEDS.map(value => h('option', { value: String(value) }, `${value}×`)));
        speed.value = '1';
        this.element = h('div', { class: 'stage', tabindex: '0', role: 'group', 'aria-label': t('recording'),
                                  onkeydown: event => this.#onKey(event) },
            video, this.#cover,
            h('div', { class: 'controls' }, control('rewind', 'backward', () => this.#step(-STEP_MS)), this.#play,
              control('chase', 'forward', () => this.#step(STEP_MS)), this.#mute, this.#clock, h('span', { class: 'gap' }),
              speed, control('fullscreen', 'fullscreen', () => void this.#toggleFullscreen())));
        video.addEventListener('volumechange', () => replace(this.#mute, icon(video.muted ? 'muted' : 'volume')));
        video.addEventListener('click', () => player.toggle());
        player.state.watch(now => this.#show(now));
    }

    setTime(clockMs: number | null): void {
        setText(this.#clock, clockMs === null ? '' : dateAndTime(clockMs));
    }

    #step(ms: number): void {
        const now = this.#player.clockMs;
        if (now !== null)
            this.#player.seek(now + ms);
    }

    #show(now: ReplayState): void {
        const isShown = now.state === 'playing' || now.state === 'paused';
        this.element.dataset['state'] = now.state;
        this.#cover.hidden = isShown;
        const key: Key = now.state === 'playing' ? 'pause' : 'play';
        replace(this.#play, icon(key));
        this.#play.title = t(key);
        this.#play.setAttribute('aria-label', t(key));
        const next = this.#explain(now);
        replace(this.#cover, next);
    }

    #explain(now: ReplayState): HTMLElement | null {
        const actions = this.#actions(now);
        switch (now.state) {
        case 'idle': return message({ icon: 'film', title: t('replayIdle'), text: t('replayIdleText') });
        case 'loading': return h('div', { class: 'spinner' });
        case 'ended': return message({ icon: 'film', title: t('replayEnded') });
        case 'refused': return message({ icon: 'lock', title: t('refusedTitle'), text: t('replayRefused'), actions });
        case 'absent': return message({ icon: 'empty', title: t('replayAbsent') });
        case 'failed': return message({ icon: 'warning', title: t('replayFailed') });
        default: return null;
        }
    }

    #onKey(event: KeyboardEvent): void {
        if (event.target !== this.element)
            return;
        const act = { ' ': () => this.#player.toggle(), k: () => this.#player.toggle(),
                      ArrowLeft: () => this.#step(-STEP_MS), ArrowRight: () => this.#step(STEP_MS),
                      f: () => void this.#toggleFullscreen() }[event.key];
        if (act === undefined)
            return;
        event.preventDefault();
        act();
    }

    async #toggleFullscreen(): Promise<void> {
        try {
            await (document.fullscreenElement ? document.exitFullscreen() : this.element.requestFullscreen());
        } catch {
            // As it was.
        }
    }
}
