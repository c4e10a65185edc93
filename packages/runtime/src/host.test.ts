import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Fault } from './errors.ts';
import { host, type Service } from './host.ts';
import { createLog } from './log.ts';

const log = createLog({ service: 'test', level: 'silent' });
const service = (name: string, said: string[], failing: Partial<Record<'start' | 'drain', boolean>> = {}): Service => ({
  name,
  async start() {
    if (failing.start) throw new Fault('DATABASE_UNAVAILABLE');
    said.push(`start ${name}`);
  },
  ready: () => name !== 'slow',
  async drain() {
    if (failing.drain) throw new Error('stuck');
    said.push(`drain ${name}`);
  },
  async stop() {
    said.push(`stop ${name}`);
  },
});

test('starts in order, drains all and then stops all in reverse, once', async () => {
  const said: string[] = [];
  const running = await host([service('a', said), service('b', said, { drain: true }), service('c', said)], { log });
  expect(running.ready()).toBe(true);
  await Promise.all([running.stop(), running.stop()]);
  expect(running.ready()).toBe(false);
  expect(said).toEqual(['start a', 'start b', 'start c', 'drain c', 'drain a', 'stop c', 'stop b', 'stop a']);
});

test('is ready when every part is', async () => {
  const running = await host([service('a', []), service('slow', [])], { log });
  expect(running.ready()).toBe(false);
  await running.stop();
});

test('a part that cannot start is stopped with those before it', async () => {
  const said: string[] = [];
  await expect(
    host([service('a', said), service('b', said, { start: true }), service('c', said)], { log }),
  ).rejects.toThrow('DATABASE_UNAVAILABLE');
  expect(said).toEqual(['start a', 'drain b', 'drain a', 'stop b', 'stop a']);
});

const run = async (body: string, signal?: NodeJS.Signals, options = '{}') => {
  const script = `import { runProcess } from ${JSON.stringify(fileURLToPath(new URL('./host.ts', import.meta.url)))};
import { Breach } from ${JSON.stringify(fileURLToPath(new URL('./errors.ts', import.meta.url)))};
await runProcess(async (opened) => { ${body} }, ${options});`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdout.once('data', () => signal && child.kill(signal));
  const [code] = await once(child, 'exit');
  return { code, said };
};

test('a process entry stops in order on a signal, and exits by the code’s row when it cannot start', async () => {
  const idle =
    "const timer = setInterval(() => {}, 1000); opened(() => process.stderr.write('stopped')); opened(() => clearInterval(timer)); console.log('up');";
  expect(await run(idle, 'SIGTERM')).toEqual({ code: 0, said: 'stopped' });
  const failed = await run("throw new Breach('SERVER_CONFIG_MISMATCH', 'stream x');");
  expect(failed).toMatchObject({ code: 5, said: expect.stringContaining('SERVER_CONFIG_MISMATCH: stream x') });
});

test('a process entry that cannot start lets go of what it had opened, the last first, and ends', async () => {
  const opening = (name: string, then = ''): string =>
    `const ${name} = setInterval(() => {}, 1000); opened(() => { clearInterval(${name}); process.stderr.write('${name} '); ${then} });`;
  const { code, said } = await run(
    `${opening('bus')} ${opening('relay', "throw new Error('stuck');")} ${opening('db')} throw new Breach('SERVER_CONFIG_MISMATCH', 'stream x');`,
  );
  expect(said.match(/\b(bus|relay|db|stuck)\b/g)).toEqual(['db', 'relay', 'stuck', 'bus']);
  expect(code).not.toBe(0);
});

test('a process entry that something still holds says so, and ends with the status it has', async () => {
  const held =
    "const { Worker } = await import('node:worker_threads'); new Worker('setInterval(() => {}, 1000)', { eval: true }); throw new Breach('SERVER_CONFIG_MISMATCH', 'stream x');";
  const { code, said } = await run(held, undefined, '{ lingerMs: 10 }');
  expect(said).toContain('something holds it');
  expect(code).toBe(5);
});
