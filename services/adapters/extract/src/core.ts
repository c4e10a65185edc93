import { digestOf, digestOfBytes, type JsonValue, parseStrict } from '@orgo/core';
import {
  artifactLimits,
  type ClaimIr,
  type ClaimIrBatch,
  ClaimIrSchema,
  checked,
  claimIrKinds,
  claimsOf,
  codesOfExcluded,
  type DeadLetter,
  deadLettersOutput,
  diagnosticsOf,
  encodeLines,
  intakeOf,
  jsonOutput,
  linesMediaType,
  maxPassedOverPlaces,
  type PassedOver,
  type PassedOverPlace,
  type PinnedContext,
  PinnedContextSchema,
  readInput,
  referenceTools,
  type Snapshot,
  SnapshotSetSchema,
  type StageCore,
  type StageCoreContext,
  type StageDiagnostic,
  type StageRefusal,
  type StageResult,
  snapshotText,
  sortedLines,
  stageRefusal,
} from '@orgo/kristal';
import { documentsOf } from './drafts.ts';
import { isEntityFile, readEntities } from './entities.ts';
import { frontMatter } from './front-matter.ts';
import { grammarVersion } from './grammar/grammar.ts';
import { proseLanguages, readProse } from './prose.ts';
import { readTable, type TableMapping, TableMappingSchema } from './table.ts';

/** What one snapshot gave: its Claim-IR documents and what was passed over. */
type Extraction = { documents: ClaimIr[]; passed: Passed[] };
type Passed = { code: string; count: number; places?: PassedOverPlace[] };

/**
 * Stage 2 of a Kristal build (ST-17..ST-20): proposes claims by fixed rules, with evidence and uncertainty, and resolves nothing.
 *
 * Inputs `pinned-context`, `snapshot-set`; outputs `claim-ir-batch`, `claim-ir-lines` and, where documents were put aside, `dead-letters`. The bytes
 * depend on the snapshots, the rules and the config, and on nothing else. A document that cannot be extracted or gives more than `max_document_claims`
 * stops the build or is put aside, as the mandate's `on_poison` says. Refuses with STAGE_INPUT_INVALID, RESOURCE_VERSION_MISSING (another tool is pinned),
 * EXTRACT_SCHEMA_INVALID, STAGE_LIMIT_EXCEEDED.
 */
export const runExtract: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const pin = pinnedTool(context.value.value);
  if (pin) return pin;
  const set = await readInput(ctx, 'snapshot-set', SnapshotSetSchema);
  if (!set.ok) return set;

  const texts = await readTexts(ctx, set.value.value.snapshots);
  if (!texts.ok) return texts;
  const mappings = readMappings(texts.value);
  const { ingest: policy, contract_profile } = context.value.value;
  const stops = policy.on_poison === 'stop';
  const { max_document_claims } = intakeOf(policy, contract_profile);
  const documents: ClaimIr[] = [];
  const passed: PassedOver[] = [];
  const letters: DeadLetter[] = [];
  const unseen = unseenClaims();
  let repeats = 0;
  for (const source of texts.value) {
    ctx.signal?.throwIfAborted();
    const taken = takeOne(source, mappings, max_document_claims, stops);
    if (taken.ok) {
      const { documents: fresh, repeated } = unseen(taken.value.documents);
      for (const document of fresh) documents.push(document);
      repeats += repeated;
      for (const one of taken.value.passed) passed.push(passedOverOf(source.snapshot, one));
    } else if (stops) return taken;
    else letters.push(letterOf(source.snapshot, taken));
  }
  if (letters.length > 0 && letters.length === texts.value.length)
    return stageRefusal('INGEST_CORPUS_EMPTY', 'every document was put aside');
  const found = { documents, passed, repeats };
  const batch = batchOf(ctx, found, set.value.ref, contract_profile.limits.max_claims);
  if (!batch.ok || letters.length === 0) return batch;
  const { outputs, metrics, diagnostics } = batch.value;
  return {
    ok: true,
    value: {
      outputs: [...outputs, ...deadLettersOutput('extract', set.value.ref, letters)],
      metrics: { ...metrics, excluded: letters.length },
      diagnostics: diagnosticsOf([...diagnostics.flatMap(repeatedCode), ...codesOfExcluded(letters)]),
    },
  };
};

const repeatedCode = ({ code, count }: Pick<StageDiagnostic, 'code' | 'count'>): string[] =>
  Array<string>(count).fill(code);

