import type { SealedLeaf } from '@orgo/audit/domain';
import {
  type DecisionItem,
  type GateDecision,
  type ReceiptItem,
  type Seal,
  type SealedDecision,
  subjectOf,
} from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import type { Bus, Serving } from '@orgo/runtime/bus';
import { ackOf, decodeEnvelope } from '@orgo/runtime/envelope';

export type Sealed = SealedLeaf & { item: DecisionItem; seal: Seal };

/** What was sealed of a tenant as a test hears it, once each and in the order of hearing. */
export class SealedLeaves {
  readonly sealed: Sealed[];
  readonly #waiting = new Set<{ holds(decision: GateDecision): boolean; resolve(leaf: Sealed): void }>();

  constructor(before: readonly Sealed[] = []) {
    this.sealed = [...before];
  }

  has = (digest: string): boolean => this.sealed.some((leaf) => leaf.digest === digest);

  add(leaf: Sealed): void {
    this.sealed.push(leaf);
    for (const one of this.#waiting) {
      if (!one.holds(leaf.decision)) continue;
      this.#waiting.delete(one);
      one.resolve(leaf);
    }
  }

  of = (build: string): GateDecision[] =>
    this.sealed.filter((leaf) => leaf.decision.build_id === build).map((leaf) => leaf.decision);

  /** The sealed decision that holds, now or when it comes. */
  until = (holds: (decision: GateDecision) => boolean): Promise<Sealed> => {
    const found = this.sealed.find((leaf) => holds(leaf.decision));
    return found === undefined
      ? new Promise((resolve) => this.#waiting.add({ holds, resolve }))
      : Promise.resolve(found);
  };

  evidence = ({ item, seal }: Sealed): SealedDecision => ({ decision: item.decision, seal });

  /** Takes the receipts that audit sends to `services`, and answers in their place. */
  hear(bus: Bus, tenant: string, services: readonly ('orchestrator' | 'release')[]): Promise<Serving[]> {
    return Promise.all(
      services.map((to) =>
        bus.serve(subjectOf('receipt', { tenant, service: to }), to, async (bytes, { subject }) => {
          const envelope = decodeEnvelope<ReceiptItem>('receipt', bytes, subject);
          if (!envelope.ok) throw new Error(envelope.detail);
          for (const item of envelope.value.items) this.#take(item);
          return ackOf(envelope.value.items.map(() => ({ outcome: 'accepted', code: null })));
        }),
      ),
    );
  }

  #take({ decision: signed, authorizations, seal }: ReceiptItem): void {
    const digest = digestOfBytes(utf8(signed.payload));
    if (this.has(digest)) return;
    const item = { decision: signed, authorizations, traceparent: null };
    this.add({ index: seal.index, digest, decision: JSON.parse(signed.payload) as GateDecision, seal, item });
  }
}
