import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GateDecision, payloadTypes, type ReceiptItem } from '@orgo/contracts';
import {
  authorizationOf,
  blankDecision,
  canonical,
  digestOf,
  formatCheckpoint,
  leafHash,
  signBatch,
  signNote,
  utf8,
} from '@orgo/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyReceipt, verifySealedDecision } from './sealed-decision.ts';
import { Keyring } from './signer.ts';
import { statementCache } from './statement-cache.ts';
import { createTenant, keysDir, TrustStore, trustDir } from './trust.ts';

let home: string;
let trust: TrustStore;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'orgo-sealed-'));
  for (const tenant of ['acme', 'beta']) await createTenant(home, tenant, { adapters: ['echo'], instance: 'i1' });
  trust = TrustStore.open(trustDir(home));
});
afterAll(() => rm(home, { recursive: true }));

const decision = blankDecision({
  kind: 'ADMISSION',
  verdict: 'PASS',
  tenant_id: 'acme',
  build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
  actor: 'ann@example.org',
  at: '2026-11-20T12:00:00.000Z',
});
const authorization = authorizationOf(decision, 'echo-1', [], []);
const whole: GateDecision = { ...decision, authorizations: [digestOf(authorization)] };

type Lie = { role?: string; tenant?: string; decision?: object; authorization?: object; log?: string };

/** A receipt of the only leaf of a log, with what a test makes untrue of it. */
async function receiptOf(lie: Lie = {}): Promise<ReceiptItem> {
  const keyring = Keyring.open(keysDir(home));
  const signer = await keyring.signer(lie.tenant ?? 'acme', lie.role ?? 'gatekeeper');
  const payload = canonical(lie.decision ?? whole);
  const [signed, opens] = signBatch(
    [
      { type: payloadTypes.decision, payload },
      { type: payloadTypes.authorization, payload: canonical(lie.authorization ?? authorization) },
    ],
    signer,
    signer.sign,
  ) as [ReceiptItem['decision'], ReceiptItem['decision']];
  const log = await keyring.signer(lie.log ?? 'acme', 'log');
  const { origin } = (await trust.root(lie.log ?? 'acme')).log;
  const note = formatCheckpoint({ origin, size: 1, root: leafHash(utf8(payload)) });
  const checkpoint = signNote(note, { name: origin, public: log.publicKey }, log.sign);
  const seal = { index: 0, size: 1, path: [], checkpoint };
  return { decision: signed, authorizations: [opens], seal, traceparent: null } as ReceiptItem;
}

test('what the gatekeeper signed and the log holds is believed, again out of the cache', async () => {
  const belief = { trust, cache: statementCache() };
  const item = await receiptOf();
  const { key_id } = item.decision.proof;
  const believed = { decision: whole, digest: digestOf(whole), key_id, log_index: 0 };
  const authorizations = [{ authorization, digest: digestOf(authorization) }];
  for (let time = 0; time < 2; time++) {
    expect(await verifySealedDecision(item, 'acme', belief)).toEqual({ ok: true, value: believed });
    expect(await verifyReceipt(item, 'acme', belief)).toEqual({ ok: true, value: { ...believed, authorizations } });
  }
});

test.each<[string, string, Lie]>([
  ['signed in another role', 'KEY_NOT_TRUSTED_FOR_ROLE', { role: 'orchestrator' }],
  ['signed for another tenant', 'TENANT_MISMATCH', { tenant: 'beta' }],
  ['that is none', 'DECISION_MALFORMED', { decision: { ...whole, verdict: 'MAYBE' } }],
  ['about another tenant', 'TENANT_MISMATCH', { decision: { ...whole, tenant_id: 'beta' } }],
  ['in the log of another tenant', 'KEY_UNKNOWN', { log: 'beta' }],
])('a decision %s is refused: %s', async (_what, code, lie) => {
  const belief = { trust, cache: statementCache() };
  const item = await receiptOf(lie);
  expect(await verifySealedDecision(item, 'acme', belief)).toMatchObject({ ok: false, code });
  expect(await verifyReceipt(item, 'acme', belief)).toMatchObject({ ok: false, code });
});

test('an authorization that is none, or that the decision does not give, is refused: DECISION_MALFORMED', async () => {
  const belief = { trust, cache: statementCache() };
  for (const lie of [
    { ...authorization, stage: 'echo-2' },
    { ...authorization, stage: 7 },
  ]) {
    const item = await receiptOf({ authorization: lie });
    expect(await verifySealedDecision(item, 'acme', belief)).toMatchObject({ ok: true });
    expect(await verifyReceipt(item, 'acme', belief)).toMatchObject({ ok: false, code: 'DECISION_MALFORMED' });
  }
});

test('a seal of another text is refused, and a root that has not arrived yet is waited for', async () => {
  const belief = { trust, cache: statementCache() };
  const [item, other] = [await receiptOf(), await receiptOf({ decision: { ...whole, attempt: 1 } })];
  expect(await verifySealedDecision({ ...item, seal: other.seal }, 'acme', belief)).toMatchObject({
    ok: false,
    code: 'PROOF_INVALID',
  });
  const early = await receiptOf({ decision: { ...whole, root_version: 2 } });
  await expect(verifySealedDecision(early, 'acme', belief)).rejects.toMatchObject({ code: 'ROOT_VERSION_UNKNOWN' });
});
