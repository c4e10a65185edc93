import { digestHex, digestOf, digestOfBytes } from '@orgo/core';
import {
  type ClaimIr,
  ClaimIrBatchSchema,
  ClaimIrSchema,
  checked,
  claimIrKinds,
  claimsOf,
  decodeLines,
  diagnosticsOf,
  encodeLines,
  fingerprintRuleset,
  jsonLine,
  jsonOutput,
  linesMediaType,
  PinnedContextSchema,
  type ResolutionPolicy,
  type ResolutionRun,
  type ResolvedBatch,
  type ResolvedClaimIr,
  ResolvedClaimIrSchema,
  readInput,
  referenceTools,
  resolvedKinds,
  type StageCore,
  type StageCoreContext,
  type StageResult,
  stageRefusal,
} from '@orgo/kristal';
import { resolveDocument } from './documents.ts';
import { Resolver } from './mention.ts';
import { loadResources } from './resources.ts';
import { resolutionRuleset, tieBreakers } from './score.ts';

type Member = { ref: string; doc: ClaimIr; docId: string };

/**
 * Stage 3 of a Kristal build (ST-21..ST-28): answers every mention of a Claim-IR batch from the pinned gazetteers, keeps what is open
 * open, and drops, adds or rewrites nothing.
 *
 * Inputs `pinned-context`, `claim-ir-batch`, `claim-ir-lines`; outputs `resolved-batch`, `resolved-lines`, `resolution-run`. Same inputs
 * and `as_of`, same bytes; `as_of` itself stands only where the external contract demands a time. Refuses with STAGE_INPUT_INVALID,
 * HASH_MISMATCH, RESOURCE_VERSION_MISSING; a refusal gives no output (ST-24).
 */
export const runResolve: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const { resources: pins, resolution: policy, tools } = context.value.value;
  const tool = referenceTools.resolve;
  if (tools.resolve?.name !== tool.name || tools.resolve.version !== tool.version) {
    return stageRefusal('RESOURCE_VERSION_MISSING', `pinned resolver is not ${tool.name}@${tool.version}`);
  }
  if (policy.ruleset_id !== resolutionRuleset) {
    return stageRefusal(
      'RESOURCE_VERSION_MISSING',
      `pinned ruleset ${policy.ruleset_id}; this resolver has ${resolutionRuleset}`,
    );
  }
  const batch = await readInput(ctx, claimIrKinds.batch, ClaimIrBatchSchema);
  if (!batch.ok) return batch;
  const members = await readMembers(ctx, batch.value.value);
  if (!members.ok) return members;
  const resources = await loadResources(ctx, pins);
  if (!resources.ok) return resources;

  const runId = `rr-${digestHex(
    digestOf({ batch: batch.value.ref, resources: pins, policy, tool, fingerprintRuleset }),
  ).slice(0, 32)}`;
  const resolver = new Resolver(resources.value, policy);
  const lines: { ref: string; text: string }[] = [];
  const diagnostics: ResolutionRun['diagnostics'] = [];
  const summary: Record<string, number> = { documents: members.value.length, claims: 0 };
  for (const { ref, doc } of members.value) {
    ctx.signal?.throwIfAborted();
    const resolved = resolveDocument(doc, { ref, runId, asOf: ctx.asOf, resolver: tool }, resolver);
    assertSound(doc, resolved.document);
    lines.push(jsonLine(resolved.document));
    diagnostics.push(...resolved.diagnostics);
    summary.claims = (summary.claims ?? 0) + resolved.document.claims.length;
    for (const [name, count] of Object.entries(resolved.document.resolution.summary ?? {})) {
      summary[name] = (summary[name] ?? 0) + count;
    }
  }

  const run: ResolutionRun = {
    kind: 'resolution-run',
    run_version: '1',
    run_id: runId,
    as_of: ctx.asOf,
    resolver: tool,
    claim_ir_batch_ref: batch.value.ref,
    resources: { entities: pins.entities.ref, properties: pins.properties.ref },
    hints_used: pins.hints !== undefined,
    hint_refs: pins.hints ? [pins.hints.ref] : [],
    policies: policiesOf(policy),
    summary,
    diagnostics,
  };
  const data = { kind: resolvedKinds.lines, media_type: linesMediaType, bytes: encodeLines(lines) };
  const runOutput = jsonOutput(resolvedKinds.run, run);
  const answer: ResolvedBatch = {
    kind: 'resolved-batch',
    batch_version: '1',
    data_ref: digestOfBytes(data.bytes),
    claim_ir_batch_ref: batch.value.ref,
    resolution_run_ref: digestOfBytes(runOutput.bytes),
    resolver: tool,
    members: members.value.map(({ ref, docId }, i) => ({
      ref: lines[i]?.ref as string,
      claim_ir_ref: ref,
      doc_id: docId,
      line: i + 1,
    })),
  };
  return {
    ok: true,
    value: {
      outputs: [jsonOutput(resolvedKinds.batch, answer), data, runOutput],
      metrics: { ...summary, gazetteer_entities: resources.value.entities.size, bytes: data.bytes.length },
      diagnostics: diagnosticsOf(diagnostics.map((diagnostic) => diagnostic.code)),
    },
  };
};

/** Reads the batch's documents and checks that they are the ones it names, in its order. */
async function readMembers(
  ctx: StageCoreContext,
  batch: { data_ref: string; members: readonly { ref: string; doc_id: string }[] },
): Promise<StageResult<Member[]>> {
  const lines = decodeLines(await ctx.read(batch.data_ref));
  if (!lines.ok) return stageRefusal('STAGE_INPUT_INVALID', `claim-ir-lines: ${lines.detail}`, lines.path);
  if (lines.value.length !== batch.members.length) {
    return stageRefusal('STAGE_INPUT_INVALID', `${batch.members.length} members, ${lines.value.length} lines`);
  }
  const members: Member[] = [];
  for (const [i, { ref, doc_id }] of batch.members.entries()) {
    const line = lines.value[i] ?? null;
    if (jsonLine(line).ref !== ref) return stageRefusal('HASH_MISMATCH', `line ${i + 1} is not ${ref}`);
    const doc = checked(line, ClaimIrSchema, `line ${i + 1}`);
    if (!doc.ok) return doc;
    members.push({ ref, doc: doc.value, docId: doc_id });
  }
  return { ok: true, value: members };
}

/** The resolver's own last look: the contract's shape, and exactly the claim ids that came in. A failure is a mistake of this code. */
function assertSound(doc: ClaimIr, resolved: ResolvedClaimIr): void {
  const valid = ResolvedClaimIrSchema.safeParse(resolved);
  if (!valid.success) throw new TypeError(`Resolved Claim-IR: ${valid.error.issues[0]?.message}`);
  const asked = [...claimsOf(doc)].map(({ claim }) => claim.claim_id);
  if (asked.length !== resolved.claims.length || asked.some((id, i) => id !== resolved.claims[i]?.claim_id)) {
    throw new TypeError('resolution would drop, add or reorder claims');
  }
}

function policiesOf(policy: ResolutionPolicy): ResolutionRun['policies'] {
  const { resolved_min_bp, gap_min_bp, unresolved_below_bp, popularity_high_bp, context_low_bp } = policy;
  return {
    candidate_top_k: { entity: policy.top_k_entity, property: policy.top_k_property },
    tie_breakers: [...tieBreakers],
    normalization_ruleset_id: fingerprintRuleset,
    scoring_ruleset_id: policy.ruleset_id,
    thresholds_bp: { resolved_min_bp, gap_min_bp, unresolved_below_bp, popularity_high_bp, context_low_bp },
  };
}
