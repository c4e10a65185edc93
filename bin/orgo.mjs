#!/usr/bin/env node
// The `orgo` command for any Node >= 18: runs packages/cli under the pinned Node, from any working directory.
import { dependenciesPresent } from '../infra/bootstrap/dependencies.mjs';
import { taskEnvironment } from '../infra/bootstrap/environment.mjs';
import { handOver } from '../infra/bootstrap/hand-over.mjs';
import { narrated } from '../infra/bootstrap/narration.mjs';
import { root } from '../infra/bootstrap/paths.mjs';
import { prepare } from '../infra/bootstrap/prepare.mjs';
import { resolveCommand } from '../infra/bootstrap/tasks.mjs';
import { installedToolchain, systemNode } from '../infra/bootstrap/toolchain.mjs';
import { InfraFailure } from '../infra/failure.mjs';

/** A stranger checks evidence with these: they must work offline and change nothing on the machine. */
const NEVER_INSTALL = new Set(['verify', 'digest', 'explain']);

/** What is there already, or the clear word that something is missing. */
function asInstalled() {
  const toolchain = installedToolchain();
  const node = toolchain?.node ?? systemNode();
  if (node && dependenciesPresent()) {
    const env = toolchain ? taskEnvironment(toolchain) : { ...process.env };
    // Compiled code is kept in the checkout.
    delete env.NODE_COMPILE_CACHE;
    return { node, env };
  }
  throw new InfraFailure(
    'SETUP_REQUIRED',
    `orgo is not set up in ${root}, and this command never installs anything. Run once, with a network: npx orgo --help`,
  );
}

await narrated(async () => {
  const { command, argv, servers } = resolveCommand(process.argv.slice(2));
  const { node, env } = NEVER_INSTALL.has(command) ? asInstalled() : await prepare({ servers });
  process.exitCode = await handOver(node, argv, env);
});
