import { call } from '@orgo/cli/call';
import type { Answered, Asked } from './resident-cli.ts';

// The command line in a process that stays: started by `residentCli`, one call at a time.
process.once('disconnect', () => process.exit());

/** A call finds no connection that an earlier one has left: what it speaks to may have been killed in between. */
const plain = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('connection', 'close');
  return plain(input, { ...init, headers });
};

const said = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const)
  process[name].write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
    said[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    for (const done of rest) if (typeof done === 'function') done();
    return true;
  };

process.on('message', async ({ args, env }: Asked) => {
  Object.assign(said, { stdout: '', stderr: '' });
  for (const name of Object.keys(process.env)) if (name.startsWith('ORGO_')) delete process.env[name];
  Object.assign(process.env, env);
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  const code = await call(args);
  process.exitCode = 0;
  process.send?.({ code, ...said } satisfies Answered);
});
