// Everything a task needs, brought into the checkout. Each step does nothing when its result is there already.
import path from 'node:path';
import { lock } from '../file-lock.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { taskEnvironment } from './environment.mjs';
import { ensureGeneratedClients } from './generated-clients.mjs';
import { say } from './narration.mjs';
import { cache } from './paths.mjs';
import { ensureServerPrograms } from './server-programs.mjs';
import { ensureToolchain } from './toolchain.mjs';

/**
 * @param {{ servers: boolean }} needs whether the task will start servers
 * @returns {Promise<{ node: string, env: NodeJS.ProcessEnv }>}
 */
export async function prepare({ servers }) {
  const release = await lock(path.join(cache, 'setup-lock'), (holder) =>
    say(`waiting for process ${holder.split(':')[0]}, which sets up this checkout`),
  );
  try {
    const toolchain = ensureToolchain();
    const env = taskEnvironment(toolchain);
    ensureDependencies(toolchain, env);
    if (servers) ensureServerPrograms(env);
    ensureGeneratedClients(env);
    return { node: toolchain.node, env };
  } finally {
    release();
  }
}
