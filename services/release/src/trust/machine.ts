import type { Machine } from '@orgo/store/machine';
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
