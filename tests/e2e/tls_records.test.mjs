// tls_records.test.mjs - TLS connections that are well begun, and then are not: records cut off, changed,
// put in between; keys changed without end; a handshake asked for again.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { Bystander } from './lib/bystander.mjs';
import { cleanup } from './lib/cleanup.mjs';
import { start } from './lib/process.mjs';
import { startTlsServer } from './lib/tls.mjs';
import { poll, within } from './lib/wait.mjs';

const TEST = { timeout: 60000 };
const RECORD = { ALERT: 0x15, HANDSHAKE: 0x16, DATA: 0x17 };

// The records in `bytes`, and what is left over.
function takeRecords(bytes) {
    const records = [];
    let at = 0;
    for (; bytes.length - at >= 5 && bytes.length - at >= 5 + bytes.readUInt16BE(at + 3);) {
        const size = 5 + bytes.readUInt16BE(at + 3);
        records.push(bytes.subarray(at, at + size));
        at += size;
    }
    return { records, rest: bytes.subarray(at) };
}

// Stands between client and server, and does `harm` to the first record of data from the client: it
// gets the record and the server's socket.
async function startMiddle(t, port, harm) {
    const middle = net.createServer(client => {
        const server = net.connect({ port, host: '127.0.0.1' });
        let rest = Buffer.alloc(0), left = 2; // TLS 1.3: the first of this kind is the client's Finished
        server.pipe(client);
        server.on('error', () => client.destroy()).on('close', () => client.destroy());
        client.on('error', () => server.destroy());
        client.on('data', bytes => {
            const taken = takeRecords(Buffer.concat([rest, bytes]));
            rest = taken.rest;
            for (const record of taken.records) {
                if (record[0] === RECORD.DATA && --left === 0)
                    harm(Buffer.from(record), server);
                else if (left > 0)
                    server.write(record);
            }
        });
        cleanup(t, () => { client.destroy(); server.destroy(); });
    });
    await new Promise(resolve => middle.listen(0, '127.0.0.1', resolve));
    cleanup(t, () => middle.close());
    return middle.address().port;
}

const HARM = {
    'a record that is cut off, and the end': (record, server) => server.end(record.subarray(0, record.length - 3)),
    'a record that is cut off, and a reset': (record, server) =>
        server.write(record.subarray(0, record.length - 3), () => server.resetAndDestroy()),
    'a header alone, and the end': (record, server) => server.end(record.subarray(0, 5)),
    'a record with a bit changed': (record, server) => { record[record.length - 1] ^= 1; server.write(record); },
    'a record twice': (record, server) => server.write(Buffer.concat([record, record])),
    'a record of another kind': (record, server) => { record[0] = 0x42; server.write(record); },
    'a record that is too long': (record, server) => server.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0xff, 0xff]), record])),
    'plain text': (record, server) => server.write('GET / HTTP/1.1\r\n\r\n'),
    'an alert in plain text': (record, server) => server.write(Buffer.from([RECORD.ALERT, 3, 3, 0, 2, 2, 40])),
    'empty records without end': (record, server) => server.write(Buffer.concat(Array(5000).fill(Buffer.from([0x17, 3, 3, 0, 0])))),
};

describe('records', { concurrency: 3 }, () => {
    for (const [what, harm] of Object.entries(HARM)) {
        it(`${what}: the connection ends, and no other`, TEST, async t => {
            const server = await startTlsServer(t);
            const bystander = await Bystander.begin(t, server), files = server.openFiles();
            for (const port of [server.httpsPort, server.rtmpsPort]) {
                const socket = tls.connect({ port: await startMiddle(t, port, harm), host: '127.0.0.1', rejectUnauthorized: false });
                cleanup(t, () => socket.destroy());
                const over = new Promise(resolve => socket.on('close', resolve).on('error', () => {}));
                socket.resume();
                socket.write(port === server.httpsPort ? 'GET /live/none.flv HTTP/1.1\r\nHost: a\r\n\r\n' : Buffer.alloc(1537, 3));
                await within(15000, over, 'the end of the connection');
            }
            await bystander.unharmed();
            await poll(() => server.openFiles() <= files, () => `${server.openFiles()} open files, not ${files}`, 10000);
        });
    }
});

// s_client reads letters: R asks for another handshake, K for another key.
async function startClient(t, server, version) {
    const client = start(t, 'openssl', ['s_client', '-connect', `127.0.0.1:${server.httpsPort}`, `-${version}`, '-msg'],
                         { stdio: ['pipe', 'pipe', 'pipe'] });
    await client.until(() => /Verify return code/.test(client.stdout), 'a handshake');
    return client;
}

it('another handshake on the same connection (TLS 1.2) is refused', TEST, async t => {
    const server = await startTlsServer(t);
    const bystander = await Bystander.begin(t, server);
    const client = await startClient(t, server, 'tls1_2');
    client.child.stdin.write('R\n');
    await client.until(() => /no_renegotiation|no renegotiation|closed|handshake failure/.test(client.stdout + client.stderr) ||
                             client.exit !== null, 'a refusal');
    assert.equal((client.stdout.match(/ServerHello\b/g) ?? []).length, 1);
    await bystander.unharmed();
});

it('new keys again and again (TLS 1.3)', TEST, async t => {
    const server = await startTlsServer(t);
    const bystander = await Bystander.begin(t, server);
    const client = await startClient(t, server, 'tls1_3');
    for (let count = 1; count <= 20; count++) {
        client.child.stdin.write('K\n');
        await client.until(() => (client.stderr.match(/KEYUPDATE/g) ?? []).length >= count, `new keys, ${count} times`);
    }
    client.child.stdin.write('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(() => client.stdout.includes('HTTP/1.1 404'), 'an answer');
    await bystander.unharmed();
});
