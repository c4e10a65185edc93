import type { ArtifactRef, BuildRecord } from '@orgo/contracts';
import { describe, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { buildRecordPredicate, provenancePredicate, statementOf } from './record-statement.ts';

const artifact = (kind: string, seed: string | number = kind): ArtifactRef => ({
  kind,
  ref: digestOf([kind, seed]),
  media_type: 'application/json',
  size: 1,
});

const kristal = {
  kristal_id: digestOf('k'),
  pack_id: 'a'.repeat(64),
  exchange: artifact('exchange'),
  exchange_manifest: artifact('exchange-manifest'),
  pack_manifest: artifact('pack-manifest'),
  pack_files: [artifact('pack-file', 1), artifact('pack-file', 2), artifact('pack-file', 1)],
};
const recordOf = (more: object = {}): BuildRecord =>
  ({
    outcome: 'COMPLETED',
    reason_codes: [],
    build_id: 'bld_x',
    record_hash: digestOf('record'),
    mandate_ref: digestOf('mandate'),
    pipeline: { ref: digestOf('pipeline') },
    toolchain: {},
    policy_selections: [],
    compiler: null,
    log: { origin: 'orgo.local/test/acme' },
    inputs: {
      snapshots: [digestOf('s1'), digestOf('s2')],
      resources: [],
      admitted: [artifact('mandate'), artifact('build-request')],
    },
    stages: [],
    outputs: { kristal },
    ...more,
  }) as unknown as BuildRecord;
type Statement = {
  predicateType: string;
  subject: { name: string; digest: { sha256: string } }[];
  predicate: Record<string, unknown>;
};
const statement = (more: object = {}): Statement => statementOf(recordOf(more), artifact('build-record')) as Statement;

describe('the statement over a record', () => {
  test('of a build that made something has every file as a subject, once', () => {
    const { predicateType, subject } = statement();
    expect(predicateType).toBe(provenancePredicate);
    expect(subject.map(({ name }) => name)).toEqual([
      'exchange',
      'exchange-manifest',
      'pack-manifest',
      'pack-file/0',
      'pack-file/1',
    ]);
  });

  test.each(['VALIDATION_FAILED', 'FAILED', 'CANCELLED'])(
    'of a build that ended %s has its snapshots and nothing that could pass for a result',
    (outcome) => {
      const made = statement({ outcome });
      expect(made.predicateType).toBe(buildRecordPredicate);
      expect(made.subject.map(({ name }) => name)).toEqual(['snapshot/0', 'snapshot/1']);
      expect(JSON.stringify(made)).not.toContain(kristal.exchange.ref.slice(7));
      expect(made.predicate).toMatchObject({ outcome, record_hash: digestOf('record') });
    },
  );

  test('of a build that read nothing has the request as its only subject', () => {
    const { subject } = statement({
      outcome: 'FAILED',
      inputs: { snapshots: [], resources: [], admitted: [artifact('mandate'), artifact('build-request')] },
    });
    expect(subject).toEqual([{ name: 'build-request', digest: { sha256: artifact('build-request').ref.slice(7) } }]);
  });

  test('external parameters are a closed list', () => {
    const { predicate } = statement();
    const { externalParameters } = (predicate as { buildDefinition: { externalParameters: object } }).buildDefinition;
    expect(Object.keys(externalParameters).sort()).toEqual([
      'blueprint_ref',
      'canonicalization_profile',
      'config_hash',
      'input_snapshots',
      'mandate_ref',
      'policy_selections',
    ]);
  });
});
