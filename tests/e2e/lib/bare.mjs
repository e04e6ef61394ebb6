// bare.mjs - bytes to a port, without any protocol.

import net from 'node:net';
import { cleanup } from './cleanup.mjs';
import { within } from './wait.mjs';

// Sends the bytes on a connection of its own, and waits until the server has ended that; with `end`
// our side ends first.
export async function sendAndWaitForEnd(t, port, bytes, { ms = 8000, end = false } = {}) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    cleanup(t, () => socket.destroy());
    const ended = new Promise(resolve => socket.on('close', resolve).on('error', () => {}));
    socket.resume();
    socket.write(bytes);
    if (end)
        socket.end();
    await within(ms, ended, 'the end of the connection');
}
