// statistics.mjs - what the API says of the server, held against its description.

import assert from 'node:assert/strict';
import { call, Description } from './api.mjs';
import { poll } from './wait.mjs';

const description = new Description();

// The description's path for one of ours.
function patternOf(path) {
    const known = Object.keys(description.document.paths);
    return known.find(pattern => pattern === path) ??
        known.find(pattern => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)) ??
        known.find(pattern => pattern.endsWith('/{streamPath}') && path.startsWith(pattern.slice(0, -12)));
}

async function ask(server, method, path, options) {
    const answer = await call(server, method, path, options);
    description.check(method, patternOf(path.split('?')[0]), answer);
    return answer;
}

// What a GET answers that must not fail: the JSON, or the text.
export async function get(server, path, options) {
    const answer = await ask(server, 'GET', path, options);
    assert.equal(answer.status, 200, `${path}: ${answer.status} ${answer.text}`);
    return answer.json ?? answer.text;
}

// The same as soon as it passes: most figures are those of the last second.
export async function getUntil(server, path, passes, what = path) {
    let last;
    return poll(async () => {
        last = await ask(server, 'GET', path);
        return last.status === 200 && passes(last.json ?? last.text) && (last.json ?? last.text);
    }, () => `${what}; the last answer is ${last?.text.slice(0, 2000)}`);
}

export async function remove(server, path) {
    assert.equal((await ask(server, 'DELETE', path)).status, 204, path);
}

export async function fails(server, method, path, status) {
    const answer = await ask(server, method, path);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.json.error;
}
