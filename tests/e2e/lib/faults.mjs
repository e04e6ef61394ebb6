// faults.mjs - a server whose kernel and C library fail as a test says (tests/faults/faults.c).

import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binary } from './env.mjs';
import { temporaryFolder } from './media.mjs';
import { run } from './process.mjs';
import { startTlsServer } from './tls.mjs';

const build = dirname(binary);
const library = join(build, 'tests/libmillrace_faults.so');

// As struct faults has them.
const NUMBERS = ['stride', 'eagain', 'eintr', 'enobufs', 'accept_error', 'open_error', 'resolve_error', 'malloc_nth'];
const WALL_AT = 4 * NUMBERS.length, COUNTS_AT = WALL_AT + 8, SIZE = COUNTS_AT + 32;

export const ERRNO = { EMFILE: 24, ENFILE: 23, ENOBUFS: 105, ENOMEM: 12, ECONNABORTED: 103, EPROTO: 71 };
export const EAI_AGAIN = 3;

let built;

export class Faults {
    constructor(file) {
        this.file = file;
        writeFileSync(file, Buffer.alloc(SIZE));
        this.fd = openSync(file, 'r+');
    }

    // From now on these, and no others.
    set({ wall_offset_s = 0, ...faults } = {}) {
        const bytes = Buffer.alloc(COUNTS_AT);
        for (const [name, value] of Object.entries(faults))
            bytes.writeUInt32LE(value, 4 * NUMBERS.indexOf(name));
        bytes.writeBigInt64LE(BigInt(wall_offset_s), WALL_AT);
        writeSync(this.fd, bytes, 0, bytes.length, 0);
    }

    // How often the server has felt one.
    felt(name) {
        return readFileSync(this.file).readUInt32LE(COUNTS_AT + 4 * NUMBERS.indexOf(name));
    }
}

// A server that speaks TLS, too.  What it sends goes through the C library.
export async function startFaultyServer(t, settings = {}) {
    built ??= run('cmake', ['--build', build, '--target', 'millrace_faults'], { timeout_ms: 60000 });
    await built;
    const faults = new Faults(join(temporaryFolder(t), 'faults'));
    const env = { ...process.env, LD_PRELOAD: library, FAULTS_FILE: faults.file };
    const server = await startTlsServer(t, { 'delivery.backend': 'sendmsg', ...settings }, undefined, { env });
    server.faults = faults;
    return server;
}
