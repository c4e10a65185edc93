import type { HttpClient } from './http-client.ts';

/** What eight stages make of a text; every peer appends its step numbers. */
export const resultOf = (text: string): string => `${text}.1.2.3.4.5.6.7.8`;

/** One build of a peer that answers the result to the request that started it. */
export async function buildOver(
  client: HttpClient,
  path: string,
  text: string,
  options: { json: boolean; headers?: Record<string, string> },
): Promise<number> {
  const wanted = options.json ? JSON.stringify(resultOf(text)) : resultOf(text);
  const from = performance.now();
  const answer = await client.post(path, options.json ? JSON.stringify(text) : text, options.headers);
  const took = performance.now() - from;
  if (answer.status !== 200 || (answer.body !== wanted && answer.body !== JSON.stringify(wanted)))
    throw new Error(`HTTP ${answer.status}, not the result of eight steps: ${answer.body.slice(0, 300)}`);
  return took;
}

/** @throws Error unless both counts are as many as eight steps a build give. */
export function checkCounts(what: { builds: number; done: number; steps: number }): void {
  if (what.done !== what.builds || what.steps !== what.builds * 8)
    throw new Error(`${what.builds} builds, but the system records ${what.done} of them with ${what.steps} steps`);
}
