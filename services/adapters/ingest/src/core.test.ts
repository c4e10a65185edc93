import type { ArtifactRef, BuildRequest } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import {
  kristalV3Profile,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  type SnapshotSet,
  SnapshotSetSchema,
  StageMemory,
} from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { runIngest } from './core.ts';

const asOf = '2026-11-20T10:00:00.000Z';
const pinned = (kind: string) => ({ kind, ref: digestOfBytes(utf8(kind)), media_type: 'application/jsonl', size: 1 });

type Document = { path: string; text?: string; bytes?: Uint8Array; media_type?: string; source_id?: string };
type Source = BuildRequest['documents'][number]['source'];
type Given = { source?: Partial<Source>; stored?: (bytes: Uint8Array) => Uint8Array; size?: number };

async function ingest(documents: Document[], on_poison: 'stop' | 'dead_letter' = 'stop', given: Given = {}) {
  const memory = new StageMemory();
  const stored = new Map<string, Uint8Array>();
  const request: BuildRequest = {
    v: 1,
    kind: 'build-request',
    resources: [],
    profile: 'grounded',
    documents: documents.map(
      ({ path, text = '', bytes = utf8(text), media_type = 'text/markdown', source_id = path }) => {
        const ref = digestOfBytes(bytes);
        stored.set(ref, given.stored?.(bytes) ?? bytes);
        const source = {
          source_id,
          origin: 'test',
          license: 'CC0-1.0',
          title: null,
          lang: null,
          retrieved_at: asOf,
          ...given.source,
        };
        return { path, ref, size: given.size ?? bytes.length, media_type, source };
      },
    ),
  };
  const requestRef = memory.putJson('build-request', request);
  const inputs = [requestRef, memory.putJson('pinned-context', contextOf(requestRef, on_poison))];
  const read = async (ref: string) => stored.get(ref) ?? memory.read(ref);
  const result = await runIngest({ asOf, config: {}, inputs, read });
  if (!result.ok) return { code: result.code, detail: result.detail, set: undefined };
  const [output] = result.value.outputs;
  const set: SnapshotSet = SnapshotSetSchema.parse(JSON.parse(new TextDecoder().decode(output?.bytes)));
  return { code: undefined, detail: '', set, result };
}

function contextOf(request: ArtifactRef, on_poison: 'stop' | 'dead_letter') {
  const body: PinnedContextBody = {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: request.ref, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: request.ref,
    pipeline: { ref: request.ref, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
    governance: [],
    ingest: { on_poison, access_class: 'public' },
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
    tools: {},
    canonicalization: kristalV3Profile.canonicalization,
  };
  return { ...body, pinned_context_hash: pinnedContextHash(body) };
}

const poison: Document = { path: 'b.md', bytes: new Uint8Array([0x61, 0xc0, 0xaf]) };

describe('ingest', () => {
  it('lists snapshots by path with their provenance, in code units and not in a locale', async () => {
    const { set } = await ingest([{ path: 'é.md', text: 'é😀' }, { path: 'a.md' }, { path: 'Z.md' }]);
    expect(set?.snapshots.map((snapshot) => snapshot.path)).toEqual(['Z.md', 'a.md', 'é.md']);
    expect(set?.snapshots[2]).toMatchObject({
      ref: digestOfBytes(utf8('é😀')),
      size: 6,
      code_points: 2,
      media_type: 'text/markdown',
      access_class: 'public',
      retrieved_at: asOf,
      transformations: [],
      source: { source_id: 'é.md', origin: 'test', license: 'CC0-1.0' },
    });
  });

  it('gives the same payload the same reference, whatever is said about it', async () => {
    const plain = await ingest([{ path: 'a.md', text: 'x' }]);
    const titled = await ingest([{ path: 'b.md', text: 'x' }], 'stop', { source: { title: 'X', lang: 'fr' } });
    expect(titled.set?.snapshots[0]?.ref).toBe(plain.set?.snapshots[0]?.ref);
    const twice = await ingest([
      { path: 'a.md', text: 'x' },
      { path: 'b.md', text: 'x' },
    ]);
    expect(twice.result?.value.metrics).toMatchObject({ documents: 2, payloads: 1 });
  });

  it('never changes the text: line ends, byte order mark and composition stay', async () => {
    const text = '\ufeffa\r\nCafe\u0301';
    const { set } = await ingest([{ path: 'a.md', text }]);
    expect(set?.snapshots[0]).toMatchObject({ ref: digestOfBytes(utf8(text)), code_points: 9 });
  });

  it('puts a poison document aside where the policy says so, and goes on', async () => {
    const { set, result } = await ingest([{ path: 'a.md', text: 'x' }, poison], 'dead_letter');
    expect(set?.snapshots.map((snapshot) => snapshot.path)).toEqual(['a.md']);
    expect(set?.excluded).toMatchObject([{ path: 'b.md', source_id: 'b.md', code: 'INGEST_PARSE_ERROR' }]);
    expect(result?.value.diagnostics).toEqual([
      { code: 'DEAD_LETTERED', count: 1 },
      { code: 'INGEST_PARSE_ERROR', count: 1 },
    ]);
  });
});

const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));

