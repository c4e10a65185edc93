import { compareText, digestHex, digestOf, sha256Hex } from '@orgo/core';
import type { Evidence, EvidenceEntry, SnapshotSet } from '@orgo/kristal';

/** The evidence of an Exchange, each place once, by a content-derived id. */
export class EvidenceIndex {
  readonly #entries = new Map<string, EvidenceEntry>();
  readonly #snapshots: ReadonlyMap<string, string>;

  constructor(set: SnapshotSet) {
    this.#snapshots = new Map(set.snapshots.map(({ source, ref }) => [source.source_id, ref]));
  }

  /**
   * Adds the evidence of a claim; answers its ids, sorted. The id covers source, place and the hash of the quote; the quote itself and the
   * time it was retrieved stay outside, in the snapshot and its set.
   */
  add(evidence: readonly Evidence[]): string[] {
    const ids = evidence.map((one) => {
      const content = this.#contentOf(one);
      const evidence_id = `ev:${digestHex(digestOf(content)).slice(0, 32)}`;
      this.#entries.set(evidence_id, { evidence_id, ...content });
      return evidence_id;
    });
    return [...new Set(ids)].sort(compareText);
  }

  /** All entries, sorted by id. */
  entries(): EvidenceEntry[] {
    return [...this.#entries.values()].sort((a, b) => compareText(a.evidence_id, b.evidence_id));
  }

  #contentOf({ source, quote, page, offsets, selector }: Evidence): Omit<EvidenceEntry, 'evidence_id'> {
    const snapshot = source.source_id === undefined ? undefined : this.#snapshots.get(source.source_id);
    return {
      source: {
        ...(source.source_id === undefined ? {} : { source_id: source.source_id }),
        ...(source.source_url === undefined ? {} : { source_url: source.source_url }),
        ...(snapshot === undefined ? {} : { source_sha256: snapshot.slice('sha256:'.length) }),
      },
      locator: {
        ...(offsets === undefined ? {} : { offsets }),
        ...(page === undefined ? {} : { page }),
        ...(selector === undefined ? {} : { selector }),
      },
      ...(quote === undefined ? {} : { excerpt_sha256: sha256Hex(quote) }),
    };
  }
}
