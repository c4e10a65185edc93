import { pipelines } from '@orgo/contracts';
import { canonicalBytes, digestOf, type JsonValue } from '@orgo/core';
import { defaultPackPolicy, kristalId, manifestPoliciesOf, runtimePackId } from '@orgo/kristal';
import { afterAll, describe, expect, test } from 'vitest';
import { createJudge } from './judge.ts';
import { judgeKind, needsBytes } from './kind-contracts.ts';

const json = (value: unknown) => canonicalBytes(value);
const text = (value: string) => new TextEncoder().encode(value);

/** An artifact of each kind that may declare signatures. */
function signable(): Record<string, object> {
  const canonicalization = {
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
  } as const;
  const empty = { items: [], properties: [], evidence_index: [], unresolved: [] };
  const content = { schema_version: '3.0', exchange_format: 'orgo.exchange/1', ...canonicalization, ...empty } as const;
  const id = kristalId(content);
  const hex = id.slice('sha256:'.length);
  const identity = {
    manifest_version: '3.0.0',
    exchange_ref: { exchange_id: hex },
    compiler: { name: 'test', version: '1' },
    build: {
      build_id: 'c-123456',
      deterministic: true as const,
      canonicalization_profile: 'jcs-rfc8785@1' as const,
      config_hash: hex,
    },
    policies: manifestPoliciesOf(defaultPackPolicy),
    files: [{ path: 'a', role: 'other' as const, sha256: hex, size_bytes: 1 }],
  };
  return {
    exchange: { ...content, kristal_id: id },
    'exchange-manifest': {
      schema_version: '3.0',
      kristal_id: id,
      ...canonicalization,
      content_hash: { algo: 'sha256', value: hex },
      build: { build_id: 'c-123456', compiler_name: 'test', compiler_version: '1', config_hash: hex },
      inputs: { source_snapshot_id: id },
    },
    'pack-manifest': { ...identity, runtime_pack_id: runtimePackId(identity), created_at: '2026-01-01T00:00:00Z' },
  };
}

describe('contracts by kind', () => {
  test.each<[string, string, Uint8Array, string | null]>([
    ['a pipeline that is one', 'pipeline', json(pipelines.echo as JsonValue), null],
    [
      'a pipeline with a stray member',
      'pipeline',
      json({ ...(pipelines.echo as object), x: 1 } as JsonValue),
      'BLUEPRINT_UNPINNED',
    ],
    ['a request that is none', 'build-request', json({}), 'REQUEST_INVALID'],
    ['a mandate that is none', 'mandate', json({}), 'MANDATE_INVALID'],
    ['a signature that is none', 'mandate-signature', json({}), 'MANDATE_SIGNATURE_INVALID'],
    ['a report that is none', 'validation-report', json({}), 'VALIDATION_REPORT_INVALID'],
    ['an Exchange that is none', 'exchange', json({}), 'EXCHANGE_SCHEMA_INVALID'],
    ['an Exchange that is no JSON', 'exchange', text('{'), 'EXCHANGE_SCHEMA_INVALID'],
    ['a manifest that is none', 'pack-manifest', json({}), 'MANIFEST_SCHEMA_INVALID'],
    ['a context that is none', 'pinned-context', json({}), 'GATE_CONTRACT_INVALID'],
    ['lines of something else', 'claim-ir-lines', text('{"a":1}\n'), 'GATE_CONTRACT_INVALID'],
    ['lines that do not end', 'resolved-lines', text('{"a":1}'), 'GATE_CONTRACT_INVALID'],
    ['no lines at all', 'claim-ir-lines', text(''), null],
  ])('%s', (_, kind, bytes, code) => {
    expect(judgeKind(kind, 'application/json', bytes).contract?.code ?? null).toBe(code);
  });

  test('a key that is there twice is no JSON of ours', () => {
    const judged = judgeKind('build-request', 'application/json', text('{"v":1,"\\u0076":1}'));
    expect(judged.contract).toMatchObject({
      code: 'REQUEST_INVALID',
      detail: expect.stringContaining('JSON_DUPLICATE_KEY'),
    });
  });

  test.each(Object.entries(signable()))(
    '%s that declares a signature by a key that nobody named is refused',
    (kind, artifact) => {
      const signatures = [{ key_id: 'k', alg: 'ed25519', signature: 'A'.repeat(86) }];
      expect(judgeKind(kind, 'application/json', json(artifact)).contract).toBeNull();
      const signed = judgeKind(kind, 'application/json', json({ ...artifact, signatures }));
      expect(signed.contract).toMatchObject({ code: 'KEY_UNKNOWN' });
    },
  );

  test('what an artifact refers to is a link, so that it can be held against the stage’s inputs and outputs', () => {
    const batch = {
      kind: 'claim-ir-batch',
      batch_version: '1',
      offset_unit: 'unicode-code-point',
      data_ref: digestOf('lines'),
      snapshot_set_ref: digestOf('set'),
      extractor: { name: 'x', version: '1' },
      config_ref: digestOf('config'),
      members: [],
    };
    expect(judgeKind('claim-ir-batch', 'application/json', json(batch))).toMatchObject({
      contract: null,
      links: [
        { kind: 'claim-ir-lines', ref: digestOf('lines') },
        { kind: 'snapshot-set', ref: digestOf('set') },
      ],
    });
  });

  test('a kind without a contract is JSON where it says so, and bytes otherwise', () => {
    expect(judgeKind('echo-text', 'application/json', text('{"a":1}')).contract).toBeNull();
    expect(judgeKind('echo-text', 'application/json', text('nonsense')).contract?.code).toBe('GATE_CONTRACT_INVALID');
    expect(judgeKind('constructor', 'text/plain', text('nonsense')).contract).toBeNull();
    expect(needsBytes('pack-file', 'application/octet-stream')).toBe(false);
    expect(needsBytes('exchange', 'application/octet-stream')).toBe(true);
  });
});

describe('the judge', () => {
  const judge = createJudge();
  afterAll(() => judge.close());
  const large = (tail: string) => text(`{"a":[${'"text",'.repeat(300_000)}"text"]${tail}`);

  test('says the same about large artifacts, in a thread of its own', async () => {
    const judged = await Promise.all([
      judge.judge('echo-text', 'application/json', large('}')),
      judge.judge('echo-text', 'application/json', large('')),
      judge.judge('build-request', 'application/json', large('}')),
      judge.judge('echo-text', 'application/json', text('{}')),
    ]);
    expect(judged.map(({ contract }) => contract?.code ?? null)).toEqual([
      null,
      'GATE_CONTRACT_INVALID',
      'REQUEST_INVALID',
      null,
    ]);
  });

  test('leaves the thread that decides free meanwhile', async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    await judge.judge('echo-text', 'application/json', text(`[${'0,'.repeat(6_000_000)}0]`));
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(10);
  });
});