describe('ingest refuses', () => {
  it.each<[string, string, Document[], ('stop' | 'dead_letter')?, Given?]>([
    ['an empty corpus', 'INGEST_CORPUS_EMPTY', []],
    ['a corpus of poison', 'INGEST_CORPUS_EMPTY', [poison], 'dead_letter'],
    ['poison where the policy stops', 'INGEST_PARSE_ERROR', [{ path: 'a.md' }, poison]],
    [
      'JSON with a key twice',
      'INGEST_PARSE_ERROR',
      [{ path: 'a.json', text: '{"a":1,"a":2}', media_type: 'application/json' }],
    ],
    [
      'a media type without a reader',
      'INGEST_PARSE_ERROR',
      [{ path: 'a.bin', media_type: 'application/octet-stream' }],
    ],
    ['other bytes', 'HASH_MISMATCH', [{ path: 'a.md', text: 'x' }], 'dead_letter', { stored: flipped }],
    ['fewer bytes', 'SIZE_MISMATCH', [{ path: 'a.md', text: 'xy' }], 'dead_letter', { stored: (b) => b.slice(1) }],
    ['a wrong size', 'SIZE_MISMATCH', [{ path: 'a.md', text: 'xy' }], 'dead_letter', { size: 3 }],
    [
      'no retrieval time',
      'INGEST_PROVENANCE_INCOMPLETE',
      [{ path: 'a.md' }],
      'stop',
      { source: { retrieved_at: null } },
    ],
    [
      'a retrieval time without zone',
      'INGEST_PROVENANCE_INCOMPLETE',
      [{ path: 'a.md' }],
      'stop',
      { source: { retrieved_at: '2026-11-20T10:00:00' } },
    ],
    [
      'one source id for two',
      'INGEST_PROVENANCE_INCOMPLETE',
      [
        { path: 'a.md', source_id: 's' },
        { path: 'b.md', source_id: 's' },
      ],
    ],
    ['no licence', 'REQUEST_INVALID', [{ path: 'a.md' }], 'stop', { source: { license: '' } }],
    ['paths that differ in case', 'INPUT_PATH_INVALID', [{ path: 'a/B.md' }, { path: 'a/b.md' }]],
    ['paths that differ in composition', 'INPUT_PATH_INVALID', [{ path: 'é.md' }, { path: 'e\u0301.md' }]],
    ['a path twice', 'INPUT_PATH_INVALID', [{ path: 'a.md' }, { path: 'a.md', source_id: 'b' }]],
    ...['/a', '../a', 'a/../b', './a', 'a//b', 'a/', 'a\\b', 'C:a', 'a\u0000b', 'a\nb', 'a\u007fb', 'a\u0085b'].map(
      (path): [string, string, Document[]] => [`the path ${JSON.stringify(path)}`, 'INPUT_PATH_INVALID', [{ path }]],
    ),
  ])('%s', async (_, code, documents, policy, given) => {
    expect((await ingest(documents, policy, given)).code).toBe(code);
  });
});
