import type { ArtifactRef, Digest, StageDefinition } from '@orgo/contracts';
import { type DecisionCode, toldCodes } from '../codes.ts';
import type { ArtifactFact, Finding, ValidationFact } from '../facts.ts';
import type { Check } from '../report.ts';
import type { Canon } from '../state.ts';

/** What one reply's outputs are held against. */
export type OutputContext = {
  stage: StageDefinition;
  inputs: readonly ArtifactRef[];
  canon: Canon;
  validation: ValidationFact | null;
};

/** All checks of the outputs of a reply, in the order in which their codes are reported. */
export function outputChecks(outputs: readonly ArtifactFact[], context: OutputContext): Check[] {
  const { stage, inputs, canon, validation } = context;
  return [
    { check: 'declared outputs', findings: declared(outputs, stage) },
    { check: 'bytes', findings: outputs.flatMap((fact) => fact.bytes ?? []) },
    { check: 'contracts', findings: outputs.flatMap((fact) => fact.contract ?? []) },
    {
      check: 'links',
      findings: outputs.flatMap((fact) => broken(fact, [...inputs, ...outputs.map((o) => o.artifact)])),
    },
    { check: 'manifest files', findings: outputs.flatMap((fact) => unlisted(fact, outputs)) },
    { check: 'ids', findings: contradictingIds(outputs, canon) },
    { check: 'validation', findings: stage.gate === 'validation' ? verdictFindings(validation) : [] },
  ];
}

/** The ids that a stage's outputs established, added to those of earlier stages. */
export function canonAfter(canon: Canon, outputs: readonly ArtifactFact[]): Canon {
  const id = (name: string): string | null => outputs.find((fact) => fact.ids[name] !== undefined)?.ids[name] ?? null;
  return {
    kristal_id: (id('kristal_id') as Digest | null) ?? canon.kristal_id,
    pack_id: id('pack_id') ?? canon.pack_id,
  };
}

function declared(outputs: readonly ArtifactFact[], stage: StageDefinition): Finding[] {
  const findings: Finding[] = [];
  for (const { kind, media_type, min, max } of stage.outputs) {
    const of = outputs.filter((fact) => fact.artifact.kind === kind);
    if (of.length < min)
      findings.push({ code: 'GATE_OUTPUT_MISSING', detail: `${of.length} ${kind}, at least ${min} needed` });
    if (of.length > max)
      findings.push({ code: 'GATE_OUTPUT_UNDECLARED', detail: `${of.length} ${kind}, at most ${max} allowed` });
    const other = of.find((fact) => fact.artifact.media_type !== media_type);
    if (other)
      findings.push({
        code: 'GATE_CONTRACT_INVALID',
        detail: `${kind} is ${other.artifact.media_type}, declared as ${media_type}`,
      });
  }
  const kinds = new Set(stage.outputs.map((output) => output.kind));
  const undeclared = outputs.filter((fact) => !kinds.has(fact.artifact.kind));
  return [
    ...findings,
    ...undeclared.map(
      (fact): Finding => ({
        code: 'GATE_OUTPUT_UNDECLARED',
        detail: `${fact.artifact.kind} ${fact.artifact.ref}`,
      }),
    ),
  ];
}

function broken(fact: ArtifactFact, known: readonly ArtifactRef[]): Finding[] {
  return fact.links
    .filter(({ kind, ref }) => !known.some((artifact) => artifact.kind === kind && artifact.ref === ref))
    .map(
      ({ kind, ref }): Finding => ({
        code: 'GATE_CONTRACT_INVALID',
        detail: `${fact.artifact.kind} refers to ${kind} ${ref}, which is no input or output of the stage`,
      }),
    );
}

/** A manifest and the files beside it must be the same set: none too many, none missing, sizes equal. */
function unlisted(manifest: ArtifactFact, outputs: readonly ArtifactFact[]): Finding[] {
  if (manifest.files === null) return [];
  const files = outputs.filter((fact) => fact.artifact.kind === 'pack-file').map((fact) => fact.artifact);
  const missing = manifest.files
    .filter((listed) => !files.some((file) => file.ref === listed.ref && file.size === listed.size))
    .map((listed): Finding => ({ code: 'FILE_MISSING', detail: `${listed.ref} of the manifest is no output` }));
  const listed = new Set(manifest.files.map((file) => file.ref));
  const extra = files
    .filter((file) => !listed.has(file.ref))
    .map((file): Finding => ({ code: 'FILE_UNDECLARED', detail: `${file.ref} is not in the manifest` }));
  return [...missing, ...extra];
}

/** Every artifact that names the Exchange must name the same one, this stage's or an earlier one's. */
function contradictingIds(outputs: readonly ArtifactFact[], canon: Canon): Finding[] {
  const established = canonAfter(
    canon,
    outputs.filter((fact) => fact.artifact.kind === 'exchange'),
  ).kristal_id;
  return outputs
    .filter((fact) => fact.ids.kristal_id !== undefined && fact.ids.kristal_id !== established)
    .map(
      (fact): Finding => ({
        code: fact.artifact.kind === 'exchange-manifest' ? 'EXCHANGE_MANIFEST_MISMATCH' : 'EXCHANGE_ID_MISMATCH',
        detail: `${fact.artifact.kind} names ${fact.ids.kristal_id}, the Exchange is ${established}`,
      }),
    );
}

/** What a validation told; nothing where a plain PASS tells nothing. */
export const validationCodes = ({ codes }: ValidationFact): readonly DecisionCode[] =>
  codes.length === 0 ? [] : toldCodes(codes, 'VALIDATION_FAILED');

function verdictFindings(validation: ValidationFact | null): Finding[] {
  if (validation === null) return [{ code: 'VALIDATION_REPORT_INVALID', detail: 'no report that could be judged' }];
  if (validation.verdict === 'PASS') return [];
  return toldCodes(validation.codes, 'VALIDATION_FAILED').map((code) => ({
    code,
    detail: 'the report under the pinned policy',
  }));
}
