import { generateKeyPairSync, sign } from 'node:crypto';
import type { CommandItem, GateDecision, StageCommand } from '@orgo/contracts';
import { keyIdOf } from '@orgo/core';
import { type Signer, trustedKeyOf, verifySignature } from '@orgo/runtime/signer';
import { statementCache } from '@orgo/runtime/statement-cache';
import type { Root } from '@orgo/runtime/trust';
import { expect, test } from 'vitest';
import { checkCommand } from './check.ts';
import {
  type CommandSigners,
  type CommandWish,
  sealedCommand,
  signed,
  someDigest,
} from './conformance/sealed-command.ts';

const signerOf = (tenant_id: string, role: string): Signer => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url'));
  return {
    key_id: keyIdOf(raw),
    role,
    tenant_id,
    alg: 'ed25519',
    publicKey: raw,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
};
const signersOf = (tenant: string) => ({
  orchestrator: signerOf(tenant, 'orchestrator'),
  gatekeeper: signerOf(tenant, 'gatekeeper'),
  log: signerOf(tenant, 'log'),
});
const originOf = (tenant: string) => `orgo.local/test/${tenant}`;

const acme = signersOf('acme');
const beta = signersOf('beta');
const root: Root = {
  tenant_id: 'acme',
  version: 1,
  expires_at: '2099-01-01T00:00:00.000Z',
  digest: someDigest('root'),
  roles: Object.keys(acme),
  keysOf: (role) => (role in acme ? [trustedKeyOf(acme[role as keyof typeof acme])] : []),
  threshold: () => 1,
  log: {
    origin: originOf('acme'),
    public: acme.log.publicKey,
    keys: [{ name: originOf('acme'), public: acme.log.publicKey }],
  },
};
const input = { kind: 'echo-request', ref: someDigest('a'), media_type: 'application/json', size: 3 };
const other = { ...input, ref: someDigest('b') };
const now = new Date('2026-06-01T00:00:00.000Z');

const check = (item: CommandItem, at = now) =>
  checkCommand(item, { root, adapter: 'echo', now: at, verify: verifySignature, cache: statementCache() });
const wished = (wish: CommandWish = {}, signers: CommandSigners = acme) =>
  sealedCommand(signers, originOf(signers.log.tenant_id), { inputs: [input], ...wish });
const item = (change: (item: CommandItem) => CommandItem): CommandWish => ({ forge: { item: change } });
const command = (change: Partial<StageCommand>): CommandWish => ({
  forge: { command: (value) => ({ ...value, ...change }) },
});
const decision = (change: Partial<GateDecision>): CommandWish => ({
  forge: { decision: (value) => ({ ...value, ...change }) },
});

test('a genuine command may run, as often as it comes', () => {
  const genuine = wished();
  const checked = check(genuine);
  expect(checked).toMatchObject({
    ok: true,
    value: { command: { stage: 'echo-1', inputs: [input] }, decision: { verdict: 'PASS' } },
  });
  expect(check(structuredClone(genuine))).toEqual(checked);
});

test('a retry under the same authorization may run', () => {
  expect(check(wished({ attempt: 2, epoch: 2, not_after: '2026-07-01T00:00:00.000Z' }))).toMatchObject({
    ok: true,
    value: { command: { attempt: 2 } },
  });
  expect(check(wished(decision({ verdict: 'SKIP' })))).toMatchObject({ ok: true });
});

const genuine = wished();
const forgedBy = (part: 'command' | 'authorization' | 'decision', signer: Signer) =>
  item((value) => ({
    ...value,
    [part]: signed(
      (value[part] as { type: string }).type,
      JSON.parse((value[part] as { payload: string }).payload),
      signer,
    ),
  }));
const edited = (part: 'command' | 'authorization' | 'decision') =>
  item((value) => ({
    ...value,
    [part]: {
      ...value[part],
      payload: (value[part] as { payload: string }).payload.replace('"v":1', '"v": 1'),
    } as CommandItem['command'],
  }));

