import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordFile } from '../src/api/types.ts';
import { addDays, clockTime, dayName, dayOf, dayStart, piecesOf, playedTime, recordedAt, share } from '../src/recordings/pieces.ts';

const file = (startMs: number, durationMs: number, open = false) => ({
    startTime: new Date(startMs).toISOString(), endTime: open ? null : new Date(startMs + durationMs).toISOString(), durationMs,
}) as RecordFile;

const PIECES = [{ startMs: 1000, endMs: 5000 }, { startMs: 10000, endMs: 12000 }, { startMs: 20000, endMs: 30000 }];

test('files that follow each other are one piece', () => {
    assert.deepEqual(piecesOf([file(20000, 10000, true), file(3000, 2000), file(1000, 1900), file(10000, 2000), file(50000, 0)]), PIECES);
});

test('what was recorded at or after a time', () => {
    assert.deepEqual([0, 1000, 4999, 5000, 11000, 29999, 30000].map(ms => recordedAt(PIECES, ms)),
                     [1000, 1000, 4999, 10000, 11000, 29999, null]);
});

test('a player knows no gaps, the clock does', () => {
    assert.deepEqual([0, 2999, 3001, 5000, 5001, 99999].map(ms => clockTime(PIECES, 2000, ms)), [2000, 4999, 10001, 12000, 20001, 30000]);
    assert.deepEqual([1999, 2000, 4999, 5000, 10001, 20001, 30000].map(ms => playedTime(PIECES, 2000, ms)),
                     [null, 0, 2999, null, 3001, 5001, null]);
    for (let played = 0; played < 15000; played += 137)
        if (played !== 3000 && played !== 5000)
            assert.equal(playedTime(PIECES, 2000, clockTime(PIECES, 2000, played)), played);
});

test('days', () => {
    const noon = new Date(2026, 2, 1, 12).getTime();
    assert.equal(dayName(noon), '2026-03-01');
    assert.equal(dayOf('2026-03-01'), dayStart(noon));
    assert.equal(dayName(addDays(noon, -1)), '2026-02-28');
    assert.equal(dayOf('yesterday'), null);
    assert.equal(share([{ startMs: -50, endMs: 25 }, { startMs: 75, endMs: 200 }], 0, 100), 0.5);
});
