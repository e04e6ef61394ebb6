// toast.ts - a word on what has come of something, which goes away by itself.

import { h } from '../lib/dom.ts';
import { icon } from './icons.ts';

const SHOWN_MS = 4500;

let place: HTMLElement | null = null;

export function toast(text: string, kind: 'good' | 'bad' = 'good'): void {
    if (place === null) {
        place = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
        document.body.append(place);
    }
    const message = h('div', { class: `toast ${kind}` }, icon(kind === 'good' ? 'check' : 'warning'), text);
    place.append(message);
    setTimeout(() => message.remove(), SHOWN_MS);
}

// Do something that may fail, and say how it went.
export async function attempt(action: () => Promise<unknown>, success?: string): Promise<boolean> {
    try {
        await action();
    } catch (error) {
        toast(error instanceof Error ? error.message : String(error), 'bad');
        return false;
    }
    if (success !== undefined)
        toast(success);
    return true;
}
