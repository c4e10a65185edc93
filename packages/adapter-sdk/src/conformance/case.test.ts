import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { afterAll, expect, test } from 'vitest';
import { readCase } from './case.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-case-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const outputs = [{ kind: 'shouted', media_type: 'text/plain', min: 1, max: 1 }];
const write = (value: unknown): string => {
  const file = path.join(folder, 'case.json');
  fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
};

test('a case names its inputs by text or by a file beside it', () => {
  fs.writeFileSync(path.join(folder, 'note.bin'), Uint8Array.of(0, 255));
  const inputs = [
    { kind: 'note', media_type: 'text/plain', text: 'é' },
    { kind: 'blob', media_type: 'application/octet-stream', file: 'note.bin' },
  ];
  const read = readCase(write({ v: 1, stage: 'shout', inputs }), outputs);
  expect(read.inputs.map(({ kind, bytes }) => [kind, [...bytes]])).toEqual([
    ['note', [195, 169]],
    ['blob', [0, 255]],
  ]);
  expect(read).toMatchObject({ stage: 'shout', config: {}, stored: [], outputs, as_of_kinds: [], slow_config: null });
});

test.each<[string, unknown, string]>([
  ['no JSON', '{', ''],
  ['no stage', { v: 1, inputs: [] }, '/stage'],
  ['another version', { v: 2, stage: 's', inputs: [] }, '/v'],
  ['no outputs anywhere', { v: 1, stage: 's', inputs: [] }, '/outputs'],
  ['both text and file', { v: 1, stage: 's', inputs: [{ kind: 'k', media_type: 't', text: '', file: 'x' }] }, 'either'],
  ['neither', { v: 1, stage: 's', inputs: [{ kind: 'k', media_type: 't' }] }, 'either'],
  [
    'a file that is absent',
    { v: 1, stage: 's', inputs: [{ kind: 'k', media_type: 't', file: 'gone' }], outputs },
    'ENOENT',
  ],
])('a case with %s is refused', (_, value, why) => {
  try {
    readCase(write(value));
    expect.fail('it was read');
  } catch (error) {
    expect([codeOf(error), detailOf(error)]).toEqual(['CONFORMANCE_CASE_INVALID', expect.stringContaining(why)]);
  }
});
