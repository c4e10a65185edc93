import { canonical, type JsonValue } from '@orgo/core';
import type { Evidence } from '../claim-ir.ts';
import { atPointer } from '../snapshot-text.ts';
import { claimsIn, type JudgedClaim, type SnapshotContent, type ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

/** The evidence of a claim as extracted, where there is an original: it alone carries selectors. */
function evidenceOf({ claim, original }: JudgedClaim): readonly Evidence[] {
  return original?.evidence ?? claim.evidence ?? [];
}

const missing: Rule = {
  code: 'KRS_V3_EVIDENCE_MISSING',
  version: '1',
  severity: ['ERROR', 'ERROR', 'WARNING'],
  message: 'The claim has no evidence.',
  *check(facts): Generator<Finding> {
    for (const { pointer, claim } of claimsIn(facts)) {
      if (!claim.evidence?.length) yield { location: { json_pointer: pointer, claim_id: claim.claim_id } };
    }
  },
};

/** The evidence a resolution should repeat: the original's, without the selectors its schema has no room for. */
function differs({ claim, original }: JudgedClaim): boolean {
  if (!original) return false;
  const asked = (original.evidence ?? []).map(({ selector: _selector, ...rest }) => rest);
  return canonical(asked) !== canonical(claim.evidence ?? []);
}

function pointerProblem(
  evidence: Evidence,
  content: SnapshotContent | undefined,
): Record<string, JsonValue> | undefined {
  if (!content) return { reason: 'snapshot-unknown' };
  const { offsets, selector } = evidence;
  if (offsets) {
    const { start_char, end_char } = offsets;
    if (start_char >= end_char) return { reason: 'range-empty', start_char, end_char };
    if (end_char > content.text.length) return { reason: 'range-outside', end_char, length: content.text.length };
  }
  if (selector?.kind === 'json_pointer') {
    if (content.json === undefined) return { reason: 'not-json' };
    if (atPointer(content.json, selector.value) === undefined) return { reason: 'pointer-dangling' };
  }
  return undefined;
}

type Piece = { at: JudgedClaim; evidence: Evidence; index: number; content: SnapshotContent | undefined };

function* pieces(facts: ValidationFacts): Generator<Piece> {
  for (const at of claimsIn(facts)) {
    for (const [index, evidence] of evidenceOf(at).entries()) {
      yield { at, evidence, index, content: facts.contents.get(evidence.source.source_id ?? '') };
    }
  }
}

function locate({ at, index, evidence }: Piece): Finding['location'] {
  const source_uri = evidence.source.source_id ?? evidence.source.source_url ?? '';
  return { json_pointer: `${at.pointer}/evidence/${index}`, claim_id: at.claim.claim_id, source_uri };
}

const pointerInvalid: Rule = {
  code: 'KRS_V3_EVIDENCE_POINTER_INVALID',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'An evidence pointer does not lead into a pinned snapshot, or differs from the extracted one.',
  *check(facts): Generator<Finding> {
    for (const piece of pieces(facts)) {
      const details = pointerProblem(piece.evidence, piece.content);
      if (details) yield { location: locate(piece), details };
    }
    for (const at of claimsIn(facts)) {
      if (!differs(at)) continue;
      yield {
        location: { json_pointer: at.pointer, claim_id: at.claim.claim_id },
        details: { reason: 'changed-by-resolution' },
      };
    }
  },
};

/** What the snapshot says at the place, as text: the slice, or the canonical JSON of the value. */
function quotedText({ evidence: { offsets, selector }, content }: Piece): string | undefined {
  if (!content) return undefined;
  if (offsets) return content.text.slice(offsets.start_char, offsets.end_char);
  if (selector?.kind !== 'json_pointer' || content.json === undefined) return undefined;
  const value = atPointer(content.json, selector.value);
  return value === undefined ? undefined : canonical(value);
}

const quoteMismatch: Rule = {
  code: 'KRS_V3_EVIDENCE_QUOTE_MISMATCH',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'A quote differs from the pinned snapshot at its place.',
  *check(facts): Generator<Finding> {
    for (const piece of pieces(facts)) {
      const { quote } = piece.evidence;
      const actual = quote === undefined ? undefined : quotedText(piece);
      if (actual !== undefined && actual !== quote) yield { location: locate(piece), details: { index: piece.index } };
    }
  },
};

/** Evidence against the pinned snapshots, byte for byte. */
export const evidenceRules: readonly Rule[] = [missing, pointerInvalid, quoteMismatch];
