import { Command } from 'commander';
import { artifact } from './commands/artifact.ts';
import { audit } from './commands/audit.ts';
import { build } from './commands/build.ts';
import { caseCommand } from './commands/case.ts';
import { demo } from './commands/demo.ts';
import { digest } from './commands/digest.ts';
import { doctor } from './commands/doctor.ts';
import { down } from './commands/down.ts';
import { explain } from './commands/explain.ts';
import { konnaxion } from './commands/konnaxion.ts';
import { pack } from './commands/pack.ts';
import { record } from './commands/record.ts';
import { release } from './commands/release.ts';
import { tenant } from './commands/tenant.ts';
import { up } from './commands/up.ts';
import { verify } from './commands/verify.ts';

/** The whole command line, one file per area, in the order of the help text. */
export function createProgram(): Command {
  const program = new Command('orgo')
    .description('Orgo: governed builds from raw inputs to Runtime Packs in service')
    .version('0.1.0')
    .option('--json', 'one JSON object on stdout, everything else on stderr')
    .exitOverride()
    .showHelpAfterError('(add --help for what is understood)');
  for (const area of [
    up,
    down,
    doctor,
    explain,
    demo,
    build,
    caseCommand,
    artifact,
    digest,
    pack,
    release,
    konnaxion,
    tenant,
    record,
    audit,
    verify,
  ])
    area(program);
  const inherit = (command: Command): void => {
    for (const sub of command.commands) {
      sub.exitOverride();
      if (!sub.options.some((o) => o.long === '--json')) sub.option('--json', 'one JSON object on stdout');
      inherit(sub);
    }
  };
  inherit(program);
  return program;
}
