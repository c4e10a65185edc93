import { join } from 'node:path';
import { payloadTypes, type ReceiptItem, type SignedItemWire } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import { createKey } from '@orgo/runtime/signer';
import { createTenant } from '@orgo/runtime/trust';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fault, type Stolen, signatureLies } from '../kit/liar.ts';
import { type Release, startRelease, tenant } from './release-instance.ts';

let rel: Release;
let id: string;
let keys: Stolen;
let genuine: ReceiptItem;
beforeAll(async () => {
  rel = await startRelease();
  const { home } = rel.instance;
  await createTenant(home, 'rival', { adapters: [] });
  const { keyring } = rel.platform;
  keys = {
    rightful: await keyring.signer(tenant, 'gatekeeper'),
    stranger: await createKey(join(home, 'strangers'), tenant, 'gatekeeper'),
    thief: await keyring.signer(tenant, 'operator'),
    foreign: await keyring.signer('rival', 'gatekeeper'),
  };
  const { build_id } = await rel.build();
  id = (await rel.create(build_id)).body.release_id;
  await rel.opened(id);
  await rel.peers.settled();
  const isRelease = ({ decision }: ReceiptItem): boolean => JSON.parse(decision.payload).kind === 'RELEASE';
  genuine = rel.peers.receipts.find(isRelease) as ReceiptItem;
});
afterAll(() => rel?.stop());

const codes: Record<Fault, string> = {
  type: 'PAYLOAD_TYPE_MISMATCH',
  role: 'KEY_NOT_TRUSTED_FOR_ROLE',
  tenant: 'TENANT_MISMATCH',
  path: 'PROOF_INVALID',
  key: 'KEY_UNKNOWN',
  signature: 'SIGNATURE_INVALID',
  form: 'DECISION_MALFORMED',
  body: 'TENANT_MISMATCH',
};
const refusedAs = async (item: ReceiptItem, code: string): Promise<void> => {
  const before = await rel.status(id);
  expect(await rel.peers.send([item])).toEqual([{ outcome: 'refused', code }]);
  expect(await rel.status(id)).toEqual(before);
};
/** What would end the release if it were believed. */
const fails = (): JsonValue => ({
  ...JSON.parse(genuine.decision.payload),
  verdict: 'FAIL',
  authorizations: [],
  reason_codes: ['CHANNEL_NOT_ALLOWED'],
});

describe('a receipt to the release service with one lie in it', () => {
  test.each(signatureLies.map((lie) => [lie.lie, codes[lie.fault], lie] as const))(
    'in its decision: %s: %s',
    async (_what, code, { tell }) => {
      await refusedAs({ ...genuine, decision: tell(fails(), payloadTypes.decision, keys), authorizations: [] }, code);
    },
  );

  test.each(
    signatureLies.filter(({ fault }) => fault !== 'body').map((lie) => [lie.lie, codes[lie.fault], lie] as const),
  )('in its authorization: %s: %s', async (_what, code, { tell }) => {
    const [opens] = genuine.authorizations as [SignedItemWire];
    const lie = tell(JSON.parse(opens.payload) as JsonValue, payloadTypes.authorization, keys);
    await refusedAs({ ...genuine, authorizations: [lie] }, code);
  });

  test('that was never sealed: PROOF_INVALID', async () => {
    const [right] = signatureLies.filter(({ fault }) => fault === 'role');
    const decision = right?.tell(fails(), payloadTypes.decision, { ...keys, thief: keys.rightful }) as SignedItemWire;
    await refusedAs({ ...genuine, decision, authorizations: [] }, 'PROOF_INVALID');
  });
});

test('the genuine one again is a duplicate, and the release goes on', async () => {
  expect(await rel.peers.send([genuine])).toEqual([{ outcome: 'duplicate', code: null }]);
  expect((await rel.status(id)).status).toBe('RELEASING');
});
