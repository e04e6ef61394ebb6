// theme.ts - light or dark: the system's, unless one is chosen.

import { recall, remember } from '../i18n/index.ts';
import { Store } from '../lib/store.ts';

export type Theme = 'auto' | 'light' | 'dark';

const KEPT = 'millrace.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function kept(): Theme {
    const value = recall(KEPT);
    return value === 'light' || value === 'dark' ? value : 'auto';
}

export const theme = new Store<Theme>(kept());

// Whether the page is dark now: for what is drawn on a canvas.
export const isDark = new Store<boolean>(false);

function apply(): void {
    const chosen = theme.get();
    if (chosen === 'auto')
        delete document.documentElement.dataset['theme'];
    else
        document.documentElement.dataset['theme'] = chosen;
    isDark.set(chosen === 'dark' || (chosen === 'auto' && system.matches));
}

theme.watch(apply);
system.addEventListener('change', apply);

export function nextTheme(): void {
    const order: Theme[] = ['auto', 'light', 'dark'];
    const next = order[(order.indexOf(theme.get()) + 1) % order.length]!;
    remember(KEPT, next === 'auto' ? null : next);
    theme.set(next);
}

// A colour of colours.css, for a canvas.
export function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
