// kernel.mjs - what settings of the kernel change, in a network namespace of their own: the suite
// "kernel", which is run by `unshare --net ./dev bench kernel`.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { measure } from './runs.mjs';

const DEFAULTS = {
    'net.core.somaxconn': '4096', 'net.ipv4.tcp_wmem': '4096 16384 4194304', 'net.ipv4.tcp_rmem': '4096 131072 6291456',
    'net.ipv4.tcp_autocorking': '1', 'net.ipv4.tcp_slow_start_after_idle': '1',
    'net.ipv4.tcp_congestion_control': fs.readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
};

function sysctl(settings) {
    for (const [key, value] of Object.entries(settings))
        execFileSync('sysctl', ['-q', '-w', `${key}=${value}`]);
}

function isAlone() {
    const names = fs.readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2).map(line => line.split(':')[0].trim());
    return names.filter(Boolean).join() === 'lo';
}

const STEADY = [
    ['as it comes', {}],
    ['congestion control: BBR', { 'net.ipv4.tcp_congestion_control': 'bbr' }],
    ['congestion control: Reno', { 'net.ipv4.tcp_congestion_control': 'reno' }],
    ['tcp_wmem up to 64 kB', { 'net.ipv4.tcp_wmem': '4096 16384 65536' }],
    ['tcp_wmem up to 256 kB', { 'net.ipv4.tcp_wmem': '4096 16384 262144' }],
    ['tcp_wmem beginning at 256 kB', { 'net.ipv4.tcp_wmem': '4096 262144 4194304' }],
    ['tcp_rmem up to 64 kB, at the viewers', { 'net.ipv4.tcp_rmem': '4096 65536 65536' }],
    ['tcp_autocorking off', { 'net.ipv4.tcp_autocorking': '0' }],
    ['tcp_slow_start_after_idle off', { 'net.ipv4.tcp_slow_start_after_idle': '0' }],
];
const STORM = [
    ['somaxconn 128', { 'net.core.somaxconn': '128' }],
    ['somaxconn 4096', {}],
];

// Cases for suites.mjs.
export function kernelCases(server, file) {
    if (!isAlone())
        throw new Error('the suite "kernel" changes settings: run it as unshare --net bench/run kernel');
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    const run = (settings, setup) => async () => {
        sysctl({ ...DEFAULTS, ...settings });
        return measure({ server, protocol: 'flv', media: file, ...setup });
    };
    return [
        ...STEADY.map(([name, settings]) => ({ name, viewers: 1500, run: run(settings, { viewers: 1500,
                                               options: ['--set', 'delivery.flush_ms=10'] }) })),
        ...STORM.map(([name, settings]) => ({ name, viewers: 3000, storm: true,
                                              run: run(settings, { viewers: 3000, load: ['--join-rate', 0] }) })),
    ];
}
