import { canonical, digestOfBytes, utf8 } from '@orgo/core';
import type { Rendered, Support } from '@orgo/kristal';
import { type CardTerms, type Wanted, wantedOf } from './expected.ts';
import type { RenderFinding } from './finding.ts';
import type { PackSide } from './pack-side.ts';
import { readEscaped } from './reading.ts';
import { type Span, spansOf } from './spans.ts';

/** Holds one output against the pack. Stops at the first thing that is not as it must be: from there on nothing would be in its place. */
export function checkOutput(output: Rendered, side: PackSide, terms: CardTerms, pointer: string): RenderFinding | null {
  if (digestOfBytes(utf8(output.text)) !== output.sha256)
    return { code: 'RENDER_TRACE_INVALID', pointer, detail: 'the text is not what its hash says' };
  const spans = spansOf(output);
  if (spans === null)
    return { code: 'RENDER_TRACE_INVALID', pointer, detail: 'the spans do not cover the text once and whole' };
  let i = 0;
  for (const wanted of wantedOf(side, terms)) {
    const span = spans[i];
    const at = `${pointer}/trace_map/segments/${i}`;
    if (span === undefined)
      return { code: 'POLICY_VIOLATION_NEW_FACT_RISK', pointer: at, detail: `it ends before ${nameOf(wanted)}` };
    const found = checkSpan(span, wanted, side, terms);
    if (found !== null) return { ...found, pointer: at };
    i++;
  }
  return i === spans.length
    ? null
    : {
        code: 'POLICY_VIOLATION_NEW_FACT_RISK',
        pointer: `${pointer}/trace_map/segments/${i}`,
        detail: `it goes on with ${shortly(spans[i]?.text)}`,
      };
}

type Found = Omit<RenderFinding, 'pointer'> | null;

const risk = (detail: string): Found => ({ code: 'POLICY_VIOLATION_NEW_FACT_RISK', detail });
const shortly = (text = ''): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
const nameOf = (wanted: Wanted): string =>
  'boilerplate' in wanted ? wanted.boilerplate : `${wanted.role} ${wanted.what}`;

function checkSpan({ segment, text }: Span, wanted: Wanted, side: PackSide, { format }: CardTerms): Found {
  if ('boilerplate' in wanted) {
    if ('boilerplate' in segment && segment.boilerplate === wanted.boilerplate && text === wanted.text) return null;
    return risk(`${shortly(text)} stands where ${wanted.boilerplate} must`);
  }
  if ('boilerplate' in segment)
    return risk(`${shortly(text)} is called boilerplate where ${nameOf(wanted)} must stand`);
  if (segment.role !== wanted.role) return risk(`${segment.role} stands where ${nameOf(wanted)} must`);
  const said = readEscaped(text, format);
  if (said === null || !wanted.reads(said)) return risk(`${shortly(text)} does not say ${nameOf(wanted)}`);
  const support = segment.assertions.flatMap((assertion) => assertion.support);
  const dangling = support.find((one) => !isThere(one, side));
  if (dangling !== undefined)
    return { code: 'MISSING_TRACE_IDS', detail: `${shortly(canonical(dangling))} is not in the pack` };
  if (canonical(support) !== canonical(wanted.support))
    return { code: 'MISSING_TRACE_IDS', detail: `${shortly(text)} does not rest on what supports it` };
  return null;
}

/** Whether what a support names exists in the pack at all. */
function isThere({ statement_id, pointer, evidence_ids }: Support, side: PackSide): boolean {
  if (evidence_ids.some((id) => !side.evidence.has(id))) return false;
  if (statement_id === undefined) return pointer !== undefined;
  return side.statements.some((statement) => statement.statement_id === statement_id);
}
