import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamReader, type Message } from '../src/api/sse.ts';

// From the HTML standard, 9.2.6, and what servers send.
const STREAM = '\ufeff: a comment\n\ndata: YHOO\ndata: +2\ndata: 10\n\nid: 1\nevent: add\ndata: first\r\n\r\n' +
               'retry: 3000\rdata:second\rid\r\rdata:  third\n\nevent: nothing\n\ndata\n\nevent: skip\nid: 7\ndata: {"a":1}\n\ndata: cut';
const EXPECTED: Message[] = [
    { event: 'message', data: 'YHOO\n+2\n10' },
    { event: 'add', data: 'first' },
    { event: 'message', data: 'second' },
    { event: 'message', data: ' third' },
    { event: 'message', data: '' },
    { event: 'skip', data: '{"a":1}' },
];

function read(pieces: string[]) {
    const messages: Message[] = [], reader = new EventStreamReader(message => messages.push(message));
    pieces.forEach(piece => reader.feed(piece));
    return { messages, id: reader.lastEventId, retryMs: reader.retryMs };
}

test('an event stream, cut anywhere', () => {
    for (let at = 0; at <= STREAM.length; at++)
        assert.deepEqual(read([STREAM.slice(0, at), STREAM.slice(at)]), { messages: EXPECTED, id: '7', retryMs: 3000 }, `cut at ${at}`);
    assert.deepEqual(read([...STREAM]).messages, EXPECTED);
});

test('an id holds until the next one, and only once its event is whole', () => {
    assert.equal(read(['id: 5\ndata: x\n\ndata: y\n\nid: 6\ndata: z\n']).id, '5');
    assert.equal(read(['id: 5\n\nid: a\0b\ndata: x\n\n']).id, '5');
    assert.equal(read(['id: 5\ndata: x\n\nid\ndata: y\n\n']).id, '');
});
