// env.mjs - which server is tested, where things lie, and how patient to be.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const binary = process.env.MILLRACE_BIN ?? join(root, 'build', 'release', 'millrace');
export const preset = process.env.MILLRACE_PRESET ?? 'release';

// Under a sanitizer everything takes longer, and what is measured is not the server's.
export const isSanitized = preset === 'asan' || preset === 'tsan';
export const patience = { asan: 3, tsan: 5 }[preset] ?? 1;

// What does not gain from being repeated under a sanitizer says so with { skip: releaseOnly }.
export const releaseOnly = isSanitized && 'only against the release build';
