import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Asked = { args: readonly string[]; env: Record<string, string> };
export type Answered = { code: number; stdout: string; stderr: string };

const script = fileURLToPath(new URL('./resident-cli.process.ts', import.meta.url));

/**
 * The command line in processes that stay, one for each call that runs at a time: most of a call is the start of its process. A call gets the arguments and the
 * settings of Orgo as its own process would, and no signal; what it leaves in memory stays.
 */
export function residentCli() {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const start = (): ChildProcess => {
    // The runner asks its children for colours; a command whose output is read was not asked.
    const env = { ...process.env, FORCE_COLOR: undefined };
    const child = fork(script, { execArgv: [], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    all.add(child);
    child.once('exit', () => all.delete(child));
    return child;
  };
  return {
    run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Answered> {
      const child = idle.pop() ?? start();
      const settings = Object.entries(env).filter(([name, value]) => name.startsWith('ORGO_') && value !== undefined);
      return new Promise((resolve, reject) => {
        const gone = (code: number | null): void => reject(new Error(`orgo ${args.join(' ')} ended with ${code}`));
        child.once('exit', gone);
        child.once('message', (answered: Answered) => {
          child.off('exit', gone);
          idle.push(child);
          resolve(answered);
        });
        child.send({ args, env: Object.fromEntries(settings) as Record<string, string> } satisfies Asked);
      });
    },
    /** Ends its processes. A call that still runs is rejected. */
    async close(): Promise<void> {
      const ended = [...all].map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
