// api.mjs - the API over HTTP, and its description, against which each answer is held.

import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { root } from './env.mjs';
import { within } from './wait.mjs';

export const basic = (username, password) => ({ Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });
export const bearer = token => ({ Authorization: `Bearer ${token}` });

// "anna", with the password "correct horse", who may do everything; "bob", with "viewer password",
// who may look; hashes with the least cost that there can be, so that tests do not wait.
export const ANNA = basic('anna', 'correct horse');
export const BOB = basic('bob', 'viewer password');
export const TOKEN = '0123456789abcdef';
export const USERS = [
    { username: 'anna', password: 'scrypt:10:1:1:616e6e61:3a1431410c32880152f95c0f52d1032d861d38ab41ebc9c997438f684eacf9ec', role: 'admin' },
    { username: 'bob', password: 'scrypt:10:1:1:626f62:ebdf51fdc8f01d0564a5a7aaf8667716523aa7d0495915754186b5e96b7f6e27', role: 'viewer' },
];
export const TOKENS = [{ name: 'graphs', token: TOKEN, role: 'viewer' }];
export const callers = () => ({ 'api.users': JSON.stringify(USERS), 'api.tokens': JSON.stringify(TOKENS) });

// One request: { status, headers, text, json }.  `body` is sent as JSON, unless it is text.  With
// `headOnly` nothing is read behind the head of what is not JSON.
export function call(server, method, path, { body, headers = {}, port = server.httpPort, ms = 8000, headOnly = false } = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type = text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    return within(ms, new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port, method, path, agent: false, headers: { ...type, ...headers } }, answer => {
            const pieces = [];
            if (headOnly && !/json/.test(answer.headers['content-type'] ?? '')) {
                resolve(answerOf(answer.statusCode, answer.headers, ''));
                request.destroy();
                return;
            }
            answer.on('data', piece => pieces.push(piece));
            answer.on('error', reject);
            answer.on('end', () => resolve(answerOf(answer.statusCode, answer.headers, Buffer.concat(pieces).toString())));
        });
        request.on('error', reject);
        request.end(text);
    }), () => `an answer to ${method} ${path}`);
}

export function answerOf(status, headers, text) {
    const isJson = /^application\/json/.test(headers['content-type'] ?? '');
    return { status, headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined };
}

// Whatever is not described is not to be there.
function close(schema) {
    if (schema === null || typeof schema !== 'object')
        return schema;
    if (Array.isArray(schema))
        return schema.map(close);
    const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
    if (schema.type === 'object' && schema.properties !== undefined && schema.additionalProperties === undefined)
        closed.additionalProperties = false;
    return closed;
}

const escape = part => part.replaceAll('~', '~0').replaceAll('/', '~1');

export class Description {
    #ajv = new Ajv({ strict: false, allErrors: true });
    #compiled = new Map();

    constructor(document = JSON.parse(readFileSync(join(root, 'docs', 'openapi.json'), 'utf8'))) {
        this.document = document;
        addFormats(this.#ajv);
        this.#ajv.addSchema({ ...close(document), $id: 'api' });
    }

    // All operations: { method, path, operation }.
    get operations() {
        return Object.entries(this.document.paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })));
    }

    resolve(value) {
        return value.$ref === undefined ? value
            : value.$ref.slice(2).split('/').reduce((at, part) => at[part], this.document);
    }

    #validator(pointer) {
        if (!this.#compiled.has(pointer))
            this.#compiled.set(pointer, this.#ajv.compile({ $ref: `api#${pointer}` }));
        return this.#compiled.get(pointer);
    }

    // The answer is one that the operation is described to have.
    check(method, path, answer) {
        const what = `${method} ${path}: ${answer.status} ${answer.text.slice(0, 600)}`;
        const operation = this.document.paths[path][method.toLowerCase().replace('head', 'get')];
        const described = operation?.responses[answer.status];
        assert.ok(described, `${what} is not described`);
        const { content = {} } = this.resolve(described);
        const type = (answer.headers['content-type'] ?? '').split(';')[0];
        assert.equal(answer.headers['cache-control'], 'no-store', what);
        if (Object.keys(content).length === 0) {
            assert.equal(answer.text, '', what);
            return;
        }
        assert.ok(type in content, `${what}: the type ${type}`);
        if (type !== 'application/json')
            return;
        const base = described.$ref?.slice(1) ?? `/paths/${escape(path)}/${method.toLowerCase()}/responses/${answer.status}`;
        const validate = this.#validator(`${base}/content/${escape(type)}/schema`);
        if (!validate(answer.json))
            assert.fail(`${what}: ${this.#ajv.errorsText(validate.errors)}`);
        if (answer.status >= 400)
            assert.equal(answer.json.error.status, answer.status);
    }
}
