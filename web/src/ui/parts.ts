// parts.ts - the small things that all pages have: messages, badges, buttons that copy.

import { t } from '../i18n/index.ts';
import { h, replace, type Child } from '../lib/dom.ts';
import { icon, type IconName } from './icons.ts';
import { toast } from './toast.ts';

export interface MessageOptions {
    icon?: IconName;
    busy?: boolean;
    title: string;
    text?: string | undefined;
    actions?: Child[];
}

// What stands where there is nothing else to show.
export function message(options: MessageOptions): HTMLElement {
    return h('div', { class: 'message' },
             options.busy ? h('div', { class: 'spinner' }) : options.icon ? icon(options.icon) : null,
             h('strong', {}, options.title),
             options.text ? h('p', {}, options.text) : null,
             options.actions ? h('div', { class: 'actions' }, ...options.actions) : null);
}

export function badge(text: string, kind = ''): HTMLElement {
    return h('span', { class: `badge ${kind}` }, text);
}

async function copyText(text: string): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

// Without TLS a page has no clipboard of its own but at localhost.
function copyBySelection(text: string): boolean {
    const field = h('textarea', { class: 'visually-hidden', value: text, 'aria-hidden': 'true' });
    const before = document.activeElement as HTMLElement | null;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    before?.focus();
    return done;
}

export function copyButton(label: string, text: () => string): HTMLButtonElement {
    const button = h('button', {
        class: 'button quiet small icon-only', type: 'button', title: label, 'aria-label': label,
        onclick: () => void copyText(text()).then(done => {
            if (!done) {
                toast(t('copyFailed'), 'bad');
                return;
            }
            replace(button, icon('check'));
            setTimeout(() => replace(button, icon('copy')), 1500);
            toast(t('copied'));
        }),
    }, icon('copy'));
    return button;
}

// A line of text to be copied whole.
export function copyLine(label: string, text: string): HTMLElement {
    return h('div', { class: 'copy-line' },
             h('span', { class: 'label' }, label),
             h('div', { class: 'copy-text' },
               h('code', { tabindex: '0', role: 'group', 'aria-label': label }, text),
               copyButton(t('copyWhat', { what: label }), () => text)));
}
