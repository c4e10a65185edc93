import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  appendLeaves,
  digestOfBytes,
  emptyFrontier,
  formatCheckpoint,
  leafHash,
  rootOf,
  signNote,
  utf8,
} from '@orgo/core';
import { expect, it } from 'vitest';
import { logProblemsOf, type WholeLog } from './log-problems.ts';

const rawOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));
const newKey = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { public: rawOf(publicKey), sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)) };
};
const log = newKey();
const origin = 'orgo.test/log';
const key = { name: origin, public: log.public };
const texts = ['{"n":0}', '{"n":1}', '{"n":2}'];
const hashes = texts.map((text) => leafHash(utf8(text)));
const noteOf = (size: number, root = rootOf(hashes.slice(0, size)), by = log): string =>
  signNote(formatCheckpoint({ origin, size, root }), { name: origin, public: by.public }, by.sign);
const sound: WholeLog = {
  entries: texts.map((text, index) => ({ index, text, digest: digestOfBytes(utf8(text)) })),
  frontier: appendLeaves(emptyFrontier(), hashes).frontier,
  notes: [noteOf(1), noteOf(3)],
};
const entries = (change: (all: WholeLog['entries'][number][]) => unknown): Partial<WholeLog> => {
  const all = sound.entries.map((one) => ({ ...one }));
  change(all);
  return { entries: all };
};
const told = (change: Partial<WholeLog>): string =>
  logProblemsOf({ ...sound, ...change }, { origin, keys: [key] }).join('; ');

it('finds nothing in a sound log, nor in one without entries', () => {
  expect(told({})).toBe('');
  expect(told({ entries: [], frontier: null, notes: [] })).toBe('');
});

it.each<[string, Partial<WholeLog>]>([
  ['entry 1 of the log is missing', entries((all) => all.splice(1, 1))],
  ['has 2 entries and its head says 3', entries((all) => all.pop())],
  ['entry 1 is not what its digest says', entries((all) => Object.assign(all[1] ?? {}, { text: '{"n":9}' }))],
  ['the root of the head is not that', { frontier: appendLeaves(emptyFrontier(), [...hashes].reverse()).frontier }],
  ['the checkpoint of 1 entries has another root', { notes: [noteOf(1, rootOf(hashes)), noteOf(3)] }],
  ['KEY_UNKNOWN', { notes: [noteOf(3), noteOf(1, undefined, newKey())] }],
  ['no checkpoint was signed over all 3', { notes: [noteOf(1)] }],
])('tells that %s', (words, change) => {
  expect(told(change)).toContain(words);
});
