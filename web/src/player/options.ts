// options.ts - how a stream is played: over what, from where on, which of its tracks, with which sign.

import type { Stream, Track } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';

interface Options {
    transport: 'http' | 'ws';
    onChange: () => void;
    onAccess: (text: string) => void;
}

function option(value: string, text: string): HTMLOptionElement {
    return h('option', { value }, text);
}

function field(label: string, input: HTMLElement): HTMLElement {
    return h('label', { class: 'field' }, h('span', { class: 'label' }, label), input);
}

function trackName(track: Track): string {
    const what = track.kind === 'video' ? (track.height ? `${track.width}×${track.height}` : '')
        : (track.sampleRate ? `${track.sampleRate / 1000} kHz` : '');
    return [t('trackNumber', { number: track.track }), track.codec, what].filter(Boolean).join(' · ');
}

export class OptionsPanel {
    readonly element: HTMLElement;
    #transport: HTMLSelectElement;
    #start: HTMLSelectElement;
    #video: HTMLSelectElement;
    #audio: HTMLSelectElement;
    #access: HTMLInputElement;
    #tracks = '';
    #isMultitrack = false;

    constructor({ transport, onChange, onAccess }: Options) {
        const select = (...choices: HTMLOptionElement[]) => h('select', { class: 'select', onchange: onChange }, ...choices);
        this.#transport = select(option('http', 'HTTP-FLV'), option('ws', 'WebSocket-FLV'));
        this.#transport.value = transport;
        this.#start = select(option('gop', t('startGop')), option('live', t('startLive')));
        this.#video = select();
        this.#audio = select();
        this.#access = h('input', { class: 'input mono', name: 'access', placeholder: 'sign=…', autocomplete: 'off',
                                    spellcheck: 'false', autocapitalize: 'none' });
        this.#fill([]);
        const apply = (event: Event) => {
            event.preventDefault();
            onAccess(this.#access.value);
        };
        this.element = h('section', { class: 'card options', 'aria-label': t('howToPlay') },
            field(t('transport'), this.#transport), field(t('startMode'), this.#start),
            field(t('videoTrack'), this.#video), field(t('audioTrack'), this.#audio),
            h('form', { class: 'access-form', onsubmit: apply }, field(t('signOrToken'), this.#access),
              h('button', { class: 'button', type: 'submit' }, t('apply'))));
    }

    get transport(): 'http' | 'ws' {
        return this.#transport.value === 'ws' ? 'ws' : 'http';
    }

    get start(): string {
        return this.#start.value;
    }

    // A player that knows no multitrack must be given one track of each kind.
    tracks(): { video?: string; audio?: string } {
        const of = (select: HTMLSelectElement) => select.value || (this.#isMultitrack ? '0' : '');
        const video = of(this.#video), audio = of(this.#audio);
        return { ...(video && { video }), ...(audio && { audio: video === 'none' && audio === 'none' ? '0' : audio }) };
    }

    silence(): void {
        this.#audio.value = 'none';
    }

    focusAccess(): void {
        this.#access.focus();
        this.#access.scrollIntoView({ block: 'center' });
    }

    // Another stream is played: what was chosen for the one before does not count.
    show(stream: Stream | undefined, access: string): void {
        this.#access.value = access;
        this.know(stream);
    }

    // What is known of it now.
    know(stream: Stream | undefined): void {
        this.#fill(stream?.tracks ?? []);
    }

    #fill(tracks: Track[]): void {
        const key = JSON.stringify(tracks.map(track => [track.kind, track.track, track.codec, track.height]));
        if (key === this.#tracks)
            return;
        this.#tracks = key;
        for (const [kind, select] of [['video', this.#video], ['audio', this.#audio]] as const) {
            const before = select.value, mine = tracks.filter(track => track.kind === kind);
            replace(select, option('', t(mine.length > 1 ? 'trackFirst' : 'trackAll')),
                    ...(mine.length > 1 ? mine.map(track => option(String(track.track), trackName(track))) : []),
                    option('none', t('trackNone')));
            select.value = before;
            if (select.selectedIndex < 0)
                select.value = '';
        }
        this.#isMultitrack = tracks.length > 2;
    }
}
