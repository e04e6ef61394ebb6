// event_feed.ts - what happens on the server, newest first.

import { get } from '../api/client.ts';
import type { List, PastSession, ServerEvent } from '../api/types.ts';
import { t, type Key } from '../i18n/index.ts';
import { h, replace } from '../lib/dom.ts';
import { timeOfDay } from '../lib/format.ts';
import { message } from '../ui/parts.ts';

const KEPT_MAX = 200;
const PAST_MAX = 60;

const KINDS: Record<string, [string, Key]> = {
    postPublish: ['good', 'eventPublish'],
    donePublish: ['', 'eventPublishEnd'],
    postPlay: ['', 'eventPlay'],
    donePlay: ['', 'eventPlayEnd'],
    postRecord: ['accent', 'eventRecord'],
    doneRecord: ['', 'eventRecordEnd'],
    takeover: ['warn', 'eventTakeover'],
    standby: ['warn', 'eventStandby'],
    stall: ['warn', 'eventStall'],
    skip: ['warn', 'eventSkip'],
    limit: ['bad', 'eventLimit'],
};

// What happens before a session begins is told by what comes of it.
const GROUPS: Record<string, string[]> = {
    publishers: ['postPublish', 'donePublish', 'takeover', 'standby'],
    viewers: ['postPlay', 'donePlay', 'skip'],
    recordings: ['postRecord', 'doneRecord'],
    trouble: ['stall', 'skip', 'limit', 'takeover', 'standby'],
};

// What was before the page was opened, as far as the server remembers: of each session, when it came
// and when it went.
function eventsOf(past: PastSession): ServerEvent[] {
    const is = past.role === 'publisher' ? 'Publish' : 'Play';
    const shared = { id: past.id, ip: past.ip ?? '', protocol: past.protocol, streamPath: past.streamPath };
    const begun = { ...shared, action: `post${is}`, eventId: `${past.id}+`, time: past.startTime };
    return past.endTime === null ? [begun]
        : [begun, { ...shared, action: `done${is}`, eventId: `${past.id}-`, time: past.endTime, reason: past.reason }];
}

function line(event: ServerEvent, withStream: boolean): HTMLElement {
    const [kind, key] = KINDS[event.action] ?? ['', null];
    const who = [event.ip, event.protocol === 'record' ? '' : event.protocol].filter(Boolean).join(' · ');
    return h('li', { class: 'event', data: { action: event.action } },
        h('time', { datetime: event.time }, timeOfDay(event.time)),
        h('span', { class: 'event-text' },
          withStream && event.streamPath ? h('a', { href: `#${event.streamPath}` }, event.streamPath.slice(1)) : null,
          who ? h('span', { class: 'soft' }, who) : null,
          event.reason ? h('span', { class: 'faint' }, event.reason) : null),
        h('span', { class: `badge ${kind}` }, key === null ? event.action : t(key)));
}

export class EventFeed {
    readonly element: HTMLElement;
    #list = h('ol', { class: 'events' });
    #empty = message({ icon: 'empty', title: t('noEvents'), text: t('noEventsText') });
    #events: ServerEvent[] = [];
    #stream: string | null;
    #group: HTMLSelectElement;

    // Of one stream, or of all.
    constructor(stream: string | null = null) {
        this.#stream = stream;
        this.#group = h('select', { class: 'select compact', 'aria-label': t('eventsWhich'), onchange: () => this.#redraw() },
            h('option', { value: '' }, t('eventsAll')), h('option', { value: 'publishers' }, t('publishers')),
            h('option', { value: 'viewers' }, t('viewers')), h('option', { value: 'recordings' }, t('recordings')),
            h('option', { value: 'trouble' }, t('eventsTrouble')));
        this.element = h('section', { class: 'card events-card', 'aria-label': t('events') },
            h('div', { class: 'card-head' }, h('h2', {}, t('events')), this.#group),
            h('div', { class: 'events-scroller', tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': t('events') },
              this.#list, this.#empty));
    }

    async begin(): Promise<void> {
        const query = new URLSearchParams({ pageSize: String(PAST_MAX), ...(this.#stream !== null && { stream: this.#stream }) });
        try {
            const { items } = await get<List<PastSession>>(`/api/history?${query}`, { quiet: true });
            const first = this.#events.at(-1)?.time;
            const past = items.flatMap(eventsOf).filter(event => first === undefined || event.time < first)
                .sort((a, b) => b.time.localeCompare(a.time));
            this.#events = [...this.#events, ...past].slice(0, KEPT_MAX);
            this.#redraw();
        } catch {
            // A server that keeps no history: the list begins now.
        }
    }

    add(event: ServerEvent): void {
        if (event.action.startsWith('pre') || (this.#stream !== null && event.streamPath !== this.#stream))
            return;
        this.#events.unshift(event);
        if (this.#events.length > KEPT_MAX)
            this.#events.pop();
        if (!this.#isWanted(event))
            return;
        this.#empty.hidden = true;
        this.#list.prepend(line(event, this.#stream === null));
        if (this.#list.childElementCount > KEPT_MAX)
            this.#list.lastElementChild!.remove();
    }

    #isWanted(event: ServerEvent): boolean {
        return this.#group.value === '' || GROUPS[this.#group.value]!.includes(event.action);
    }

    #redraw(): void {
        const wanted = this.#events.filter(event => this.#isWanted(event));
        replace(this.#list, ...wanted.map(event => line(event, this.#stream === null)));
        this.#empty.hidden = wanted.length > 0;
    }
}
