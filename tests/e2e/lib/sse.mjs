// sse.mjs - a client of Server-Sent Events, over HTTP/1 or a stream of HTTP/2.

import assert from 'node:assert/strict';
import { HttpConnection } from './http.mjs';
import { Watchable } from './wait.mjs';

export class EventClient extends Watchable {
    events = [];                // { id, event, data, text }
    comments = 0;
    lastId = undefined;         // as a browser would keep it
    retry = undefined;
    ended = false;
    #text = '';

    // `query` stands behind the "?"; `id` is the Last-Event-ID.
    static async open(t, server, { path = '/api/events', query, id, headers = {} } = {}) {
        const client = new EventClient();
        client.connection = new HttpConnection(t, server.httpPort);
        client.connection.request(`GET ${path}${query === undefined ? '' : `?${query}`} HTTP/1.1`,
                                  { 'Last-Event-ID': id, ...headers });
        client.head = await client.connection.head();
        assert.equal(client.head.status, 200, JSON.stringify(client.head));
        assert.equal(client.head.headers['content-type'], 'text/event-stream');
        client.connection.streamTo(bytes => client.take(bytes));
        client.connection.ended.then(() => client.over());
        return client;
    }

    static overHttp2(session, path = '/api/events') {
        const client = new EventClient();
        client.stream = session.request({ ':path': path });
        client.stream.on('response', headers => { client.status = headers[':status']; client.changed(); });
        client.stream.on('data', bytes => client.guard(() => client.take(bytes)));
        client.stream.on('error', () => {});
        client.stream.on('close', () => client.over());
        return client;
    }

    over() {
        this.ended = true;
        this.changed();
    }

    take(bytes) {
        const blocks = (this.#text + bytes.toString()).split('\n\n');
        this.#text = blocks.pop();
        for (const block of blocks)
            this.#take(block);
        this.changed();
    }

    #take(block) {
        const event = { text: block };
        for (const line of block.split('\n')) {
            const [, name, value] = /^([a-z]*): ?(.*)$/.exec(line);
            if (name === '')
                this.comments++;
            else if (name === 'retry')
                this.retry = Number(value);
            else
                event[name] = value;
        }
        this.lastId = event.id ?? this.lastId;
        if (event.data === undefined)
            return;
        event.data = JSON.parse(event.data);
        this.events.push(event);
    }

    named(...names) {
        return this.events.filter(({ event }) => names.includes(event));
    }

    get names() {
        return this.events.map(({ event }) => event).filter(name => name !== 'statistics');
    }

    async event(name, { index = 0, passes = () => true } = {}) {
        return this.until(() => {
            const found = this.named(name).filter(passes)[index];
            if (found === undefined && this.ended)
                throw new Error(`the events ended before ${name}`);
            return found;
        }, () => `${name} ${index}, only ${this.names}`);
    }

    close() {
        this.connection?.close();
        this.stream?.close();
    }
}
