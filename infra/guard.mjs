// Outlives the process that started servers by just as long as it takes to stop them.
//
// The parent writes lines to our stdin: "watch <signal> <pid:start time>" and "forget <pid:start time>". When the pipe
// ends, because the parent closed it or died, everything still watched is stopped: signal, grace, SIGKILL. Identities
// hold the start time, so that a reused pid is never touched.
import { createInterface } from 'node:readline';
import { stopIdentified } from './process-identity.mjs';

/** @type {Map<string, NodeJS.Signals>} */
const watched = new Map();

// The terminal's Ctrl-C is for the parent, which stops its servers in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...rest] = line.split(' ');
  if (word === 'watch') watched.set(rest.slice(1).join(' '), /** @type {NodeJS.Signals} */ (rest[0]));
  if (word === 'forget') watched.delete(rest.join(' '));
}
await Promise.all([...watched].map(([identity, signal]) => stopIdentified(identity, signal)));
