// file_table.ts - the files of a day, to be played, kept or deleted.

import { authorization, encodePath, errorOf, hasToken, remove } from '../api/client.ts';
import { isAdmin } from '../api/session.ts';
import type { RecordFile } from '../api/types.ts';
import { t } from '../i18n/index.ts';
import { h, setText } from '../lib/dom.ts';
import { bytes, clock, count, timeOfDay, UNKNOWN } from '../lib/format.ts';
import { confirmDanger } from '../ui/dialogs.ts';
import { icon } from '../ui/icons.ts';
import { badge, message } from '../ui/parts.ts';
import { cell, Table, type Cell } from '../ui/table.ts';
import { attempt } from '../ui/toast.ts';

interface Actions {
    onPlay: (file: RecordFile) => void;
    onDeleted: () => void;
}

const urlOf = (file: RecordFile): string => `/api/records${encodePath(file.streamPath).replace(/^/, '/')}/${encodeURIComponent(file.file)}`;

// A link cannot send a token: then the page fetches the file itself, and hands it to the browser.
async function download(file: RecordFile): Promise<void> {
    const response = await fetch(`${urlOf(file)}/download`, { headers: authorization() });
    if (!response.ok)
        throw await errorOf(response);
    const url = URL.createObjectURL(await response.blob());
    h('a', { href: url, download: file.file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60e3);
}

const KINDS = { recording: ['bad', 'fileRecording'], complete: ['', 'fileComplete'], interrupted: ['warn', 'fileInterrupted'] } as const;

export class FileTable {
    readonly element: HTMLElement;
    #table: Table<RecordFile>;
    #amount = h('span', { class: 'badge' });

    constructor(actions: Actions) {
        this.#table = new Table<RecordFile>({
            label: t('files'),
            key: file => file.file,
            maxHeight: '560px',
            sort: { column: 'start', descending: true },
            empty: () => message({ icon: 'empty', title: t('nothingRecorded') }),
            columns: [
                { name: 'start', title: t('startsAt'), value: file => file.startTime, cell: () => startCell(actions) },
                { name: 'length', title: t('length'), class: 'number', descending: true, value: file => file.durationMs,
                  text: file => clock(file.durationMs) },
                { name: 'size', title: t('size'), class: 'number', descending: true, value: file => file.bytes, text: file => bytes(file.bytes) },
                { name: 'codecs', title: t('codecs'), class: 'wide',
                  text: file => [file.videoCodec, file.audioCodec].filter(Boolean).join(' + ') || UNKNOWN },
                { name: 'state', title: t('state'), class: 'wide', value: file => file.state, cell: stateCell },
                { name: 'file', title: t('file'), class: 'wider', value: file => file.file, text: file => file.file },
                { name: 'actions', title: t('actions'), class: 'number', cell: () => actionsCell(actions) },
            ],
        });
        this.element = h('section', { class: 'card', 'aria-label': t('files') },
            h('div', { class: 'card-head' }, h('h2', {}, t('files'), ' ', this.#amount)), this.#table.element);
    }

    set(files: RecordFile[]): void {
        this.#table.set(files);
        setText(this.#amount, count(files.length));
    }
}

function startCell(actions: Actions): Cell<RecordFile> {
    let file: RecordFile | null = null;
    const play = h('button', { class: 'link', type: 'button', onclick: () => file !== null && actions.onPlay(file) });
    return cell(play, (element, next: RecordFile) => {
        file = next;
        const text = timeOfDay(next.startTime);
        if (element.dataset['at'] === text)
            return;
        element.dataset['at'] = text;
        element.replaceChildren(icon('play'), text);
        element.setAttribute('aria-label', t('playFrom', { time: text }));
    });
}

function stateCell(): Cell<RecordFile> {
    return cell(badge(''), (element, file: RecordFile) => {
        const [kind, key] = KINDS[file.state] ?? KINDS.complete;
        setText(element, t(key));
        element.className = `badge ${kind}`;
        element.title = file.reason ?? '';
    });
}

function actionsCell(actions: Actions): Cell<RecordFile> {
    let file: RecordFile | null = null;
    const save = h('a', { class: 'button small quiet icon-only', title: t('download'), onclick: event => {
        if (!hasToken() || file === null)
            return;
        event.preventDefault();
        const wanted = file;
        void attempt(() => download(wanted));
    } }, icon('download'));
    const drop = h('button', { class: 'button small quiet icon-only', type: 'button', title: t('delete'), hidden: !isAdmin(),
                               onclick: () => void erase() }, icon('trash'));
    const erase = async () => {
        if (file === null)
            return;
        const { file: name } = file, url = urlOf(file);
        if (await confirmDanger(t('deleteTitle'), t('deleteText', { name }), t('delete')) &&
            await attempt(() => remove(url), t('deleted', { name })))
            actions.onDeleted();
    };
    return cell(h('span', { class: 'row-actions' }, save, drop), (_element, next: RecordFile) => {
        file = next;
        save.hidden = next.state === 'recording';
        save.href = `${urlOf(next)}/download`;
        save.download = next.file;
        save.setAttribute('aria-label', t('downloadWhat', { name: next.file }));
        drop.setAttribute('aria-label', t('deleteWhat', { name: next.file }));
        drop.hidden = next.state === 'recording' || !isAdmin();
    });
}
