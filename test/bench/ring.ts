import type { ArtifactRef, BuildStarted, BuildStatus } from '@orgo/contracts';
import { isTerminalBuildPhase } from '@orgo/contracts';
import type { TestInstance } from '../kit/instance.ts';
import { cpuSecondsOf } from './cpu.ts';

/** What one run of the ring gave. Milliseconds; `cpu_ms` is user and system time of every process of the instance, servers included. */
export type RingResult = {
  builds: number;
  in_flight: number;
  seconds: number;
  builds_per_s: number;
  p50_ms: number;
  p99_ms: number;
  cpu_ms_per_build: number;
};

/**
 * Runs the pipeline `echo`: eight trivial stages, each commanded, answered, decided, signed and sealed, and the record folded, signed and
 * sealed at the end. Closed loop with `inFlight` builds at a time, from start request to terminal phase as the API tells it.
 */
export async function runRing(orgo: TestInstance, options: { builds: number; inFlight: number }): Promise<RingResult> {
  const { api, token } = orgo.api();
  const tenant = `bench-${options.inFlight}-${Date.now().toString(36)}`;
  await orgo.cli('tenant', 'create', tenant);
  const base = `${api}/v1/tenants/${tenant}`;
  const headers = { authorization: `Bearer ${token}` };
  const json = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const answer = await fetch(`${base}${path}`, { ...init, headers: { ...headers, ...(init.headers as object) } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status} from ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const one = async (n: number): Promise<number> => {
    // Each build has a request of its own: the same request twice is answered without running.
    const request = await json<ArtifactRef>('/artifacts', {
      method: 'POST',
      body: JSON.stringify({ text: `bench ${n}` }),
      headers: { 'x-artifact-kind': 'echo-request', 'content-type': 'application/json' },
    });
    const from = performance.now();
    const { build_id } = await json<BuildStarted>('/builds', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        pipeline: 'echo',
        inputs: [request],
        trigger: { type: 'manual', actor: 'bench', reason: '' },
        rerun_of: null,
      }),
    });
    await ended(`${base}/builds/${build_id}/events`, headers);
    return performance.now() - from;
  };

  const latencies: number[] = [];
  let next = 0;
  const cpuBefore = cpuSecondsOf(orgo);
  const from = performance.now();
  await Promise.all(
    Array.from({ length: options.inFlight }, async () => {
      while (next < options.builds) latencies.push(await one(next++));
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const cpu = cpuSecondsOf(orgo) - cpuBefore;
  latencies.sort((a, b) => a - b);
  const at = (q: number): number =>
    round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0);
  return {
    builds: latencies.length,
    in_flight: options.inFlight,
    seconds: round(seconds),
    builds_per_s: round(latencies.length / seconds),
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    cpu_ms_per_build: round((cpu * 1000) / latencies.length),
  };
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** Follows a build's events to its end. */
async function ended(url: string, headers: Record<string, string>): Promise<void> {
  const stop = new AbortController();
  const answer = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal: stop.signal });
  let rest = '';
  for await (const chunk of (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data:'));
      if (data && isTerminalBuildPhase((JSON.parse(data.slice(5)) as BuildStatus).status)) return stop.abort();
    }
  }
}
