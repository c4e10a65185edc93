import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalBytes, utf8 } from '@orgo/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf } from '../errors.ts';
import { openKeyring } from '../keyring.ts';
import { trustedKeyOf, verifySignature } from '../signer.ts';
import { createTenant, keysDir, TrustStore, trustDir } from '../trust.ts';
import { rotateRole } from '../trust-rotation.ts';
import { showTrust } from '../trust-view.ts';
import { tokenAgent } from './agent.ts';

// A real token: SoftHSM (Debian: softhsm2), driven over PKCS #11 like any other.
const module = '/usr/lib/softhsm/libsofthsm2.so';
const home = mkdtempSync(join(tmpdir(), 'orgo-token-'));
let missing: string | null = null;

beforeAll(() => {
  const conf = join(home, 'softhsm2.conf');
  mkdirSync(join(home, 'tokens'));
  writeFileSync(
    conf,
    `directories.tokendir = ${join(home, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env.SOFTHSM2_CONF = conf;
  try {
    const words = ['--init-token', '--free', '--label', 'orgo', '--so-pin', '1234', '--pin', '5678'];
    execFileSync('softhsm2-util', words, { stdio: 'ignore' });
  } catch {
    missing = 'needs SoftHSM: apt-get install softhsm2';
  }
  mkdirSync(keysDir(home), { recursive: true });
  writeFileSync(join(keysDir(home), 'pin'), '5678\n', { mode: 0o600 });
  const roles = ['root', 'gatekeeper', 'tuf-root', 'adapter.*'];
  const settings = { v: 1, module, token: 'orgo', pin_file: 'pin', roles };
  writeFileSync(join(keysDir(home), 'pkcs11.json'), JSON.stringify(settings));
});
afterAll(() => {
  delete process.env.SOFTHSM2_CONF;
  rmSync(home, { recursive: true, force: true });
});

test.each(['module: ready', 'null'])('a module that writes %s among the answers costs what was asked', async (said) => {
  const loud = join(home, 'loud.mjs');
  // Written by its process before it answers anything; that process would never end by itself.
  writeFileSync(loud, `console.log(${JSON.stringify(said)}); await new Promise(() => setInterval(() => {}, 1000));`);
  process.env.NODE_OPTIONS = `--import=${loud}`;
  try {
    const agent = tokenAgent({ module: '/nowhere/no-module.so', token: 'orgo', pin_file: '/nowhere/pin' });
    await expect(agent.list('acme/root')).rejects.toMatchObject({
      code: 'SIGNER_UNAVAILABLE',
      message: expect.stringContaining('a line that is no answer'),
    });
  } finally {
    delete process.env.NODE_OPTIONS;
  }
});

describe('keys in a token', () => {
  test('make a tenant whose roots they sign, sign for their roles, and are rotated', async (context) => {
    if (missing !== null) return context.skip(missing);
    await createTenant(home, 'vault', { adapters: ['echo'], rootKeys: 2, rootThreshold: 2 });
    const trust = TrustStore.open(trustDir(home));
    const keyring = openKeyring(keysDir(home), trust);
    const root = await trust.root('vault');
    const message = utf8('x'.repeat(8192));
    for (const [role, alg] of [
      ['gatekeeper', 'ecdsa-p256-sha256'],
      ['adapter.echo', 'ecdsa-p256-sha256'],
      ['release', 'ed25519'],
    ] as const) {
      const signer = await keyring.signer('vault', role);
      expect(signer.alg).toBe(alg);
      const [key] = root.keysOf(role);
      expect(key).toEqual(trustedKeyOf(signer));
      expect(verifySignature(trustedKeyOf(signer), message, await signer.sign(message))).toBe(true);
      expect(verifySignature(trustedKeyOf(signer), utf8('y'), await signer.sign(message))).toBe(false);
    }
    const rotated = await rotateRole(home, 'vault', 'gatekeeper');
    expect(
      (await openKeyring(keysDir(home), TrustStore.open(trustDir(home))).signer('vault', 'gatekeeper')).key_id,
    ).toBe(rotated.key_id);
    const view = await showTrust(home, 'vault');
    expect(view.keys.filter(({ role }) => role === 'root').map(({ alg, held }) => [alg, held])).toEqual([
      ['ecdsa-p256-sha256', true],
      ['ecdsa-p256-sha256', true],
    ]);
  });

  test('that cannot be reached sign nothing, and nothing else signs for them', async (context) => {
    if (missing !== null) return context.skip(missing);
    const pin_file = join(keysDir(home), 'pin');
    const label = 'orgo/vault/gatekeeper';
    const away = [
      tokenAgent({ module: '/nowhere/no-module.so', token: 'orgo', pin_file }),
      tokenAgent({ module, token: 'another', pin_file }),
      tokenAgent({ module, token: 'orgo', pin_file: '/nowhere/pin' }),
      tokenAgent({ module, token: 'orgo', pin_file }, { timeoutMs: 1 }),
    ];
    for (const agent of away) await expect(agent.list(label)).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' });
    const agent = tokenAgent({ module, token: 'orgo', pin_file });
    const gone = { id: '00', alg: 'ecdsa-p256-sha256' as const };
    await expect(agent.sign(label, gone, utf8('x'))).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' });
    // The process that failed is replaced.
    expect((await agent.list(label)).length).toBeGreaterThan(0);

    const elsewhere = join(home, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(
      join(elsewhere, 'pkcs11.json'),
      canonicalBytes({ v: 1, module: '/nowhere/no-module.so', token: 'orgo', pin_file: 'pin', roles: ['*'] }),
    );
    const keyring = openKeyring(elsewhere, TrustStore.open(trustDir(home)));
    await expect(keyring.signer('vault', 'gatekeeper')).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' });
    writeFileSync(join(elsewhere, 'pkcs11.json'), '{"v":1}');
    const unset = openKeyring(elsewhere, TrustStore.open(trustDir(home)));
    expect(codeOf(await unset.signer('vault', 'gatekeeper').catch((error: unknown) => error))).toBe(
      'SIGNER_UNAVAILABLE',
    );
  });
});
