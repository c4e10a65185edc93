import fs from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

// A process that is `orgo` several times, one call after the other: what the commands build upon is loaded once. The command line's own modules are
// evaluated anew at every call, and a call ends where its process would have: when nothing keeps it alive any more.

/** One call, as the pool asks for it. `mark` is what is said on both outputs behind the last word of the command. */
export type CliCall = { args: string[]; settings: NodeJS.ProcessEnv; mark: string };
/** How it ended. */
export type CliEnded = { code: number };

/** What a process differs in from call to call; everything else in its environment it has from its start. */
export const isSetting = (name: string): boolean => name.startsWith('ORGO_');

const commands = new URL('../../packages/cli/src/', import.meta.url);
const ofCommands = (url: string): boolean => url.startsWith(commands.href);
/** How Node ends a module that waits for what never comes. */
const unsettled = 13;

/** The command line's modules get an address of their own at every call, and are stripped of their types once. */
function evaluateAnew(call: () => number): void {
  const sources = new Map<string, string>();
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!ofCommands(found.url)) return found;
      const url = new URL(found.url);
      url.search = `call=${call()}`;
      return { ...found, url: url.href };
    },
    load(url, context, next) {
      if (!ofCommands(url)) return next(url, context);
      const file = fileURLToPath(url);
      const source = sources.get(file) ?? stripTypeScriptTypes(fs.readFileSync(file, 'utf8'));
      sources.set(file, source);
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

/** A call finds no connection that an earlier one has left: what it speaks to may have been killed in between. */
function leaveNoConnection(): void {
  const plain = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('connection', 'close');
    return plain(input, { ...init, headers });
  };
}

/** Serves calls until whoever asks is gone. */
function serve(): void {
  let calls = 0;
  let running: { mark: string; settled: boolean } | undefined;
  evaluateAnew(() => calls);
  leaveNoConnection();

  const begin = ({ args, settings, mark }: CliCall): void => {
    calls++;
    const call = { mark, settled: false };
    running = call;
    process.argv.splice(2, Infinity, ...args);
    process.exitCode = undefined;
    for (const name of Object.keys(process.env)) if (isSetting(name)) delete process.env[name];
    Object.assign(process.env, settings);
    // From here on only the command keeps this process alive.
    process.channel?.unref();
    import(new URL('main.ts', commands).href)
      .catch((error) => {
        process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
        process.exitCode = 1;
      })
      .finally(() => {
        call.settled = true;
      });
  };
  const end = (): void => {
    if (running === undefined) return;
    const { mark, settled } = running;
    running = undefined;
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
    for (const out of [process.stdout, process.stderr]) out.write(mark);
    process.channel?.ref();
    process.send?.({ code: settled ? Number(process.exitCode ?? 0) : unsettled } satisfies CliEnded);
  };
  process.on('beforeExit', end);
  process.on('message', begin);
  process.on('disconnect', () => process.exit());
}

if (import.meta.main) serve();
