// report.mjs - the tables of docs/PERFORMANCE.md, between <!-- NAME --> and <!-- /NAME -->, and the
// plots beside it, from the results.

import fs from 'node:fs';
import { bars, lines } from './svg.mjs';

const DOCUMENT = 'docs/PERFORMANCE.md', PLOTS = 'docs/performance';
const PROTOCOLS = { flv: 'HTTP-FLV', rtmp: 'RTMP', ws: 'WebSocket-FLV', https: 'HTTPS-FLV', rtmps: 'RTMPS', wss: 'WSS-FLV' };

function table(head, rows) {
    const line = cells => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function number(value, digits = 0) {
    return value === undefined || value === null ? '' : Number(value).toFixed(digits);
}

// What else ran, if it was more than a little.
function note({ rows }) {
    const others = rows.map(row => row.others ?? 0).sort((a, b) => a - b);
    const middle = others[Math.floor(others.length / 2)];
    return middle > 0.2 ? `\n\nOther work took ${number(middle * 100)} % of a core meanwhile.` : '';
}

function kilobytes(bytes) {
    return `${number(bytes / 1000, 1)} kB`;
}

function lost(row) {
    if (row.us === undefined)
        return row.why || 'failed';
    const count = (row.missing ?? 0) + (row.back ?? 0) + (row.gaps ?? 0);
    return row.passed && count === 0 ? 'nothing' : [count > 0 ? `${count} frames` : '', row.why].filter(Boolean).join('; ');
}

function plot(name, svg) {
    fs.writeFileSync(`${PLOTS}/${name}.svg`, svg);
    return `![](performance/${name}.svg)`;
}

function machine({ cpu, cores, memoryGb, kernel }) {
    return `Measured on a virtual machine with ${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}; the server on one core, ` +
           'the load on the other.';
}

function servers({ titles, rows, highest }) {
    const parts = [], colour = name => Object.keys(titles).indexOf(name);
    for (const viewers of [300, 1500]) {
        const some = rows.filter(row => row.viewers === viewers && row.server !== 'raw');
        parts.push(`${viewers} viewers of one stream of 2.1 Mb/s:\n`,
                   table(['', 'protocol', 'CPU, µs', 'latency 50 %', '99 %', 'memory each', 'lost'],
                         some.map(row => [titles[row.server], PROTOCOLS[row.protocol], number(row.us), `${number(row.p50, 1)} ms`,
                                          `${number(row.p99, 1)} ms`, kilobytes(row.rssPerViewer), lost(row)])), '');
        const raw = rows.filter(row => row.viewers === viewers && row.server === 'raw');
        parts.push(`The kernel alone takes ${raw.map(row => `${number(row.us)} µs through ${row.backend}`).join(' and ')} ` +
                   'for each packet at once.\n');
    }
    const drawn = rows.filter(row => row.viewers === 1500 && row.us !== undefined);
    parts.push(plot('servers', bars('CPU for each viewer and second, µs, 1500 viewers', drawn.map(row => ({
        label: row.server === 'raw' ? `the kernel alone, ${row.backend}` : `${titles[row.server]}, ${PROTOCOLS[row.protocol]}`,
        value: row.us, colour: row.server === 'raw' ? 4 : colour(row.server),
        note: `${number(row.us)}${row.p99 ? `, 99 %: ${number(row.p99)} ms` : ''}${row.passed ? '' : ' (loses)'}` })))), '');
    parts.push('The most viewers that one core holds with nothing lost and a 99th percentile below a second:\n',
               table(['', 'protocol', 'viewers', 'of a core', 'latency 99 %'],
                     highest.map(row => [titles[row.server], PROTOCOLS[row.protocol], row.viewers || 'fewer than 500',
                                         row.cores ? `${number(row.cores * 100)} %` : '', row.p99 ? `${number(row.p99)} ms` : ''])));
    return parts.join('\n');
}

function flush({ viewers, rows }) {
    const raw = row => rows.find(other => other.server === 'raw' && other.backend === row.backend && other.flush === row.flush);
    const own = rows.filter(row => row.server !== 'raw');
    return [`${viewers} viewers, \`delivery.flush_ms\` fixed:\n`,
            table(['flush_ms', 'backend', 'kernel alone, µs', 'protocol', 'Millrace, µs', 'of it ours, µs', 'ratio', '50 %', '99 %'],
                  own.map(row => [row.flush, row.backend, number(raw(row).us), PROTOCOLS[row.protocol], number(row.us),
                                  number(row.userUs), `**${number(row.us / raw(row).us, 2)}**`, `${number(row.p50, 1)} ms`,
                                  `${number(row.p99, 1)} ms`]))].join('\n');
}

function curve({ rows }) {
    const auto = rows.filter(row => row.fixed === undefined);
    const at = (viewers, fixed) => rows.find(row => row.viewers === viewers && row.fixed === fixed);
    const points = key => auto.map(row => [row.viewers, row[key]]);
    const first = plot('curve-latency', lines('Latency as viewers come', 'viewers of 2.1 Mb/s on one core', 'ms', [
        { name: 'window', points: points('window') }, { name: 'latency, 50 %', points: points('p50') },
        { name: 'latency, 99 %', points: points('p99') }]));
    const second = plot('curve-cpu', lines('CPU as viewers come', 'viewers of 2.1 Mb/s on one core', 'µs per viewer-second', [
        { name: 'auto', points: points('us') },
        ...[0, 20].map(fixed => ({ name: `flush_ms ${fixed}`, points: rows.filter(row => row.fixed === fixed).map(row => [row.viewers, row.us]) }))]));
    return [table(['viewers', 'window', 'of a core', 'CPU, µs', 'at once', '20 ms', 'latency 50 %', '99 %'],
                  auto.map(row => [row.viewers, `${number(row.window, 1)} ms`, `${number(row.cores * 100)} %`, number(row.us),
                                   number(at(row.viewers, 0)?.us), number(at(row.viewers, 20)?.us),
                                   `${number(row.p50, 1)} ms`, `${number(row.p99, 1)} ms`])), '', first, '', second].join('\n');
}

function publishers({ rows }) {
    return table(['', 'server', 'of a core', 'CPU for each, µs', 'memory for each', 'latency 50 %', '99 %', 'lost'],
                 rows.map(row => [`${row.count} publishers`, row.title ?? `Millrace, flush_ms ${row.flush}`,
                                  `${number(row.cores * 100)} %`, number(row.cores * 1e6 / row.count),
                                  kilobytes((row.rssWith - row.rssIdle) / row.count),
                                  `${number(row.p50, 1)} ms`, `${number(row.p99, 1)} ms`, lost(row)]));
}

function crowds({ rows }) {
    return table(['', 'Mb/s', 'of a core', 'CPU, µs', 'memory each', 'latency 99 %', 'first picture 99 %', 'last', 'lost'],
                 rows.map(row => [row.name, number(row.mbit), `${number(row.cores * 100)} %`, number(row.us), kilobytes(row.rssPerViewer),
                                  row.p99 ? `${number(row.p99)} ms` : '', row.first99 ? `${number(row.first99)} ms` : '',
                                  row.firstMax ? `${number(row.firstMax)} ms` : '', lost(row)]));
}

function workers({ rows }) {
    return table(['workers', 'on CPUs', 'CPU, µs', 'of one worker', 'latency 99 %'],
                 rows.map(row => [row.workers, row.cpus, number(row.us), `${number(row.us / rows[0].us * 100)} %`, `${number(row.p99, 1)} ms`]));
}

function tls({ rows }) {
    const plain = { https: 'flv', rtmps: 'rtmp', wss: 'ws' };
    const beside = row => rows.find(other => other.protocol === plain[row.protocol]);
    return table(['', 'CPU, µs', 'of plain', 'memory each', 'latency 50 %', '99 %'],
                 rows.map(row => [`${PROTOCOLS[row.protocol]}${row.ktls ? ', encrypted by the kernel' : ''}`, number(row.us),
                                  beside(row) ? `${number(row.us / beside(row).us * 100)} %` : '', kilobytes(row.rssPerViewer),
                                  `${number(row.p50, 1)} ms`, `${number(row.p99, 1)} ms`]));
}

function kernel({ rows }) {
    const base = rows[0].us;
    return [table(['1,500 viewers, flush_ms 10', 'CPU, µs', 'of the first', 'latency 50 %', '99 %', 'lost'],
                  rows.filter(row => !row.storm).map(row => [row.name, number(row.us), `${number(row.us / base * 100)} %`,
                                                             `${number(row.p50, 1)} ms`, `${number(row.p99, 1)} ms`, lost(row)])),
            '', table(['3,000 viewers join at once', 'all watch after', 'first picture 99 %', 'last', 'lost'],
                      rows.filter(row => row.storm).map(row => [row.name, `${number(row.joinS, 1)} s`, `${number(row.first99)} ms`,
                                                                `${number(row.firstMax)} ms`, lost(row)]))].join('\n');
}

const sections = { machine, servers, flush, curve, publishers, crowds, workers, tls, kernel };

// A section that has no results yet stays as it is.
export function writeReport(results) {
    let document = fs.readFileSync(DOCUMENT, 'utf8');
    for (const [name, write] of Object.entries(sections)) {
        const begin = `<!-- ${name} -->`, end = `<!-- /${name} -->`;
        const from = document.indexOf(begin), to = document.indexOf(end);
        if (results[name] === undefined || from < 0 || to < from)
            continue;
        document = `${document.slice(0, from)}${begin}\n${write(results[name])}${results[name].rows ? note(results[name]) : ''}\n${document.slice(to)}`;
    }
    fs.writeFileSync(DOCUMENT, document);
}
