import fs from 'node:fs';
import path from 'node:path';
import { testFolder } from '@orgo/infra/test-servers';
import { expect, test } from 'vitest';
import { supervise } from './supervisor.ts';

const readyScript = "require('node:fs').writeSync(4, 'ready\\n'); setInterval(() => {}, 1000);";

test('a process that ends before it is ready is said when somebody asks, and started again', async () => {
  const home = testFolder('orgo-supervisor-');
  const again = Promise.withResolvers<void>();
  const supervisor = supervise(home, [{ name: 'lost', script: path.join(home, 'none.cjs'), env: {} }], () =>
    again.resolve(),
  );
  // Nobody has looked at `ready` yet: the failure must not end this process.
  await again.promise;
  await new Promise(setImmediate);
  await expect(supervisor.ready).rejects.toThrow('lost ended with code 1 before it was ready');
  await supervisor.stop();
  fs.rmSync(home, { recursive: true });
});

test('a process that cannot even be spawned is started again', async () => {
  const home = testFolder('orgo-supervisor-');
  const script = path.join(home, 'one.cjs');
  fs.writeFileSync(script, readyScript);
  const said: string[] = [];
  const up = Promise.withResolvers<void>();
  const program = process.execPath;
  // First no such program, then a program with arguments that cannot be given, then all is well.
  const env = { ORGO_ONE: '' };
  process.execPath = path.join(home, 'no-node');
  const supervisor = supervise(home, [{ name: 'one', script, env }], (line) => {
    said.push(line);
    process.execPath = program;
    env.ORGO_ONE = said.length === 1 ? 'a\0b' : 'fine';
    if (said.length === 2) up.resolve();
  });
  await expect(supervisor.ready).rejects.toThrow('ENOENT');
  await up.promise;
  expect(said).toEqual([
    expect.stringMatching(/^one did not start: .*ENOENT; starting it again$/),
    expect.stringMatching(/^one did not start: .*null bytes.*; starting it again$/s),
  ]);
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (supervisor.pids().one === undefined) return;
      clearInterval(look);
      resolve();
    }, 20);
  });
  await supervisor.stop();
  fs.rmSync(home, { recursive: true });
});
