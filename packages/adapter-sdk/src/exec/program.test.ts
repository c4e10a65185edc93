import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readProgram } from './program.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-adapter-json-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('an adapter.json is read strictly, and its files are found beside it', () => {
  const file = path.join(folder, 'adapter.json');
  const good = {
    v: 1,
    adapter: 'a',
    version: '1',
    command: ['sh', 'run.sh', '--fast'],
    outputs: [{ kind: 'k', media_type: 'text/plain', min: 1, max: 1 }],
  };
  fs.writeFileSync(path.join(folder, 'run.sh'), '');
  fs.writeFileSync(file, JSON.stringify(good));
  expect(readProgram(file).command).toEqual(['sh', path.join(folder, 'run.sh'), '--fast']);
  for (const [bad, why] of [
    [{ ...good, command: 'sh' }, '/command'],
    [{ ...good, shell: true }, 'shell'],
    [{ ...good, adapter: 'A b' }, '/adapter'],
  ] as const) {
    fs.writeFileSync(file, JSON.stringify(bad));
    expect(() => readProgram(file)).toThrow(why);
  }
});