const passedOverOf = ({ path, source }: Snapshot, { code, count, places }: Passed): PassedOver => ({
  code,
  doc_id: path,
  source_id: source.source_id,
  count,
  ...(places ? { places: places.slice(0, maxPassedOverPlaces) } : {}),
});

const letterOf = ({ path, ref, size, media_type, source }: Snapshot, { code, detail }: StageRefusal): DeadLetter => ({
  path,
  ref,
  size,
  media_type,
  source_id: source.source_id,
  code,
  detail,
});

/** Extracts one document and holds it against Claim-IR and its limit. A throw is the document's too, where documents can be put aside. */
function takeOne(
  source: Source,
  mappings: ReadonlyMap<string, TableMapping>,
  maxClaims: number,
  stops: boolean,
): StageResult<Extraction> {
  const { path } = source.snapshot;
  let extraction: Extraction;
  try {
    extraction = extractOne(source, mappings);
  } catch (error) {
    if (stops) throw error;
    return stageRefusal('STAGE_INTERNAL_ERROR', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  let claims = 0;
  for (const document of extraction.documents) {
    const valid = checked(document as JsonValue, ClaimIrSchema, `${path}: Claim-IR`, 'EXTRACT_SCHEMA_INVALID');
    if (!valid.ok) return valid;
    claims += [...claimsOf(document)].length;
  }
  return claims > maxClaims
    ? stageRefusal('STAGE_LIMIT_EXCEEDED', `${path}: ${claims} claims; max_document_claims is ${maxClaims}`)
    : { ok: true, value: extraction };
}

/** Lets a claim through once: a second copy of a document states nothing new, and its claims have the same ids. */
function unseenClaims(): (documents: readonly ClaimIr[]) => { documents: ClaimIr[]; repeated: number } {
  const seen = new Set<string>();
  return (documents) => {
    let repeated = 0;
    const kept: ClaimIr[] = [];
    for (const document of documents) {
      const repeats = new Set<string>();
      for (const { claim } of claimsOf(document)) if (seen.has(claim.claim_id)) repeats.add(claim.claim_id);
      for (const { claim } of claimsOf(document)) seen.add(claim.claim_id);
      repeated += repeats.size;
      const claims = document.claims.filter((claim) => !repeats.has(claim.claim_id));
      if (claims.length > 0 || document.claims.length === 0) kept.push({ ...document, claims });
    }
    return { documents: kept, repeated };
  };
}

function pinnedTool(context: PinnedContext) {
  const { name, version } = referenceTools.extract;
  const pinned = context.tools.extract;
  return pinned?.name === name && pinned.version === version
    ? undefined
    : stageRefusal(
        'RESOURCE_VERSION_MISSING',
        `pinned extractor is ${pinned?.name}@${pinned?.version}, this is ${name}@${version}`,
      );
}

/** A snapshot with its decoded text and, for JSON, its value. */
type Source = { snapshot: Snapshot; text: string; json?: JsonValue };

async function readTexts(ctx: StageCoreContext, snapshots: readonly Snapshot[]): Promise<StageResult<Source[]>> {
  const sources: Source[] = [];
  for (const snapshot of snapshots) {
    const bytes = await ctx.read(snapshot.ref);
    const text = snapshotText(bytes);
    if (!text.ok || text.value.length !== snapshot.code_points) {
      return stageRefusal('STAGE_INPUT_INVALID', `${snapshot.path} is not the text its snapshot describes`);
    }
    const json = snapshot.media_type === 'application/json' ? parseStrict(bytes, artifactLimits) : undefined;
    if (json && !json.ok) return stageRefusal('STAGE_INPUT_INVALID', `${snapshot.path}: ${json.detail}`, json.path);
    sources.push({ snapshot, text: text.value.text, ...(json ? { json: json.value } : {}) });
  }
  return { ok: true, value: sources };
}

/** Mappings by the path of the table they describe, which is relative to the mapping's own folder. */
function readMappings(sources: readonly Source[]): ReadonlyMap<string, TableMapping> {
  const mappings = new Map<string, TableMapping>();
  for (const { snapshot, json } of sources) {
    const mapping = json === undefined ? undefined : TableMappingSchema.safeParse(json);
    if (!mapping?.success) continue;
    const folder = snapshot.path.slice(0, snapshot.path.lastIndexOf('/') + 1);
    mappings.set(folder + mapping.data.table, mapping.data);
  }
  return mappings;
}

function extractOne(source: Source, mappings: ReadonlyMap<string, TableMapping>): Extraction {
  const { snapshot, text, json } = source;
  if (snapshot.media_type === 'text/markdown' || snapshot.media_type === 'text/plain')
    return extractProse(snapshot, text);
  const title = snapshot.source.title ?? snapshot.path;
  const lang = snapshot.source.lang ?? 'en';
  if (snapshot.media_type === 'text/csv') {
    const mapping = mappings.get(snapshot.path);
    if (!mapping)
      return { documents: documentsOf(snapshot, title, lang, []), passed: some('TABLE_MAPPING_MISSING', 1) };
    const { drafts, malformed, missing } = readTable(snapshot, text, mapping, title);
    return {
      documents: documentsOf(snapshot, title, mapping.lang, drafts),
      passed: [
        ...some('TABLE_ROW_MALFORMED', malformed.length, malformed),
        ...some('TABLE_COLUMN_MISSING', missing.length),
      ],
    };
  }
  if (json !== undefined && isEntityFile(json)) {
    const { drafts, skipped } = readEntities(snapshot, json, title);
    return { documents: documentsOf(snapshot, title, lang, drafts), passed: some('STATEMENT_SKIPPED', skipped) };
  }
  // A mapping says what a table means; it makes no claim and needs no document.
  if (json !== undefined && TableMappingSchema.safeParse(json).success) return { documents: [], passed: [] };
  return { documents: documentsOf(snapshot, title, lang, []), passed: some('DOCUMENT_SHAPE_UNKNOWN', 1) };
}

const some = (code: string, count: number, places?: PassedOverPlace[]): Passed[] =>
  count === 0 ? [] : [{ code, count, ...(places ? { places } : {}) }];

function extractProse(snapshot: Snapshot, text: string): Extraction {
  const { fields, body } = frontMatter(text);
  const title = fields.get('title') ?? snapshot.source.title ?? snapshot.path;
  const lang = fields.get('lang') ?? snapshot.source.lang ?? 'en';
  const drafts = readProse(snapshot, text, body, title, lang);
  const passed = proseLanguages.includes(lang) ? [] : some('LANGUAGE_UNSUPPORTED', 1);
  return { documents: documentsOf(snapshot, title, lang, drafts), passed };
}

/** Counts the claims, sorts the documents by digest and writes the two artifacts. */
function batchOf(
  ctx: StageCoreContext,
  { documents, passed, repeats }: { documents: readonly ClaimIr[]; passed: readonly PassedOver[]; repeats: number },
  snapshotSetRef: string,
  maxClaims: number,
): Awaited<ReturnType<StageCore>> {
  const ids = new Set<string>();
  let claims = 0;
  for (const document of documents) {
    for (const { claim } of claimsOf(document)) {
      claims++;
      ids.add(claim.claim_id);
    }
  }
  if (claims > maxClaims) return stageRefusal('STAGE_LIMIT_EXCEEDED', `${claims} claims; ${maxClaims} are allowed`);
  if (ids.size !== claims) return stageRefusal('EXTRACT_SCHEMA_INVALID', 'two claims have one claim_id');

  const lines = sortedLines(documents);
  const data = { kind: claimIrKinds.lines, media_type: linesMediaType, bytes: encodeLines(lines) };
  const batch: Omit<ClaimIrBatch, 'data_ref'> = {
    kind: 'claim-ir-batch',
    batch_version: '1',
    offset_unit: 'unicode-code-point',
    snapshot_set_ref: snapshotSetRef,
    extractor: referenceTools.extract,
    config_ref: digestOf({ config: ctx.config, grammar: grammarVersion }),
    members: lines.map(({ ref, value }, i) => ({ ref, doc_id: value.document?.doc_id as string, line: i + 1 })),
    ...(passed.length === 0 ? {} : { passed_over: [...passed] }),
  };
  const codes = passed.flatMap(repeatedCode);
  codes.push(...repeatedCode({ code: 'CLAIM_REPEATED', count: repeats }));
  const warnings = documents.flatMap((document) => document.warnings?.map((warning) => warning.code) ?? []);
  return {
    ok: true,
    value: {
      outputs: [jsonOutput(claimIrKinds.batch, { ...batch, data_ref: digestOfBytes(data.bytes) }), data],
      metrics: { documents: documents.length, claims, bytes: data.bytes.length },
      diagnostics: diagnosticsOf([...codes, ...warnings]),
    },
  };
}
