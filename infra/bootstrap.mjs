// `node infra/bootstrap.mjs <task> [args]` on any Node >= 18 with nothing installed: sets the checkout up, then runs the task.
import { handOver } from './bootstrap/hand-over.mjs';
import { narrated } from './bootstrap/narration.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { resolveTask, taskNames } from './bootstrap/tasks.mjs';

const EXIT_USAGE = 2;
const [name = '', ...args] = process.argv.slice(2);

await narrated(async () => {
  const task = resolveTask(name, args);
  if (task === undefined) {
    process.stderr.write(`usage: node infra/bootstrap.mjs <${taskNames.join('|')}> [args]\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { node, env } = await prepare(task);
  process.exitCode = await handOver(node, task.argv, env);
});