test.each<[string, CommandWish, string]>([
  [
    'signed by another role',
    forgedBy('command', { ...acme.gatekeeper, role: 'gatekeeper' }),
    'COMMAND_SIGNER_UNTRUSTED',
  ],
  [
    'signed by another key that claims the role',
    forgedBy('command', { ...acme.gatekeeper, role: 'orchestrator' }),
    'COMMAND_SIGNER_UNTRUSTED',
  ],
  [
    'signed by another key that claims role and id',
    forgedBy('command', { ...acme.gatekeeper, role: 'orchestrator', key_id: acme.orchestrator.key_id }),
    'COMMAND_SIGNER_UNTRUSTED',
  ],
  ['edited after it was signed', edited('command'), 'COMMAND_SIGNER_UNTRUSTED'],
  [
    'with a path that leads nowhere',
    item((value) => ({
      ...value,
      command: { ...value.command, proof: { ...value.command.proof, path: ['0'.repeat(64)] } },
    })),
    'COMMAND_SIGNER_UNTRUSTED',
  ],
  [
    'signed as another kind of message',
    item((value) => ({ ...value, command: value.authorization ?? value.command })),
    'COMMAND_MALFORMED',
  ],
  ['that lacks a member', { forge: { command: ({ idem_key: _, ...value }) => value } }, 'COMMAND_MALFORMED'],
  ['with a member too many', { forge: { command: (value) => ({ ...value, also: 1 }) } }, 'COMMAND_MALFORMED'],
  ['that says another tenant than its signature', command({ tenant_id: 'beta' }), 'COMMAND_BUILD_MISMATCH'],
  ['for another adapter', command({ adapter: 'extract' }), 'COMMAND_BUILD_MISMATCH'],
  ['without authorization', item((value) => ({ ...value, authorization: null })), 'COMMAND_AUTHORIZATION_MISSING'],
  ['with an authorization by another role', forgedBy('authorization', acme.orchestrator), 'COMMAND_SIGNER_UNTRUSTED'],
  [
    'with an authorization by a key that claims the role',
    forgedBy('authorization', { ...acme.orchestrator, role: 'gatekeeper' }),
    'COMMAND_SIGNER_UNTRUSTED',
  ],
  ['with an edited authorization', edited('authorization'), 'COMMAND_SIGNER_UNTRUSTED'],
  [
    'with an authorization that lacks a member',
    { forge: { authorization: ({ stage: _, ...value }) => value } },
    'COMMAND_MALFORMED',
  ],
  ['that names another authorization', command({ authorization_digest: someDigest('x') }), 'COMMAND_PAYLOAD_MISMATCH'],
  ['at another as_of', command({ as_of: '2026-01-02T00:00:00.000Z' }), 'COMMAND_PAYLOAD_MISMATCH'],
  ['of another build', command({ build_id: 'bld_0190a1b2-c3d4-7e5f-8a6b-000000000000' }), 'COMMAND_BUILD_MISMATCH'],
  ['of another stage', command({ stage: 'echo-2' }), 'COMMAND_BUILD_MISMATCH'],
  ['for other inputs', command({ inputs: [other] }), 'COMMAND_INPUTS_MISMATCH'],
  ['for more inputs', command({ inputs: [input, other] }), 'COMMAND_INPUTS_MISMATCH'],
  ['for an input of another size', command({ inputs: [{ ...input, size: 4 }] }), 'COMMAND_INPUTS_MISMATCH'],
  ['without decision', item((value) => ({ ...value, decision: null })), 'COMMAND_AUTHORIZATION_UNSEALED'],
  ['without seal', item((value) => ({ ...value, seal: null })), 'COMMAND_AUTHORIZATION_UNSEALED'],
  [
    'whose decision gives another authorization',
    decision({ authorizations: [someDigest('x')] }),
    'COMMAND_AUTHORIZATION_UNSEALED',
  ],
  [
    'whose decision is of another build',
    decision({ build_id: 'bld_0190a1b2-c3d4-7e5f-8a6b-000000000000' }),
    'COMMAND_AUTHORIZATION_UNSEALED',
  ],
  ['whose decision says no', decision({ verdict: 'FAIL' }), 'COMMAND_AUTHORIZATION_UNSEALED'],
  ['whose decision is by another role', forgedBy('decision', acme.orchestrator), 'COMMAND_SIGNER_UNTRUSTED'],
  [
    'whose decision is sealed at another place',
    item((value) => ({ ...value, seal: value.seal && { ...value.seal, index: 0 } })),
    'COMMAND_AUTHORIZATION_UNSEALED',
  ],
  [
    'whose decision is not the sealed one',
    item((value) => ({ ...value, decision: wished(decision({ actor: 'another' })).decision })),
    'COMMAND_AUTHORIZATION_UNSEALED',
  ],
  ['whose checkpoint is of another log', { forge: { origin: originOf('beta') } }, 'COMMAND_AUTHORIZATION_UNSEALED'],
  [
    'whose checkpoint is edited',
    item((value) => ({
      ...value,
      seal: value.seal && { ...value.seal, checkpoint: value.seal.checkpoint.replace('\n2\n', '\n3\n') },
    })),
    'COMMAND_AUTHORIZATION_UNSEALED',
  ],
  ['whose lease is over', { not_after: '2026-05-31T23:59:59.999Z' }, 'COMMAND_LEASE_EXPIRED'],
])('refuses a command %s', (_, wish, code) => {
  expect(check(wished(wish))).toMatchObject({ ok: false, code });
});

test('refuses what another tenant signed, and a checkpoint by a key that is not the log’s', () => {
  expect(check(wished({}, beta))).toMatchObject({ code: 'COMMAND_SIGNER_UNTRUSTED' });
  expect(check(wished({}, { ...acme, log: acme.gatekeeper }))).toMatchObject({
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
  });
});

test('an earlier check comes first: nothing is said about the content of a command by nobody', () => {
  const nobody = forgedBy('command', { ...acme.gatekeeper, role: 'orchestrator' });
  const late = { not_after: '2020-01-01T00:00:00.000Z' };
  expect(check(wished({ ...late, ...nobody }))).toMatchObject({ code: 'COMMAND_SIGNER_UNTRUSTED' });
  expect(check(wished({ ...late, ...item((value) => ({ ...value, seal: null })) }))).toMatchObject({
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
  });
});

test('our clock judges the lease: hours ahead it refuses one that holds, hours behind it takes one that is over', () => {
  const not_after = now.toISOString();
  const hours = (n: number): Date => new Date(now.getTime() + n * 3_600_000);
  expect(check(wished({ not_after }), hours(2))).toMatchObject({ code: 'COMMAND_LEASE_EXPIRED' });
  expect(check(wished({ not_after }), hours(-2))).toMatchObject({ ok: true });
});

test('a statement that was verified is not believed for another text', () => {
  const cache = statementCache();
  const expected = { root, adapter: 'echo', now, verify: verifySignature, cache };
  expect(checkCommand(genuine, expected)).toMatchObject({ ok: true });
  const stolen = {
    ...genuine,
    command: { ...genuine.command, payload: genuine.command.payload.replace('"attempt":1', '"attempt":2') },
  };
  expect(checkCommand(stolen, expected)).toMatchObject({ code: 'COMMAND_SIGNER_UNTRUSTED' });
});
