import { payloadTypes, subjectOf } from '@orgo/contracts';
import { canonical, type JsonValue, signBatch } from '@orgo/core';
import type { Keyring } from '@orgo/runtime/signer';
import type { Machine, OutRow, SendOf } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import {
  decideTrustRoot,
  evolveTrustRoot,
  initialTrustRoot,
  type RootSeen,
  type TrustRootEvent,
  type TrustRootSend,
  type TrustRootState,
} from '../domain/trust-root.ts';

export const trustRootKeyOf = ({ tenant_id }: { tenant_id: string }) => ({ tenant_id, id: 'root' });

/** One per tenant: which roots were brought to the gatekeeper. */
export const trustRootMachine: Machine<TrustRootState, RootSeen, TrustRootEvent, TrustRootSend, never> = {
  name: 'trust_root',
  keyOf: trustRootKeyOf,
  initial: initialTrustRoot,
  decide: decideTrustRoot,
  evolve: evolveTrustRoot,
  phaseOf: (state) => state.phase,
  repo: tableRepo('trust_root'),
};

const role = 'release';

/** Claims about roots, as outbox rows of their transaction. @throws Fault SIGNER_UNAVAILABLE: nothing is ever said unsigned */
export const encodeTrustRootSends =
  (keyring: Keyring) =>
  (sends: readonly SendOf<TrustRootSend>[]): Promise<OutRow[]> =>
    Promise.all(
      sends.map(async ({ key: { tenant_id }, send, traceparent }): Promise<OutRow> => {
        const signer = await keyring.signer(tenant_id, role);
        const [claim] = await signBatch(
          [{ type: payloadTypes.claim, payload: canonical(send.claim) }],
          { role, tenant_id, key_id: signer.key_id },
          (message) => signer.sign(message),
        );
        return {
          tenant_id,
          aggregate: 'trust-root',
          subject: subjectOf('claim', { tenant: tenant_id }),
          transport: 'request',
          channel: 'claim',
          message_id: `trust-root:${send.claim.idem_key}`,
          item: { claim, evidence: [], traceparent } as unknown as JsonValue,
        };
      }),
    );
