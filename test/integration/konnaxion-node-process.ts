// A node's process that is killed at one file operation of its choosing: it takes one step, or joins, and ends.
import { writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { openContext, provisionNode, realWorld, step } from '@orgo/konnaxion-node';

/** Before, in the middle of, or after the n-th operation of its kind on a path that ends like this; or at the n-th pass of a fault point. */
export type KillPoint = {
  operation: 'rename' | 'rm' | 'copyFile' | 'mkdir' | 'write' | 'point';
  path: string;
  nth: number;
  when: 'before' | 'middle' | 'after';
};

/** What the process says right before it is killed. */
export const killLine = ({ operation, path, nth, when }: KillPoint): string =>
  `kill ${when} ${operation} ${path} ${nth}`;

const kill = (point: KillPoint): never => {
  writeSync(1, `${killLine(point)}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal ends us before this wait does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  throw new Error('still alive');
};

/** Breaks the file system there; what it answers is told of fault points. */
function killAt(point: KillPoint): (passed: string) => void {
  let passes = 0;
  const isIt = (operation: KillPoint['operation'], path: unknown): boolean =>
    operation === point.operation && `${path}`.endsWith(point.path) && ++passes === point.nth;

  for (const name of ['rename', 'rm', 'copyFile', 'mkdir'] as const) {
    const real = fs[name] as (...args: unknown[]) => Promise<unknown>;
    // The path that decides is the one that comes to be, or goes: the last of them.
    const pathOf = (args: unknown[]): unknown => (name === 'rename' || name === 'copyFile' ? args[1] : args[0]);
    Object.assign(fs, {
      async [name](...args: unknown[]) {
        const hit = isIt(name, pathOf(args));
        if (hit && point.when === 'before') kill(point);
        const done = await real(...args);
        return hit ? kill(point) : done;
      },
    });
  }
  const open = fs.open;
  fs.open = async (...args) => {
    const handle = await open(...args);
    if (args[1] === 'w' && isIt('write', args[0]))
      handle.writeFile = async (data) => {
        const bytes = Buffer.from(data as Uint8Array);
        await handle.write(bytes.subarray(0, bytes.length >> 1));
        kill(point);
      };
    return handle;
  };
  return (passed) => {
    if (isIt('point', passed)) kill(point);
  };
}

if (process.env.TEST_KILL_AT) {
  const at = killAt(JSON.parse(process.env.TEST_KILL_AT) as KillPoint);
  const dir = process.env.TEST_NODE_DIR as string;
  if (process.env.TEST_JOIN) {
    const { provision, trust } = JSON.parse(process.env.TEST_JOIN);
    const roots = trust.roots.map((root: string) => new Uint8Array(Buffer.from(root, 'base64')));
    await provisionNode(dir, provision, { pin: trust.pin, roots });
  } else {
    const world = { ...realWorld, at };
    await step(
      await openContext(dir, { world, log: () => undefined, signal: undefined, keep: Number(process.env.TEST_KEEP) }),
    );
  }
  writeSync(1, 'not killed\n');
}
