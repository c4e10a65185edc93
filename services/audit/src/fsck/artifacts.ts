import { type ArtifactRef, type Digest, decisionSchema, type GateDecision } from '@orgo/contracts';
import { fromUtf8, parseStrict } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import type { LeafRow } from '../leaves.ts';
import type { Reads } from '../reads.ts';
import { aboutDecision } from './entry.ts';
import type { Findings } from './findings.ts';
import { type Extent, entriesOf, goOn } from './tree.ts';

/** Entries whose artifacts are kept in mind at once; a longer log is read once per so many. */
const entriesPerPass = 65_536;
/** Files read at the same time. */
const atOnce = 4;

type Named = { artifact: ArtifactRef; about: string };

function namedBy(row: LeafRow): Named[] {
  const text = fromUtf8(row.leaf);
  const json = text.ok ? parseStrict(text.value) : text;
  const parsed = decisionSchema.safeParse(json.ok ? json.value : undefined);
  // An entry that does not parse is a finding of the entry.
  if (!parsed.success) return [];
  const { inputs, outputs, report, ...decision } = parsed.data as GateDecision;
  const about = `${aboutDecision(decision)}, log/${row.idx}`;
  const all = [...outputs, ...inputs, ...(report === null ? [] : [report])] as ArtifactRef[];
  return all.map((artifact) => ({ artifact, about }));
}

const passOf = (ref: Digest, passes: number): number => Number.parseInt(ref.slice(7, 15), 16) % passes;

/**
 * Reads every artifact that a decision names, once, and hashes it again. A long log is read in several passes, each for its share of digests, so
 * that what must be remembered stays bounded.
 */
export async function checkArtifacts(
  { reads, artifacts }: { reads: Reads; artifacts: ArtifactStore },
  extent: Extent,
  findings: Findings,
): Promise<{ artifacts: number; bytes: number }> {
  const passes = Math.max(1, Math.ceil(extent.until / entriesPerPass));
  const total = { artifacts: 0, bytes: 0 };

  const check = async ({ artifact, about }: Named): Promise<void> => {
    const { kind, ref, size } = artifact;
    const read = await artifacts
      .verify(extent.tenant, ref, size)
      .catch((error) => ({ ok: false as const, code: codeOf(error), detail: detailOf(error) }));
    total.artifacts++;
    if (read.ok) total.bytes += size;
    else findings.add(read.code, `artifact/${ref}`, `${kind} of ${about}: ${read.detail}`);
  };
  for (let pass = 0; pass < passes; pass++) {
    const seen = new Set<string>();
    for await (const rows of entriesOf(reads, extent)) {
      const fresh = rows.flatMap(namedBy).filter(({ artifact: { ref } }) => {
        if (passOf(ref, passes) !== pass || seen.has(ref)) return false;
        seen.add(ref);
        return true;
      });
      const workers = Array.from({ length: atOnce }, async () => {
        for (let one = fresh.pop(); one !== undefined; one = fresh.pop()) {
          goOn(extent.signal);
          await check(one);
        }
      });
      await Promise.all(workers);
    }
  }
  return total;
}
