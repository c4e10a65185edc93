// Where things are in a checkout. Every path is absolute, so that the commands work from any folder.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const infra = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const root = path.dirname(infra);

/** What the bootstrap made for this checkout: toolchain, server programs, locks. Safe to delete while nothing runs. */
export const cache = path.join(root, '.orgo');

/** Code as Node has compiled it, keyed by its bytes: read by the next process that loads the same. */
export const compiled = path.join(cache, 'compiled');

/** What the pinned Node runs when `orgo` is typed. */
export const cli = path.join(root, 'packages/cli/src/main.ts');
