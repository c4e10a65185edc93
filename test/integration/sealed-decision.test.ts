import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SealedDecision } from '@orgo/contracts';
import { openKeyring } from '@orgo/runtime/keyring';
import { verifySealedDecision } from '@orgo/runtime/sealed-decision';
import type { AnySigner } from '@orgo/runtime/signer';
import { statementCache } from '@orgo/runtime/statement-cache';
import { createTenant, keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { revokeKey, rotateRole } from '@orgo/runtime/trust-rotation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSealedLog } from '../kit/sealed-log.ts';

const tenant = 'acme';
let home: string;
let log: ReturnType<typeof createSealedLog>;
let gatekeeper: AnySigner;
let first: AnySigner;

const signerOf = (role: string): Promise<AnySigner> =>
  openKeyring(keysDir(home), TrustStore.open(trustDir(home))).signer(tenant, role);
const keyOf = ({ key_id, publicKey, sign }: AnySigner) => ({ keyid: key_id, raw: publicKey, sign });
const seal = (by: AnySigner): SealedDecision =>
  log.append({ kind: 'RECORD', build_id: 'bld_0198c0de-0000-7000-8000-000000000001', root_version: 1 }, {
    gatekeeper: keyOf(gatekeeper),
    log: keyOf(by),
  } as Parameters<typeof log.append>[1]);
const believe = (sealed: SealedDecision) =>
  verifySealedDecision(sealed, tenant, { trust: TrustStore.open(trustDir(home)), cache: statementCache() });

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'orgo-sealed-'));
  await createTenant(home, tenant, { adapters: [] });
  const root = await TrustStore.open(trustDir(home)).root(tenant);
  log = createSealedLog(tenant, root.log.origin);
  [gatekeeper, first] = await Promise.all([signerOf('gatekeeper'), signerOf('log')]);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a sealed decision of an earlier root', () => {
  it('is believed under a checkpoint of today, by the key that the log has now', async () => {
    expect(await believe(seal(first))).toMatchObject({ ok: true });
    await rotateRole(home, tenant, 'log', {});
    const now = await signerOf('log');
    expect(now.key_id).not.toBe(first.key_id);
    expect(await believe(seal(now))).toMatchObject({ ok: true, value: { log_index: 1 } });
    expect(await believe(seal(first))).toMatchObject({ ok: true });
  });

  it('is not believed under a checkpoint by a log key that was revoked since, whichever root it names', async () => {
    const before = seal(first);
    await revokeKey(home, tenant, first.key_id, { reason: 'stolen' });
    expect(await believe(before)).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
    expect(await believe(seal(await signerOf('log')))).toMatchObject({ ok: true });
  });
});
