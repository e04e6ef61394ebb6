import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitrate, bytes, clock, count, duration, milliseconds, percent } from '../src/lib/format.ts';
import { Series } from '../src/lib/series.ts';
import { Sparks } from '../src/lib/spark.ts';

test('figures as people read them', () => {
    assert.deepEqual([0, 999, 1000, 1499, 99949, 99960, 999499, 999500, 2.5e6, 1e10].map(bitrate),
                     ['0 b/s', '999 b/s', '1.00 kb/s', '1.50 kb/s', '99.9 kb/s', '100 kb/s', '999 kb/s', '1.00 Mb/s', '2.50 Mb/s', '10.0 Gb/s']);
    assert.equal(bytes(1.5e12), '1.50 TB');
    assert.deepEqual([null, undefined, NaN].map(value => bytes(value)), ['–', '–', '–']);
    assert.deepEqual([0, 59999, 60000, 3600000, 90061000].map(duration), ['0 s', '59 s', '1 min', '1 h', '1 d 1 h']);
    assert.deepEqual([0, 61000, 3723000].map(clock), ['0:00', '1:01', '1:02:03']);
    assert.deepEqual([12, 1830, 12345].map(milliseconds), ['12 ms', '1.83 s', '12.3 s']);
    assert.equal(count(1234567), '1,234,567');
    assert.equal(percent(12.34, 1), '12.3 %');
});

test('a series keeps the last values, and takes what was before', () => {
    const series = new Series(['inBitrate', 'viewers'], 5);
    series.push(103, { inBitrate: 4, viewers: 1 });
    series.push(103, { inBitrate: 5 });
    series.push(104, { inBitrate: 6 });
    series.prepend({ stepMs: 1000, endTime: new Date(103e3).toISOString(), inBitrate: [1, 2, 3, 4], outBitrate: [], viewers: [9, 9] });
    assert.deepEqual(series.columns(), [[100, 101, 102, 103, 104], [1, 2, 3, 4, 6], [null, null, 9, 9, null]]);
    for (let at = 105; at < 1000; at++)
        series.push(at, { inBitrate: at });
    assert.equal(series.length, 5);
    assert.equal(series.last('inBitrate'), 999);
    assert.equal(series.last('viewers'), null);
});

test('sparks forget who has gone', () => {
    const sparks = new Sparks();
    for (let i = 0; i < 100; i++)
        sparks.push([['a', i], [`b${i}`, 1]]);
    assert.equal(sparks.size, 2);
    assert.deepEqual([...sparks.of('a')].slice(-3), [97, 98, 99]);
    assert.equal([...sparks.of('a')].length, 60);
    assert.deepEqual([...sparks.of('b99')].filter(value => !Number.isNaN(value)), [1]);
    assert.deepEqual([...sparks.of('b98')], []);
});
