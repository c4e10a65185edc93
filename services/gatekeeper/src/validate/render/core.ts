import { compareText, parseStrict } from '@orgo/core';
import {
  AfterRequestSchema,
  artifactLimits,
  diagnosticsOf,
  inputOf,
  jsonOutput,
  RenderBundleSchema,
  readInput,
  type StageCore,
  type StageCoreContext,
  type StageResult,
  sourcedPack,
} from '@orgo/kristal';
import { checkBundle } from './check-bundle.ts';
import type { RenderFinding } from './finding.ts';
import { renderReport } from './report.ts';

/**
 * Checks what a renderer made, and writes a Validation Report; the gate derives the verdict from it. A bundle that must not leave is an answer
 * of this stage, not a refusal.
 *
 * Inputs: `after-request`, `pack-manifest` (its files are read by digest), `render-bundle`. Output: `validation-report`, whose errors carry the
 * codes of the rendering contract. Refuses with `STAGE_INPUT_INVALID` where the request cannot be read, and with `UNVERIFIED_INPUT` for the pack.
 */
export const checkRender: StageCore = async (ctx) => {
  const request = await readInput(ctx, 'after-request', AfterRequestSchema);
  if (!request.ok) return request;
  const pack = await sourcedPack(ctx, request.value.value.pack_id);
  if (!pack.ok) return pack;
  const judged = await judgeBundle(ctx, { request: request.value.value, asOf: ctx.asOf, pack: pack.value });
  if (!judged.ok) return judged;
  const { findings, outputs, segments } = judged.value;
  const inputs = ctx.inputs.map(({ kind, ref }) => ({ kind, ref })).sort((a, b) => compareText(a.kind, b.kind));
  const report = renderReport(findings, { asOf: ctx.asOf, inputs, packId: pack.value.packId, outputs, segments });
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('validation-report', report)],
      metrics: { outputs, segments, errors: findings.length },
      diagnostics: diagnosticsOf(findings.map(({ code }) => code)),
    },
  };
};

type Judgement = { findings: RenderFinding[]; outputs: number; segments: number };

async function judgeBundle(
  ctx: StageCoreContext,
  terms: Parameters<typeof checkBundle>[1],
): Promise<StageResult<Judgement>> {
  const input = inputOf(ctx, 'render-bundle');
  if (!input.ok) return input;
  const json = parseStrict(await ctx.read(input.value.ref), artifactLimits);
  const parsed = RenderBundleSchema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const pointer = `/${(issue?.path ?? []).join('/')}`;
    const finding: RenderFinding = { code: 'RENDER_TRACE_INVALID', pointer, detail: issue?.message ?? 'not a bundle' };
    return { ok: true, value: { findings: [finding], outputs: 0, segments: 0 } };
  }
  const outputs = parsed.data.cards.flatMap((card) => card.outputs);
  return {
    ok: true,
    value: {
      findings: await checkBundle(parsed.data, terms),
      outputs: outputs.length,
      segments: outputs.reduce((sum, { trace_map }) => sum + trace_map.segments.length, 0),
    },
  };
}
