// replay_server.mjs - a server in front of the server: its pages and its API, but for the events, of
// which hours pass in seconds.  What they say is what the server said once, with other times.

import http from 'node:http';
import { cleanup } from './cleanup.mjs';

const STREAMS = 12;
const ACTIONS = ['postPlay', 'donePlay', 'skip', 'postPublish', 'donePublish', 'limit', 'stall', 'takeover'];

export async function replayServer(t, server, statistics) {
    const clients = new Set(), began = Date.parse(statistics.server.time);
    let second = 0;

    const front = http.createServer((request, response) => {
        if (request.url.startsWith('/api/events')) {
            response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
            response.write('retry: 3000\n\n');
            clients.add(response);
            response.on('close', () => clients.delete(response));
            tick();
            return;
        }
        const inner = http.request({ host: '127.0.0.1', port: server.httpPort, path: request.url, method: request.method,
                                     headers: { ...request.headers, connection: 'close' } }, answer => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        inner.on('error', () => response.destroy());
        request.pipe(inner);
    });

    // Streams come and go, so that what is kept of them must go too.
    function streamAt(i) {
        const streamPath = `/live/replay-${i < STREAMS / 2 ? i : `${i}-${Math.floor(second / 30)}`}`;
        return { ...statistics.streams[0], streamPath, name: streamPath.slice(6), uptimeMs: second * 1000,
                 inBitrate: 1e6 + (second * 7919 + i * 104729) % 1e6 };
    }

    function eventAt(number, { server: { time }, streams }) {
        const event = { action: ACTIONS[number % ACTIONS.length], eventId: String(number), time, id: `${number}`, protocol: 'rtmp',
                        ip: `192.0.2.${number % 250}`, streamPath: streams[number % STREAMS].streamPath, reason: 'replayed' };
        return `id: ${number}\nevent: ${event.action}\ndata: ${JSON.stringify(event)}\n\n`;
    }

    function tick() {
        second++;
        const data = {
            server: { ...statistics.server, time: new Date(began + second * 1000).toISOString(), uptimeMs: second * 1000 },
            streams: Array.from({ length: STREAMS }, (_, i) => streamAt(i)),
        };
        const text = `event: statistics\ndata: ${JSON.stringify(data)}\n\n` +
                     eventAt(2 * second, data) + eventAt(2 * second + 1, data);
        return Promise.all([...clients].map(client => client.write(text) || new Promise(resolve => client.once('drain', resolve))));
    }

    await new Promise(resolve => front.listen(0, '127.0.0.1', resolve));
    cleanup(t, () => {
        clients.forEach(client => client.destroy());
        front.closeAllConnections();
        return new Promise(resolve => front.close(resolve));
    });
    return {
        url: path => `http://127.0.0.1:${front.address().port}${path}`,
        lastUptime: () => second < 60 ? `${second} s` : `${Math.floor(second / 60)} min${second % 60 > 0 ? ` ${second % 60} s` : ''}`,
        async minutes(count) {
            for (let i = 0; i < count * 60; i++)
                await tick();
        },
    };
}
