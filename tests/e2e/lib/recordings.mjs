// recordings.mjs - the files that a server has recorded, read and judged.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isFrame, isKeyframe, isScript, isSequenceHeader, isVideo, readFlv, scriptOf } from './flv.mjs';
import { poll } from './wait.mjs';
import { run } from './process.mjs';

const NAME = /^\d{14}_segment_(\d{3,})\.flv(\.part)?$/;

// The names in a stream's folder, in order.
export function recorded(root, path) {
    const folder = join(root, ...path.split('/'));
    return existsSync(folder) ? readdirSync(folder).sort() : [];
}

export const isPart = name => name.endsWith('.part');

// Until there is a complete file of at least `count`, and none that is being written.
export async function complete(root, path, count = 1, ms = 15000) {
    return poll(() => {
        const names = recorded(root, path);
        return names.length >= count && !names.some(isPart) && names;
    }, () => `${count} complete recordings of ${path}: ${recorded(root, path)}`, ms);
}

// Until something is being written.
export async function beingWritten(root, path, ms) {
    return poll(() => recorded(root, path).some(isPart), () => `a recording of ${path}`, ms);
}

// The files of a stream, each read: { name, file, number, header, tags, meta, frames }.
export function segments(root, path) {
    return recorded(root, path).map(name => {
        const [, number, part] = NAME.exec(name) ?? assert.fail(`the name ${name}`);
        assert.equal(part, undefined, `${name} is not complete`);
        const file = join(root, ...path.split('/'), name);
        const reader = readFlv(file);
        reader.assertWhole();
        return {
            name, file, number: Number(number), flags: reader.header.flags, tags: reader.tags,
            meta: scriptOf(reader.tags[0])[1], frames: reader.tags.filter(isFrame),
        };
    });
}

// What every segment promises: its own metadata, headers, time from 0, a keyframe first, and an
// index that is true.
export function assertSegment({ name, file, flags, tags, meta, frames }, { keyframeFirst = true } = {}) {
    const hasVideo = frames.some(isVideo), hasAudio = frames.some(tag => !isVideo(tag));
    assert.ok(isScript(tags[0]), `${name}: metadata comes first`);
    assert.equal(tags.filter(isScript).length, 1, `${name}: metadata comes once`);
    assert.equal(flags, (hasAudio ? 4 : 0) | (hasVideo ? 1 : 0), `${name}: the flags`);
    assert.equal(meta.filesize, statSync(file).size, `${name}: filesize`);
    assert.equal(frames[0].timestamp, 0, `${name}: its time begins at 0`);
    const first = tags.findIndex(isFrame);
    const headers = tags.slice(1, first).filter(isSequenceHeader);
    for (const [kind, has] of [[true, hasVideo], [false, hasAudio]]) { // one cut short may end before a kind's frames
        const count = headers.filter(tag => isVideo(tag) === kind).length;
        assert.ok(has ? count === 1 : count <= 1, `${name}: ${count} sequence headers of a kind before the first frame`);
    }
    if (hasVideo && keyframeFirst)
        assert.ok(isKeyframe(frames[0]), `${name}: the first frame is a keyframe`);
    const last = Math.max(...frames.map(tag => tag.timestamp)) / 1000;
    assert.ok(meta.duration >= last && meta.duration <= last + 0.2, `${name}: a duration of ${meta.duration}`);
    assertIndex(name, meta, tags, frames);
}

function assertIndex(name, { keyframes }, tags, frames) {
    const keys = frames.filter(isKeyframe).map(tag => tag.timestamp / 1000);
    assert.deepEqual(keyframes.times, keys, `${name}: the times of its keyframes`);
    const at = new Map();
    let position = 13;
    for (const tag of tags) {
        at.set(position, tag);
        position += 11 + tag.body.length + 4;
    }
    keyframes.filepositions.forEach((place, i) => {
        const tag = at.get(place);
        assert.ok(tag !== undefined && isVideo(tag) && (isKeyframe(tag) || isSequenceHeader(tag)),
                  `${name}: keyframe ${i} is not at ${place}`);
        assert.equal(tag.timestamp / 1000, keyframes.times[i], `${name}: the time of keyframe ${i}`);
    });
}

// Other programs' judgement: flvmeta finds no error, ffprobe reads it without a complaint.
export async function assertPlayable(file) {
    await run('flvmeta', ['-C', file]);
    const probe = await run('ffprobe', ['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name', file]);
    assert.equal(probe.stderr, '', `ffprobe about ${file}`);
}

// Rows of the catalogue.
export async function ask(root, query) {
    const { stdout } = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', join(root, '.catalogue.db'), query]);
    return stdout.trim() === '' ? [] : JSON.parse(stdout);
}

// The catalogue lists the files that there are, and what it says of them is true.
export async function assertCatalogue(root, path) {
    const rows = await ask(root, 'SELECT * FROM recordings ORDER BY file');
    const files = segments(root, path);
    assert.deepEqual(rows.map(row => row.file), files.map(({ name }) => `${path.slice(1)}/${name}`));
    rows.forEach((row, i) => {
        const { name, file, meta } = files[i];
        assert.equal(row.state, 'complete', name);
        assert.equal(row.stream, path, name);
        assert.equal(row.size, statSync(file).size, name);
        assert.ok(Math.abs(row.duration_ms - meta.duration * 1000) < 1, `${name}: ${row.duration_ms} ms`);
        assert.equal(row.end_ms - row.start_ms, row.duration_ms, name);
    });
    return rows;
}
