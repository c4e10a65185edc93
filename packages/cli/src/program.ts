import { Command } from 'commander';

type Area = (program: Command) => void;

/** Areas of the command line, one file each, in the order of the help text. Loaded when asked for: `explain` starts no database client. */
const areas: Readonly<Record<string, () => Promise<Area>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  explain: async () => (await import('./commands/explain.ts')).explain,
  demo: async () => (await import('./commands/demo.ts')).demo,
  build: async () => (await import('./commands/build.ts')).build,
  deadletter: async () => (await import('./commands/deadletter.ts')).deadletter,
  case: async () => (await import('./commands/case.ts')).caseCommand,
  artifact: async () => (await import('./commands/artifact.ts')).artifact,
  digest: async () => (await import('./commands/digest.ts')).digest,
  pack: async () => (await import('./commands/pack.ts')).pack,
  release: async () => (await import('./commands/release.ts')).release,
  channel: async () => (await import('./commands/channel.ts')).channel,
  konnaxion: async () => (await import('./commands/konnaxion.ts')).konnaxion,
  tenant: async () => (await import('./commands/tenant.ts')).tenant,
  trust: async () => (await import('./commands/trust.ts')).trust,
  record: async () => (await import('./commands/record.ts')).record,
  audit: async () => (await import('./commands/audit.ts')).audit,
  verify: async () => (await import('./commands/verify.ts')).verify,
  conformance: async () => (await import('./commands/conformance.ts')).conformance,
};

/** The command line for these words: the area they name, or all areas where they name none (help, a typing error). */
export async function createProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('orgo')
    .description('Orgo: governed builds from raw inputs to Runtime Packs in service')
    .version('0.1.0')
    .option('--json', 'one JSON object on stdout, everything else on stderr')
    .exitOverride()
    // What is wrong with a call is said where every failure is.
    .configureOutput({ outputError: () => undefined });
  const named = words.find((word) => !word.startsWith('-')) ?? '';
  const wanted = Object.hasOwn(areas, named) ? [named] : Object.keys(areas);
  for (const name of wanted) (await areas[name]?.())?.(program);
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
