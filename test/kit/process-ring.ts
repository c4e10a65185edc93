import { testInstance } from '@orgo/infra/test-servers';
import type { FaultPlan } from './faults.ts';
import { lastingPort } from './lasting-port.ts';
import { runProcess, type TestProcess } from './processes.ts';
import { openRing, token } from './ring-client.ts';

const script = new URL('./process-ring.part.ts', import.meta.url);
export const parts = ['audit', 'gatekeeper', 'orchestrator', 'adapter'] as const;
export type Part = (typeof parts)[number];

/** What a part says when it takes work. */
export const readyLine = 'ready';
/** An adapter that gets this signal cannot store its next output: the attempt fails, and the next one waits for an alarm. */
export const falterSignal = 'SIGUSR2';
export const falteringPoint = 'adapter.beforeStore';

/** The whole ring over real servers, every part a process of its own that a test may kill, pause and replace. */
export async function startProcessRing() {
  const instance = await testInstance(['nats']);
  const port = await lastingPort();
  const all: TestProcess[] = [];
  /** Starts a process of a part beside those that run. Resolves when it takes work, or has ended before: some points are passed that early. */
  const run = async (part: Part, plan?: FaultPlan): Promise<TestProcess> => {
    const process = runProcess(script, {
      ORGO_TEST_PART: part,
      ORGO_TEST_FAULT: plan === undefined ? '' : JSON.stringify(plan),
      ORGO_HOME: instance.home,
      ORGO_INSTANCE: 'test',
      DATABASE_URL: part === 'adapter' ? '' : instance.serviceUrls[part],
      REDIS_URL: '',
      NATS_URL: instance.urls.NATS_URL,
      ORGO_TOKEN: token,
      ORGO_LOG_LEVEL: 'fatal',
      // The process that was killed has left its port; only one listens on it.
      ORGO_HTTP_PORT: part === 'orchestrator' ? `${port}` : '0',
    });
    all.push(process);
    await process.said(readyLine).catch(() => undefined);
    return process;
  };
  const client = openRing(instance, () => [`http://127.0.0.1:${port}`]);
  return {
    ...client,
    run,
    async stop() {
      await Promise.all(all.map((one) => one.end('SIGKILL')));
      await client.close();
      await instance.stop();
    },
  };
}
export type ProcessRing = Awaited<ReturnType<typeof startProcessRing>>;
