import type { Command } from 'commander';
import { colors as pc } from '../colors.ts';
import { portArgument } from '../compose/api-port.ts';
import { startInstance } from '../compose/instance.ts';
import { homeDir, usableHome } from '../home.ts';
import { createOutput } from '../output.ts';
import { stopSignal } from '../stop-signal.ts';

/** `orgo up`: servers and all services in the foreground; Ctrl-C drains and stops everything it started. */
export function up(program: Command): void {
  program
    .command('up')
    .description('bring servers and all services up in the foreground')
    .option('--processes', 'every service and adapter in a process of its own, as in production')
    .option('--port <port>', 'port of the API; default ORGO_PORT, else the one it had before, else a free one')
    .addHelpText('after', '\nExamples:\n  orgo up\n  orgo up --processes --port 8080')
    .action(async (options: { processes?: boolean; port?: string }) => {
      const port = portArgument(options.port);
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
      const instance = await startInstance({
        home: usableHome(),
        processes: Boolean(options.processes),
        say,
        ...(port === undefined ? {} : { port }),
      });
      createOutput().result({ api: instance.url, tenant: instance.tenant, home: homeDir(), pid: process.pid }, () => [
        `Orgo is up at ${pc.bold(instance.url)}  ${pc.dim(`tenant ${instance.tenant}, home ${homeDir()}`)}`,
        `${pc.dim('Ctrl-C drains and stops it. In another terminal:')} npx orgo build start <folder> --wait`,
      ]);
      await stopSignal();
      say('draining and stopping');
      await instance.stop();
    });
}
