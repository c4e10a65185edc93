import { createInterface } from 'node:readline';

/**
 * Entry of a small process beside an exec host: it is told which process groups run (`+pid`, `-pid`, a line each), and when the pipe ends because the
 * host is gone, it kills those that are left.
 */
const groups = new Set<number>();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) groups.add(pid);
  else groups.delete(pid);
});
lines.on('close', () => {
  for (const pid of groups)
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Gone by itself.
    }
});
