import { type ArtifactRef, deadLettersSchema } from '@orgo/contracts';
import { digestOfNothing, utf8 } from '@orgo/core';
import {
  type ClaimIr,
  ClaimIrBatchSchema,
  ClaimIrSchema,
  decodeLines,
  indexText,
  kristalV3Profile,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  referenceTools,
  StageMemory,
} from '@orgo/kristal';
import { runExtract } from './core.ts';

const asOf = '2026-11-20T10:00:00.000Z';
const pinned = (kind: string) => ({ kind, ref: digestOfNothing, media_type: 'application/jsonl', size: 1 });

export type File = { path: string; text: string; media_type: string; title?: string; lang?: string };
export type Given = {
  tools?: PinnedContextBody['tools'];
  maxClaims?: number;
  codePoints?: number;
  policy?: Partial<PinnedContextBody['ingest']>;
};

function context({ tools = { extract: referenceTools.extract }, maxClaims = 1000, policy = {} }: Given) {
  const profile = { ...kristalV3Profile, limits: { ...kristalV3Profile.limits, max_claims: maxClaims } };
  const body: PinnedContextBody = {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: digestOfNothing, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: digestOfNothing,
    pipeline: { ref: digestOfNothing, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: profile,
    contract_profile_ref: profileDigest(profile),
    governance: [],
    ingest: { on_poison: 'stop', access_class: 'public', ...policy },
    resolution: {
      ruleset_id: 'orgo.resolution-ladder@1',
      resolved_min_bp: 8500,
      gap_min_bp: 500,
      unresolved_below_bp: 4000,
      popularity_high_bp: 9000,
      context_low_bp: 2000,
      top_k_entity: 20,
      top_k_property: 10,
    },
    validation: {
      profile: 'grounded',
      profile_version: '1',
      allow_partial: false,
      confidence_min_bp: 0,
      max_issues: 10,
    },
    pack: {
      ordering: 'SPO',
      row_group: { kind: 'fixed_rows', rows: 100_000 },
      membership_filter: { kind: 'none' },
      bitmap: { format: 'roaring', run_optimize: false, shipped: false },
      join1: { cap: 5000, on_exceed: 'error' },
      paging: 'CURSOR',
    },
    resources: { entities: pinned('gazetteer-entities'), properties: pinned('gazetteer-properties') },
    tools,
    canonicalization: profile.canonicalization,
  };
  return { ...body, pinned_context_hash: pinnedContextHash(body) };
}

export async function extract(files: File[], given: Given = {}) {
  const memory = new StageMemory();
  const snapshots = files.map(({ path, text, media_type, title, lang }) => {
    const { ref, size } = memory.put('document', media_type, utf8(text));
    const source = {
      source_id: path,
      origin: 'test',
      license: 'CC0-1.0',
      ...(title ? { title } : {}),
      ...(lang ? { lang } : {}),
    };
    const code_points = given.codePoints ?? indexText(text).length;
    return {
      path,
      ref,
      size,
      media_type,
      access_class: 'public',
      retrieved_at: asOf,
      source,
      code_points,
      transformations: [],
    };
  });
  const set = {
    kind: 'snapshot-set',
    set_version: '1',
    build_request_ref: digestOfNothing,
    pinned_context_hash: digestOfNothing,
    snapshots,
    excluded: [],
  };
  const inputs = [memory.putJson('pinned-context', context(given)), memory.putJson('snapshot-set', set)];
  const { result, outputs } = await memory.run(runExtract, inputs, asOf);
  if (!result.ok) return { code: result.code, documents: [] as ClaimIr[], codes: [], letters: [] };
  const [batchRef, dataRef, lettersRef] = outputs as [ArtifactRef, ArtifactRef, ArtifactRef?];
  const letters = lettersRef ? deadLettersSchema.parse(await memory.json(lettersRef)).letters : [];
  const batch = ClaimIrBatchSchema.parse(await memory.json(batchRef));
  const lines = decodeLines(await memory.read(dataRef.ref));
  const documents = lines.ok ? lines.value.map((value) => ClaimIrSchema.parse(value)) : [];
  const codes = result.value.diagnostics.map(({ code, count }) => `${code} ${count}`);
  return { code: undefined, batch, dataRef, documents, codes, letters, metrics: result.value.metrics };
}

export const prose = (text: string, more: Partial<File> = {}): File => ({
  path: 'a.md',
  text,
  media_type: 'text/markdown',
  ...more,
});
export const claims = (documents: readonly ClaimIr[]) => documents.flatMap((document) => document.claims);
