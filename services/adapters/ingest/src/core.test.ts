import { type ArtifactRef, type BuildRequest, deadLettersSchema } from '@orgo/contracts';
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
type Given = {
  source?: Partial<Source>;
  stored?: (bytes: Uint8Array) => Uint8Array;
  size?: number;
  policy?: Partial<PinnedContextBody['ingest']>;
  put_aside?: BuildRequest['put_aside'];
};

async function ingest(documents: Document[], on_poison: 'stop' | 'dead_letter' = 'stop', given: Given = {}) {
  const memory = new StageMemory();
  const stored = new Map<string, Uint8Array>();
  const request: BuildRequest = {
    v: 1,
    kind: 'build-request',
    resources: [],
    profile: 'grounded',
    ...(given.put_aside && { put_aside: given.put_aside }),
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
  const inputs = [requestRef, memory.putJson('pinned-context', contextOf(requestRef, { on_poison, ...given.policy }))];
  const reads: string[] = [];
  const read = async (ref: string) => {
    reads.push(ref);
    return stored.get(ref) ?? memory.read(ref);
  };
  const result = await runIngest({ asOf, config: {}, inputs, read });
  if (!result.ok) return { code: result.code, detail: result.detail, set: undefined, letters: [], reads };
  const [output, aside] = result.value.outputs;
  const parse = (bytes?: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
  const letters = aside ? deadLettersSchema.parse(parse(aside.bytes)).letters : [];
  const set: SnapshotSet = SnapshotSetSchema.parse(parse(output?.bytes));
  return { code: undefined, detail: '', set, result, letters, reads };
}

function contextOf(request: ArtifactRef, policy: Partial<PinnedContextBody['ingest']>) {
  const body: PinnedContextBody = {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: request.ref, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: request.ref,
    pipeline: { ref: request.ref, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
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

describe('limits', () => {
  const large: Document = { path: 'large.md', text: 'x'.repeat(101) };
  const small: Document = { path: 'small.md', text: 'x' };
  const policy = { max_document_bytes: 100 };

  it('a document over its limit is put aside before a byte of it is read, and listed with its size', async () => {
    const { set, letters, reads } = await ingest([large, small], 'dead_letter', { policy });
    expect(set?.snapshots.map(({ path }) => path)).toEqual(['small.md']);
    expect(letters).toEqual([
      {
        path: 'large.md',
        ref: digestOfBytes(utf8('x'.repeat(101))),
        source_id: 'large.md',
        size: 101,
        media_type: 'text/markdown',
        code: 'INGEST_DOCUMENT_TOO_LARGE',
        detail: 'large.md: 101 bytes; max_document_bytes is 100',
      },
    ]);
    expect(reads).not.toContain(letters[0]?.ref);
  });

  it('every document is in the set, or put aside, once', async () => {
    const { set, letters } = await ingest([large, small, poison], 'dead_letter', { policy });
    const excluded = set?.excluded.map(({ path }) => path) ?? [];
    expect(letters.map(({ path }) => path)).toEqual(excluded);
    expect([...excluded, ...(set?.snapshots.map(({ path }) => path) ?? [])].sort()).toEqual([
      'b.md',
      'large.md',
      'small.md',
    ]);
  });

  it('what was put aside and not requeued is left out unread, unless poison stops the build', async () => {
    const put_aside = [digestOfBytes(utf8('x'))] as BuildRequest['put_aside'];
    const more: Document = { path: 'more.md', text: 'y' };
    const { set, letters, reads, result } = await ingest([small, more], 'dead_letter', { put_aside });
    expect(set?.excluded).toMatchObject([{ path: 'small.md', code: 'DEAD_LETTERED' }]);
    expect(letters).toEqual([]);
    expect(reads).not.toContain(put_aside?.[0]);
    expect(result?.value.diagnostics).toEqual([{ code: 'DEAD_LETTERED', count: 1 }]);
    const taken = await ingest([small, more], 'stop', { put_aside });
    expect(taken.set?.snapshots.map(({ path }) => path)).toEqual(['more.md', 'small.md']);
  });

  it.each<[string, string, Given]>([
    ['a document', 'INGEST_DOCUMENT_TOO_LARGE', { policy }],
    ['the number of documents', 'INGEST_CORPUS_TOO_LARGE', { policy: { max_documents: 1 } }],
    ['all documents together', 'INGEST_CORPUS_TOO_LARGE', { policy: { max_corpus_bytes: 101 } }],
  ])('%s over the limit stops the build with %s', async (_, code, given) => {
    expect((await ingest([large, small], 'stop', given)).code).toBe(code);
  });

  it('a mandate cannot raise what the contract profile bounds', async () => {
    const { max_document_bytes } = kristalV3Profile.limits;
    const given = { size: max_document_bytes + 1, policy: { max_document_bytes: 2 * max_document_bytes } };
    expect((await ingest([small], 'stop', given)).code).toBe('INGEST_DOCUMENT_TOO_LARGE');
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
    ...[
      '/a',
      '../a',
      'a/../b',
      './a',
      'a//b',
      'a/',
      'a\\b',
      'C:a',
      'a\u0000b',
      'a\nb',
      'a\u007fb',
      'a\u0085b',
      'a\u202egnp.md',
      'é'.repeat(130),
    ].map((path): [string, string, Document[]] => [
      `the path ${JSON.stringify(path)}`,
      'INPUT_PATH_INVALID',
      [{ path }],
    ]),
  ])('%s', async (_, code, documents, policy, given) => {
    expect((await ingest(documents, policy, given)).code).toBe(code);
  });
});
