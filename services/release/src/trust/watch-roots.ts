import { codeOf } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { Log } from '@orgo/runtime/log';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Turns } from '@orgo/store/turns';
import type { RootSeen } from '../domain/trust-root.ts';

export type RootWatch = { stop(): Promise<void> };

const lookMs = 1000;
/** After this long without an entry a root is brought to the gatekeeper again. */
const againMs = 60_000;

/**
 * Brings every published trust root to the gatekeeper, so that it gets its place in the tenant's log: roots are published as files, by whoever holds the
 * root keys, also while nothing runs. What is not in the log yet lies in a folder of the trust store, which is looked at every second.
 */
export function watchRoots(deps: { trust: TrustStore; turns: Turns<RootSeen>; log: Log }): RootWatch {
  const { trust, turns, log } = deps;
  const asked = new Map<string, { at: number; attempt: number }>();

  /** The versions up to this one that have no place yet, in order: the gatekeeper takes them one by one. */
  const inputsOf = async (tenant_id: string, upTo: number): Promise<RootSeen[]> => {
    const { roots, places } = await trust.chain(tenant_id);
    return roots.slice(1, upTo).flatMap(({ version, digest }): RootSeen[] => {
      const id = `${tenant_id}.${version}`;
      const before = asked.get(id);
      if (places.has(version) || (before !== undefined && performance.now() - before.at < againMs)) return [];
      const attempt = before === undefined ? 1 : before.attempt + 1;
      asked.set(id, { at: performance.now(), attempt });
      return [{ type: 'root-seen', tenant_id, version, root_digest: digest, subject_id: newId('root'), attempt }];
    });
  };

  const look = async (): Promise<void> => {
    for (const { tenant_id, version } of await trust.unsealed()) {
      try {
        for (const input of await inputsOf(tenant_id, version)) {
          // A file is all there is of it: no span comes before this one.
          const message_id = `trust-root:${tenant_id}:${input.version}:${input.subject_id}`;
          const [result] = await turns.take([{ message_id, input, traceparent: null }]);
          if (result?.outcome === 'later') asked.delete(`${tenant_id}.${input.version}`);
        }
      } catch (error) {
        log.warn({ code: codeOf(error), err: error, tenant_id, version }, 'a trust root is not in the log yet');
      }
    }
  };

  let looking = Promise.resolve();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    looking = look()
      .catch((error) => log.warn({ code: codeOf(error), err: error }, 'the trust folder cannot be read'))
      .finally(() => {
        idle = true;
      });
  }, lookMs);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
