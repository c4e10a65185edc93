import { generateKeyPairSync, sign } from 'node:crypto';
import { type ArtifactRef, type BuildRecord, payloadTypes } from '@orgo/contracts';
import { canonicalBytes, digestOf, digestOfBytes, type JsonValue, pae, toBase64 } from '@orgo/core';
import { statementOf } from '@orgo/core/record-statement';
import { trustedKeyOf, verifySignature } from '@orgo/runtime/signer';
import { expect, test } from 'vitest';
import { bundlePaths } from './bundle-layout.ts';
import type { SealedLeaf } from './record.ts';
import { verifyStatement } from './verify-record.ts';

const artifact = (kind: string): ArtifactRef => ({
  kind,
  ref: digestOf(kind),
  media_type: 'application/json',
  size: 1,
});
const record = {
  outcome: 'COMPLETED',
  reason_codes: [],
  build_id: 'bld_x',
  record_hash: digestOf('record'),
  mandate_ref: digestOf('mandate'),
  created_at: '2026-01-01T00:00:00.000Z',
  ended_at: '2026-01-01T00:00:01.000Z',
  pipeline: { ref: digestOf('pipeline') },
  toolchain: { orgo: '1' },
  policy_selections: [],
  compiler: { config_hash: digestOf('config'), canonicalization_profile: 'p' },
  log: { origin: 'orgo.local/test/acme' },
  inputs: { snapshots: [digestOf('s1')], resources: [], admitted: [artifact('mandate')] },
  stages: [],
  outputs: {
    kristal: {
      kristal_id: digestOf('k'),
      pack_id: 'a'.repeat(64),
      exchange: artifact('exchange'),
      exchange_manifest: artifact('exchange-manifest'),
      pack_manifest: artifact('pack-manifest'),
      pack_files: [artifact('pack-file')],
    },
  },
} as unknown as BuildRecord;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
const key = trustedKeyOf({ key_id: 'g', alg: 'ed25519', publicKey: raw });
const root = { keysOf: () => [key], threshold: () => 1 } as unknown as Parameters<typeof verifyStatement>[3]['root'];

/** The statement as a holder of the gatekeeper's key would sign it, and the decision that names these very bytes. */
const judged = (statement: JsonValue) => {
  const payload = canonicalBytes(statement);
  const sig = toBase64(sign(null, pae(payloadTypes.statement, payload), privateKey));
  const bytes = canonicalBytes({
    payloadType: payloadTypes.statement,
    payload: toBase64(payload),
    signatures: [{ keyid: 'g', sig }],
  });
  const outputs = [artifact('build-record'), { ...artifact('build-statement'), ref: digestOfBytes(bytes) }];
  const files = { read: (path: string) => (path === bundlePaths.statement ? bytes : undefined) };
  return verifyStatement(files as never, record, { decision: { outputs } } as unknown as SealedLeaf, {
    root,
    verify: verifySignature,
  });
};

type Statement = {
  subject: { name: string; digest: { sha256: string } }[];
  predicate: { buildDefinition: Record<string, JsonValue>; runDetails: Record<string, JsonValue> };
};
const statement = () => structuredClone(statementOf(record, artifact('build-record'))) as unknown as Statement;

test('what follows from the record is its statement', () => {
  expect(judged(statement() as unknown as JsonValue)).toEqual({ ok: true, value: true });
});

test.each<[string, (made: Statement) => void]>([
  ['another name of a file', ({ subject }) => Object.assign(subject[0] as object, { name: 'pack-manifest' })],
  [
    'another builder',
    ({ predicate }) => Object.assign(predicate.runDetails, { builder: { id: 'https://evil.example' } }),
  ],
  ['another type of build', ({ predicate }) => Object.assign(predicate.buildDefinition, { buildType: 'x' })],
  ['other parameters', ({ predicate }) => Object.assign(predicate.buildDefinition, { externalParameters: {} })],
  ['no materials', ({ predicate }) => Object.assign(predicate.buildDefinition, { resolvedDependencies: [] })],
  ['one word more', ({ predicate }) => Object.assign(predicate, { note: record.record_hash })],
])('%s, signed by the gatekeeper’s key and named by the decision, is none', (_, change) => {
  const made = statement();
  change(made);
  expect(judged(made as unknown as JsonValue)).toMatchObject({ ok: false, code: 'BUNDLE_STATEMENT_MISMATCH' });
});
