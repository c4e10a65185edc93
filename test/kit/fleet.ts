import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NodeView } from '@orgo/contracts';
import { joinSimulatedFleet, type SimulatedFleet } from '@orgo/konnaxion-node';
import { givenTrust } from '@orgo/runtime/given-trust';
import type { TestInstance } from './instance.ts';

/** Nodes of this process that follow a channel of an instance, enrolled by its release service. */
export type TestFleet = SimulatedFleet & {
  names: readonly string[];
  /** Folder of a node. */
  dir(name: string): string;
};

/** The HTTP API of an instance for one tenant. @throws Error for any answer but a good one */
export function apiOf(instance: TestInstance, tenant: string) {
  const { api, token } = instance.api();
  return async <T>(method: string, where: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${api}/v1/tenants/${tenant}${where}`, {
      method,
      // A test that is busy for long would else ask over a connection that the other side has given up meanwhile.
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`HTTP ${answer.status} from ${where}: ${text}`);
    return JSON.parse(text) as T;
  };
}

/**
 * Joins so many nodes to a channel, in this process and in a folder that `stop` removes; each says in which ring it is, where that is told. They are not
 * started.
 */
export async function joinFleet(
  instance: TestInstance,
  of: { tenant: string; channel: string; count: number; pollMs: number; ringOf?: (n: number) => string },
): Promise<TestFleet> {
  const { tenant, channel, count, pollMs, ringOf } = of;
  const root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'orgo-fleet-'));
  const names = Array.from({ length: count }, (_, n) => `${channel}-${`${n + 1}`.padStart(4, '0')}`);
  const call = apiOf(instance, tenant);
  const fleet = await joinSimulatedFleet({
    root,
    api: instance.api().api,
    tenant,
    channel,
    trust: await givenTrust(instance.home, tenant),
    names,
    enroll: async (asked) => (await call<NodeView>('POST', '/nodes', asked)).enrollment,
    pollMs,
    ...(ringOf && { labels: (name) => ({ ring: ringOf(names.indexOf(name)) }) }),
  });
  return {
    ...fleet,
    names,
    dir: (name) => path.join(root, tenant, name),
    async stop() {
      await fleet.stop();
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
}
