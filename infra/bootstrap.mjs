// `node infra/bootstrap.mjs <task> [args]` on any Node >= 18 with nothing installed: sets the checkout up, then runs the task.
import { handOver } from './bootstrap/hand-over.mjs';
import { narrated } from './bootstrap/narration.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { tasks } from './bootstrap/tasks.mjs';

const EXIT_USAGE = 2;
const [task = '', ...args] = process.argv.slice(2);

await narrated(async () => {
  const program = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
  if (program === undefined) {
    process.stderr.write(`usage: node infra/bootstrap.mjs <${Object.keys(tasks).join('|')}> [args]\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { node, env } = await prepare();
  process.exitCode = await handOver(node, [...program, ...args], env);
});
