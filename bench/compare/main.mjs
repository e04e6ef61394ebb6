// main.mjs - measure, keep the results, and write them into docs/PERFORMANCE.md; see bench/README.md.

import fs from 'node:fs';
import os from 'node:os';
import { launcher } from './server.mjs';
import { writeReport } from './report.mjs';
import { suites } from './suites.mjs';

const RESULTS = 'docs/performance/results.json';
const names = Object.keys(suites);

function usage() {
    console.log(`Usage: ./dev bench [SUITE...] [--rounds N] [--only SERVER,...] [--realtime]
Measure the release build on this machine, side by side with others and with the kernel alone.

  SUITE          ${names.join(', ')}; all but the last by default,
                 which is run in a network namespace of its own: unshare --net ./dev bench kernel
  report         only write docs/PERFORMANCE.md anew from ${RESULTS}
  --rounds N     so often, in turns; the median counts (3)
  --only LIST    of bench/servers, in the suite "servers"
  --realtime     as root: before all else that runs on the machine (SCHED_RR)

The server runs on the first CPU and the load on the last.  Nothing else should.`);
}

function parse(args) {
    const options = { rounds: 3, only: null, wanted: [] };
    for (let at = 0; at < args.length; at++) {
        if (args[at] === '--rounds' && Number(args[at + 1]) >= 1)
            options.rounds = Number(args[++at]);
        else if (args[at] === '--only' && args[at + 1])
            options.only = args[++at].split(',');
        else if (args[at] === '--realtime')
            launcher.push('chrt', '-r', '1');
        else if (names.includes(args[at]) || args[at] === 'report')
            options.wanted.push(args[at]);
        else
            return null;
    }
    if (options.wanted.length === 0)
        options.wanted = names.filter(name => name !== 'kernel');
    return options;
}

function machine() {
    return { cpu: os.cpus()[0].model.trim(), cores: os.cpus().length, memoryGb: Math.round(os.totalmem() / 2 ** 30),
             kernel: os.release().replace(/^(\d+\.\d+).*/, '$1') };
}

async function main() {
    const options = parse(process.argv.slice(2));
    if (options === null) {
        usage();
        process.exit(2);
    }
    const results = fs.existsSync(RESULTS) ? JSON.parse(fs.readFileSync(RESULTS, 'utf8')) : {};
    fs.mkdirSync('docs/performance', { recursive: true });
    fs.mkdirSync('build/bench', { recursive: true });
    for (const name of options.wanted.filter(wanted => wanted !== 'report')) {
        console.log(`\n== ${name}`);
        const began = Date.now();
        results[name] = await suites[name](options);
        results.machine = machine();
        console.log(`== ${name}: ${Math.round((Date.now() - began) / 1000)} s`);
        fs.writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
    }
    writeReport(results);
}

await main();
