// supervise.test.mjs - the server as a service: what its manager hears, signals, what it may still do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { binary, isSanitized, preset, releaseOnly } from './lib/env.mjs';
import { temporaryFolder } from './lib/media.mjs';
import { run, start } from './lib/process.mjs';
import { Server, startServer } from './lib/server.mjs';
import { openViewer } from './lib/viewers.mjs';

const TEST = { timeout: 60000 };

// Node has no datagrams in the file system; perl is on every Debian.
const LISTEN = `use Socket; $| = 1;
    socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, sockaddr_un($ARGV[0])); print "listening\\n";
    while (defined recv($s, my $text, 4096, 0)) { print "$text\\n" }`;

async function startManager(t) {
    const path = join(temporaryFolder(t), 'notify');
    const manager = start(t, 'perl', ['-e', LISTEN, path]);
    await manager.until(() => manager.stdout.includes('listening'), 'a manager that listens');
    manager.path = path;
    manager.heard = async (text, times = 1) => manager.until(
        () => manager.stdout.split('\n').filter(line => line === text).length >= times, `${times} times ${text}`);
    return manager;
}

it('the manager hears of readiness, of turning workers, of a reload and of the end', TEST, async t => {
    const manager = await startManager(t);
    const env = { ...process.env, NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '600000' };
    const server = await startServer(t, {}, { env });
    await manager.heard('READY=1');
    await manager.heard('WATCHDOG=1', 3);
    server.kill('SIGHUP');
    await manager.heard('RELOADING=1');
    await manager.heard('READY=1', 2);
    await server.end();
    await manager.heard('STOPPING=1');
});

describe('a second signal ends it at once', { concurrency: 2 }, () => {
    for (const [first, second] of [['SIGTERM', 'SIGTERM'], ['SIGINT', 'SIGTERM']]) {
        it(`${first}, then ${second}`, { ...TEST, skip: preset === 'tsan' && 'it calls threads that are left running a leak' }, async t => {
            const server = new Server({ drain_s: 60 });
            t.after(() => server.kill('SIGKILL'));
            await server.ready();
            const waiting = openViewer(t, server, 'http', '/live/none');
            waiting.started.catch(() => {});
            await server.viewersCame('/live/none', 1);
            waiting.connection.socket.pause(); // so that its end is waited for
            waiting.finish = () => waiting.close();
            server.kill(first);
            await server.logged(/: stopping$/);
            const began = Date.now();
            server.kill(second);
            const { code } = await server.finish(5000);
            assert.equal(code, 1);
            assert.ok(isSanitized || Date.now() - began < 1500);
            assert.match(server.stderr, /told to stop a second time/);
        });
    }
});

// The members of /proc/PID/status.
function statusOf(server) {
    return Object.fromEntries(readFileSync(`/proc/${server.pid}/status`, 'utf8').split('\n').map(line => line.split(/:\s*/)));
}

describe('system calls', { skip: releaseOnly }, () => {
    it('are restricted in all threads, and new rights are out of reach', TEST, async t => {
        const server = await startServer(t);
        await server.workersRun();
        const { Seccomp, NoNewPrivs } = statusOf(server);
        assert.deepEqual({ Seccomp, NoNewPrivs }, { Seccomp: '2', NoNewPrivs: '1' });
        const { stdout } = await run('sh', ['-c', `cat /proc/${server.pid}/task/*/status | grep ^Seccomp: | sort -u`]);
        assert.equal(stdout, 'Seccomp:\t2\n');
    });

    it('are not when the configuration says so', TEST, async t => {
        const server = await startServer(t, { seccomp: false });
        assert.equal(statusOf(server).Seccomp, '0');
    });
});

describe('the program', { skip: releaseOnly }, () => {
    const facts = {};
    const read = async (...args) => (facts[args] ??= run('readelf', [...args, binary])).then(({ stdout }) => stdout);

    it('can be loaded anywhere', TEST, async () => {
        assert.match(await read('-hW'), /DYN \(Position-Independent Executable file\)/);
    });

    it('has no memory that is both written and run', TEST, async () => {
        for (const line of (await read('-lW')).split('\n').filter(line => /^ {2}(LOAD|GNU_STACK)/.test(line)))
            assert.doesNotMatch(line, /RWE/);
    });

    it('has its tables of addresses closed once it is loaded', TEST, async () => {
        assert.match(await read('-lW'), /GNU_RELRO/);
        assert.match(await read('-dW'), /BIND_NOW/);
        assert.doesNotMatch(await read('-dW'), /TEXTREL|RPATH|RUNPATH/);
    });

    it('checks its stack and the sizes of what it copies', TEST, async () => {
        const symbols = await read('-sW', '--dyn-syms');
        for (const name of ['__stack_chk_fail', '__memcpy_chk', '__snprintf_chk'])
            assert.match(symbols, new RegExp(`${name}\\b`));
    });

    it('has places to land on for jumps, where the processor has them', { ...TEST, skip: process.arch !== 'x64' }, async () => {
        const { stdout } = await run('sh', ['-c', `objdump -d --no-show-raw-insn '${binary}' | grep -c endbr64`]);
        assert.ok(Number(stdout) > 500, stdout);
    });
});
