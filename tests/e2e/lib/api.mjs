// api.mjs - requests to the API, from this machine, which may do everything.

import assert from 'node:assert/strict';
import { HttpConnection } from './http.mjs';
import { poll } from './wait.mjs';

// { status, headers, body }; `body` is what the JSON says, or the text.
export async function call(server, method, path, { body, headers = {} } = {}) {
    const connection = new HttpConnection(null, server.httpPort);
    try {
        const payload = body === undefined ? '' : JSON.stringify(body);
        connection.request(`${method} ${path} HTTP/1.1`, {
            ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': payload.length }), ...headers,
        });
        connection.write(payload);
        const answer = await connection.response({ method });
        const isJson = answer.headers['content-type'] === 'application/json';
        return { ...answer, body: isJson && answer.body !== '' ? JSON.parse(answer.body) : answer.body };
    } finally {
        connection.close();
    }
}

// What a GET answers that must not fail.
export async function get(server, path) {
    const answer = await call(server, 'GET', path);
    assert.equal(answer.status, 200, `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
}

// What GET answers as soon as it passes: figures are those of the last second.
export async function getUntil(server, path, passes, what = path) {
    let last;
    return poll(async () => {
        last = await call(server, 'GET', path);
        return last.status === 200 && passes(last.body) && last.body;
    }, () => `${what}; the last answer is ${JSON.stringify(last?.body)?.slice(0, 2000)}`);
}

export async function fails(server, method, path, status, options) {
    const answer = await call(server, method, path, options);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.error.status, status);
    return answer.body.error;
}
