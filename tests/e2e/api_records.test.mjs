// The API about recordings: lists, usage, one file, downloads, deleting, and who is recorded.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { frames } from './lib/canned.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { publish, sendPaced, sendTags } from './lib/publisher.mjs';
import { beingWritten, complete, recorded, segments } from './lib/recordings.mjs';
import { startServer } from './lib/server.mjs';
import { poll } from './lib/wait.mjs';

const PATH = '/live/taped';
const record = (root, settings = {}) => ({
    'record.path': root, 'record.segmentDuration': 1, 'record.min_free': 0, 'publish.resume_s': 0, ...settings,
});

async function call(server, method, path, headers = {}) {
    const response = await fetch(server.httpUrl(path), { method, headers });
    const body = Buffer.from(await response.arrayBuffer());
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body, json: isJson ? JSON.parse(body) : undefined };
}

async function get(server, path) {
    const { status, json } = await call(server, 'GET', path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
    return json;
}

const noneIsWritten = server => poll(async () => {
    const { items } = await get(server, '/api/records?pageSize=1000');
    return items.length > 0 && items.every(item => item.state === 'complete');
}, 'the catalogue');

describe('the API of recordings', { concurrency: true }, () => {
    test('files are listed, told of, downloaded and deleted', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root));
        for (const path of [PATH, '/live/other', '/film/a'])
            (await publish(t, server, path, frames({ count: 75, gop: 25 }))).finish();
        for (const path of [PATH, '/live/other', '/film/a'])
            await complete(root, path, 3);
        await noneIsWritten(server);

        const all = await get(server, '/api/records');
        assert.deepEqual([all.total, all.page, all.pageSize, all.items.length], [9, 1, 100, 9]);
        const pages = [];
        for (const page of [1, 2, 3])
            pages.push(await get(server, `/api/records?page=${page}&pageSize=4`));
        assert.deepEqual(pages.map(page => [page.total, page.items.length]), [[9, 4], [9, 4], [9, 1]]);
        assert.deepEqual(pages.flatMap(page => page.items), all.items);
        assert.equal((await get(server, '/api/records?app=live')).total, 6);
        assert.equal((await get(server, '/api/records?app=liv')).total, 0);
        const mine = await get(server, `/api/records?stream=${encodeURIComponent(PATH)}`);
        assert.equal(mine.total, 3);
        assert.equal((await get(server, `/api/records?to=${Date.now() - 3600000}`)).total, 0);
        assert.equal((await get(server, `/api/records?from=${Date.now() + 3600000}`)).total, 0);
        for (const wrong of ['?page=0', '?pageSize=1001', '?stream=x', '?from=then', '?from=20&to=10', '?streem=/live/a'])
            assert.equal((await call(server, 'GET', `/api/records${wrong}`)).status, 400, wrong);

        const [{ name, file, meta }] = segments(root, PATH);
        const item = mine.items.find(each => each.file === name);
        assert.deepEqual({ ...item, startTime: 0, endTime: 0 }, {
            streamPath: PATH, app: 'live', name: 'taped', file: name, startTime: 0, endTime: 0,
            durationMs: Math.round(meta.duration * 1000), bytes: statSync(file).size, videoCodec: 'H264', audioCodec: 'AAC',
            state: 'complete', reason: 'the segment is full',
        });
        assert.equal(new Date(item.endTime) - new Date(item.startTime), item.durationMs);
        assert.equal(Date.parse(item.startTime), meta.millraceStart);
        const at = `/api/records${PATH}/${name}`;
        assert.deepEqual(await get(server, at), item);

        const usage = await get(server, '/api/records/usage');
        const size = list => list.reduce((sum, segment) => sum + statSync(segment.file).size, 0);
        assert.deepEqual([usage.path, usage.files, usage.streams.map(each => each.streamPath)],
                         [root, 9, ['/film/a', '/live/other', PATH]]);
        assert.equal(usage.streams[2].usedBytes, size(segments(root, PATH)));
        assert.equal(usage.usedBytes, usage.streams.reduce((sum, each) => sum + each.usedBytes, 0));
        assert.ok(usage.freeBytes > 0 && usage.totalBytes > usage.freeBytes);

        const whole = await call(server, 'GET', `${at}/download`);
        assert.equal(whole.status, 200);
        assert.equal(whole.headers.get('content-type'), 'video/x-flv');
        assert.equal(whole.headers.get('content-disposition'), `attachment; filename="${name}"`);
        assert.ok(whole.body.equals(readFileSync(file)));
        const part = await call(server, 'GET', `${at}/download`, { Range: 'bytes=100-299' });
        assert.equal(part.status, 206);
        assert.ok(part.body.equals(readFileSync(file).subarray(100, 300)));
        const head = await call(server, 'HEAD', `${at}/download`);
        assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(statSync(file).size)]);

        for (const method of ['GET', 'DELETE'])
            for (const wrong of [`${at.slice(0, -4)}`, `${at}.part`, `/api/records${PATH}/20260131090507_segment_001.flv`,
                                 `/api/records${PATH}/..%2f..%2f.catalogue.db`, '/api/records/live/.x/20260131090507_segment_001.flv'])
                assert.ok([400, 404].includes((await call(server, method, wrong)).status), `${method} ${wrong}`);
        assert.equal((await call(server, 'GET', `${at.replace('taped', 'nobody')}/download`)).status, 404);

        for (const segment of segments(root, PATH))
            assert.equal((await call(server, 'DELETE', `/api/records${PATH}/${segment.name}`)).status, 204);
        assert.equal((await call(server, 'DELETE', at)).status, 404);
        assert.equal((await get(server, '/api/records')).total, 6);
        assert.ok(!existsSync(join(root, 'live', 'taped')), 'an empty folder goes');
        assert.ok(existsSync(join(root, 'live', 'other')));
        (await publish(t, server, PATH, frames({ count: 10 }))).finish();
        await complete(root, PATH, 1);
    });

    test('recording is begun, looked at and ended', async t => {
        const root = temporaryFolder(t);
        const server = await startServer(t, record(root, { 'record.auto': false, 'record.segmentDuration': 600 }));
        const at = `/api/streams${PATH}/record`;
        assert.equal((await get(server, at)).active, false);
        assert.equal((await call(server, 'POST', at)).status, 404);
        assert.equal((await call(server, 'DELETE', at)).status, 404);
        const client = await publish(t, server, PATH, frames({ count: 50 }));
        const other = await publish(t, server, '/live/other', frames({ count: 5 }));
        const begun = await call(server, 'POST', at);
        assert.equal(begun.status, 201);
        assert.deepEqual([begun.json.streamPath, begun.json.active], [PATH, true]);
        assert.equal((await call(server, 'POST', at)).status, 409);
        assert.equal((await call(server, 'POST', '/api/streams/live/other/record')).status, 201);
        await beingWritten(root, PATH);
        await sendPaced(client, frames({ count: 5, first: 50, start_ms: 2000 }));
        const status = await poll(async () => {
            const got = await get(server, at);
            return got.file !== null && got.bytes > 0 && got;
        }, 'the recording to be told of');
        const [name] = recorded(root, PATH).map(each => each.replace('.part', ''));
        assert.deepEqual([status.file, status.gaps, status.error, status.segments], [name, 0, null, 0]);
        assert.ok(status.durationMs > 0 && Date.parse(status.startTime) <= Date.parse(status.segmentStartTime));
        const { items } = await get(server, '/api/records/active');
        assert.deepEqual(items.map(item => item.streamPath).sort(), ['/live/other', PATH]);
        const listed = await poll(async () => (await get(server, `/api/records?stream=${PATH}`)).items[0], 'the file to be listed');
        assert.deepEqual([listed.file, listed.state, listed.endTime], [name, 'recording', null]);

        assert.equal((await call(server, 'DELETE', `/api/records${PATH}/${name}`)).status, 409);
        assert.equal((await call(server, 'GET', `/api/records${PATH}/${name}/download`)).status, 409);
        assert.equal((await call(server, 'DELETE', at)).status, 204);
        await complete(root, PATH);
        assert.equal((await get(server, at)).active, false);
        assert.equal((await call(server, 'DELETE', '/api/records/active')).status, 204);
        await complete(root, '/live/other');
        assert.deepEqual((await get(server, '/api/records/active')).items, []);
        sendTags(client, frames({ count: 5, first: 60, start_ms: 2400 }));
        client.finish();
        other.finish();
        assert.equal(recorded(root, PATH).length, 1);
    });

    test('without recordings there is nothing to tell', async t => {
        const server = await startServer(t);
        for (const path of ['/api/records', '/api/records/usage', `/api/records${PATH}/20260131090507_segment_001.flv`])
            assert.equal((await call(server, 'GET', path)).status, 404, path);
        assert.deepEqual((await get(server, '/api/records/active')).items, []);
        assert.equal((await get(server, `/api/streams${PATH}/record`)).active, false);
        assert.equal((await call(server, 'POST', `/api/streams${PATH}/record`)).status, 409);
        assert.equal((await call(server, 'GET', `/records${PATH}.flv`)).status, 404);
    });
});
