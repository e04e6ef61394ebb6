// dialogs.ts - questions that stand before everything else: a log-in, and "are you sure".

import { ApiError } from '../api/client.ts';
import { logIn } from '../api/session.ts';
import { t } from '../i18n/index.ts';
import { h, type Child } from '../lib/dom.ts';

// Shows a dialog until `settle` is called; Escape is `fallback`.
function ask<Answer>(fallback: Answer, build: (settle: (answer: Answer) => void) => [string, Child[]]): Promise<Answer> {
    return new Promise(resolve => {
        let answer = fallback;
        const dialog = h('dialog', { onclose: () => { dialog.remove(); resolve(answer); } });
        const [title, children] = build(value => { answer = value; dialog.close(); });
        dialog.setAttribute('aria-label', title);
        dialog.append(h('div', { class: 'dialog-body' }, h('h1', {}, title), ...children));
        document.body.append(dialog);
        dialog.showModal();
    });
}

export function confirmDanger(title: string, text: string, action: string): Promise<boolean> {
    return ask<boolean>(false, settle => [title, [
        h('p', { class: 'soft' }, text),
        h('div', { class: 'dialog-actions' },
          h('button', { class: 'button', type: 'button', autofocus: true, onclick: () => settle(false) }, t('cancel')),
          h('button', { class: 'button danger', type: 'button', onclick: () => settle(true) }, action)),
    ]]);
}

function whyNot(error: unknown): string {
    if (!(error instanceof ApiError))
        return String(error);
    return { 401: t('loginWrong'), 429: t('loginTooOften'), 0: t('unreachable') }[error.status] ?? error.message;
}

function loginForm(settle: (done: boolean) => void): [string, Child[]] {
    const username = h('input', { class: 'input', name: 'username', autocomplete: 'username', required: true, autofocus: true });
    const password = h('input', { class: 'input', name: 'password', type: 'password', autocomplete: 'current-password', required: true });
    const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
    const submit = h('button', { class: 'button primary', type: 'submit' }, t('login'));
    const send = async (event: Event) => {
        event.preventDefault();
        submit.disabled = true;
        try {
            await logIn(username.value, password.value);
            settle(true);
        } catch (error) {
            problem.textContent = whyNot(error);
            problem.hidden = false;
            password.select();
        }
        submit.disabled = false;
    };
    return [t('login'), [
        h('p', { class: 'soft' }, t('loginWhy')),
        h('form', { class: 'dialog-body login', onsubmit: event => void send(event) },
          h('label', { class: 'field' }, h('span', { class: 'label' }, t('username')), username),
          h('label', { class: 'field' }, h('span', { class: 'label' }, t('password')), password),
          problem,
          h('div', { class: 'dialog-actions' },
            h('button', { class: 'button', type: 'button', onclick: () => settle(false) }, t('cancel')), submit)),
    ]];
}

let asking: Promise<boolean> | null = null;

// True once somebody is logged in.  However many calls need it: one dialog.
export function askForLogin(): Promise<boolean> {
    asking ??= ask(false, loginForm).finally(() => { asking = null; });
    return asking;
}
