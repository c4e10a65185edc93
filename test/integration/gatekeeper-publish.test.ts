import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArtifactRef,
  type BuildRecord,
  type ChannelChange,
  type GateDecision,
  type NodeReport,
  payloadTypes,
  type RollbackClaim,
} from '@orgo/contracts';
import { canonicalBytes, pae, toBase64 } from '@orgo/core';
import type { MandateBundle } from '@orgo/kristal';
import { newId } from '@orgo/runtime/ids';
import { createKey, type Signer } from '@orgo/runtime/signer';
import { createTenant } from '@orgo/runtime/trust';
import { revokeKey } from '@orgo/runtime/trust-rotation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifactFile } from '../kit/story.ts';
import { type Driven, type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';
import { kristalBuild, mandate, runStages, stepOf, stepsOf } from './gatekeeper-kristal.ts';
import type { Sealed } from './sealed-leaves.ts';

// Two builds are released to one channel, and a node has run both. Then everything is tried that must keep a pack from being published, and from being gone
// back to. Each time a decision is sealed that says so.
type Kristal = NonNullable<BuildRecord['outputs']['kristal']>;
type Built = { driven: Driven; sealed: Sealed; record: BuildRecord; kristal: Kristal; release_id: `rel_${string}` };

const channel = 'stable';
let gate: Gatekeeper;
let old: Built;
let young: Built;
let node: Signer;

const releaseId = (): `rel_${string}` => newId('rel') as `rel_${string}`;
const build = async (bundle: MandateBundle, left: number): Promise<Built> => {
  const driven = await kristalBuild(gate, ['reader'], bundle, left);
  await gate.admit(driven);
  await runStages(gate, driven);
  await gate.claim(driven, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
  const sealed = await gate.audit.until(({ build_id, kind }) => build_id === driven.build_id && kind === 'RECORD');
  const record = await gate.json<BuildRecord>(sealed.decision.outputs[0]?.ref);
  return { driven, sealed, record, kristal: record.outputs.kristal as Kristal, release_id: releaseId() };
};

/** Asks to publish, and answers what was sealed about it. */
const release = async (of: Built, release_id = releaseId(), detail: object = {}): Promise<GateDecision> => {
  const subject = { ...of.driven, build_id: release_id };
  const said = { build_id: of.driven.build_id, channel, pack_id: of.kristal.pack_id, release_seq: 1, ...detail };
  const evidence = [gate.audit.evidence(of.sealed)];
  expect(await gate.claim(subject, { claim: 'RELEASE', detail: said }, evidence, 'release')).toEqual({
    outcome: 'accepted',
    code: null,
  });
  return gate.decision(subject, ({ kind }) => kind === 'RELEASE');
};

type Going = { from: Built; to: Built; more?: Partial<RollbackClaim>; as_of?: string; evidence?: Sealed };
const claimBack = ({ from, to, more = {}, as_of, evidence = to.sealed }: Going) => {
  const rollback_id = newId('chg') as string;
  const detail = {
    rollback_id,
    channel,
    release_id: from.release_id,
    trigger: 'operator',
    mode: 'last_known_good',
    reason: 'bad answers',
    evidence: null,
    from: { release_seq: 3, pack_seq: 3, pack_id: from.kristal.pack_id },
    to: {
      release_id: to.release_id,
      pack_seq: to === old ? 1 : 2,
      pack_id: to.kristal.pack_id,
      kristal_id: to.kristal.kristal_id,
    },
    build_id: to.driven.build_id,
    ...more,
  };
  const claim = gate.claim(
    { ...to.driven, build_id: from.release_id },
    { claim: 'ROLLBACK', detail, ...(as_of && { as_of }) },
    [gate.audit.evidence(evidence)],
    'release',
  );
  return { rollback_id, claim };
};
/** Asks to go back, and answers what was sealed about it. */
const back = async (going: Going): Promise<GateDecision> => {
  const { rollback_id, claim } = claimBack(going);
  expect(await claim).toEqual({ outcome: 'accepted', code: null });
  const said = await gate.audit.until(({ kind, detail }) => kind === 'ROLLBACK' && detail.rollback_id === rollback_id);
  return said.decision;
};

const report = async (of: Built, pack_seq: number, n = pack_seq): Promise<void> => {
  const said: NodeReport = {
    v: 1,
    tenant_id: tenant,
    instance_id: 'node-1',
    channel,
    nonce: `${n}`.padStart(64, '0'),
    release_id: of.release_id,
    index_seq: pack_seq,
    release_seq: pack_seq,
    pack_seq,
    pack_id: of.kristal.pack_id,
    attempt: { type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null },
    active_pack_id: of.kristal.pack_id,
    last_known_good: null,
    highest_activated_seq: pack_seq,
    highest_seen_seq: pack_seq,
    health: 'HEALTHY',
    metrics: [],
    reported_at: of.driven.pins.as_of,
  };
  const payload = canonicalBytes(said);
  const signatures = [{ keyid: node.key_id, sig: toBase64(node.sign(pae(payloadTypes.nodeReport, payload))) }];
  const envelope = { payloadType: payloadTypes.nodeReport, payload: toBase64(payload), signatures };
  const subject = { ...of.driven, build_id: of.release_id };
  const detail = { instance_id: said.instance_id, nonce: said.nonce, envelope };
  expect(await gate.claim(subject, { claim: 'NODE_REPORT', detail }, [], 'release')).toMatchObject({ code: null });
};

beforeAll(async () => {
  gate = await startGatekeeper();
  [old, young] = await Promise.all([build(mandate(), 0), build(mandate(), 1)]);
  node = await createKey(join(gate.instance.home, 'nodes'), tenant, 'node.node-1');
  const detail = { instance_id: 'node-1', channel, public_key: toBase64(node.publicKey), labels: {} };
  await gate.claim({ ...old.driven, build_id: newId('rel') }, { claim: 'NODE_JOIN', detail }, [], 'release');
  for (const [at, of] of [old, young].entries()) {
    expect(await release(of, of.release_id)).toMatchObject({ verdict: 'PASS' });
    await report(of, at + 1);
  }
}, 60_000);
afterAll(() => gate.stop());

const drill = { trigger: 'drill' } as const;

test('what is whole may be published, and gone back to', async () => {
  expect(old.kristal.pack_id).not.toBe(young.kristal.pack_id);
  expect(await release(old)).toMatchObject({ verdict: 'PASS', reason_codes: [] });
  expect(await back({ from: young, to: old, more: drill })).toMatchObject({ verdict: 'PASS', reason_codes: [] });
});

/** Authorizes a release of its own, to be opened in one step. */
const anew = async (of: Built): Promise<Built> => {
  const release_id = releaseId();
  expect(await release(of, release_id, { steps: stepsOf(release_id) })).toMatchObject({ verdict: 'PASS' });
  return { ...of, release_id };
};
const decided = ({ driven, release_id }: Built, kind: GateDecision['kind']) =>
  gate.decision({ ...driven, build_id: release_id }, (decision) => decision.kind === kind);

test('a pack has the number that its first step was sealed with, whatever a node said before or says after', async () => {
  const of = await anew(old);
  const subject = { ...of.driven, build_id: of.release_id };
  await report(of, 9);
  expect(await gate.claim(subject, stepOf(of.kristal, channel, 1), [], 'release')).toMatchObject({ code: null });
  expect(await decided(of, 'RELEASE_STEP')).toMatchObject({ verdict: 'PASS', detail: { pack_seq: 1 } });
  await report(of, 8);
  expect(
    await gate.decision(subject, ({ kind, verdict }) => kind === 'NODE_REPORT' && verdict === 'FAIL'),
  ).toMatchObject({ reason_codes: ['REPORT_NUMBER_MISMATCH'] });
  expect(await back({ from: young, to: of, more: { ...drill, to: toOf(of) } })).toMatchObject({ verdict: 'PASS' });
  const more = { ...drill, to: { ...toOf(of), pack_seq: 2 } };
  expect(await back({ from: young, to: of, more })).toMatchObject({ reason_codes: ['ROLLBACK_TARGET_UNAUTHORIZED'] });
  // Another release of it has no other number, and no other pack has this one.
  for (const [other, pack_seq] of [
    [await anew(old), 2],
    [await anew(young), 1],
  ] as const) {
    await gate.claim(
      { ...other.driven, build_id: other.release_id },
      stepOf(other.kristal, channel, pack_seq),
      [],
      'release',
    );
    expect(await decided(other, 'RELEASE_STEP')).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['RELEASE_SUBSTITUTED'],
    });
  }
});

test('a freeze that commits while the facts of a step or of a release are gathered comes before it: neither is opened', async () => {
  const change = async (what: ChannelChange) => {
    const subject = { ...old.driven, build_id: newId('chg') };
    const detail = { channel, change: what, reason: 'a hole' };
    await gate.claim(subject, { claim: 'CHANNEL_CHANGE', actor: 'ann', detail }, [], 'release');
    expect(await gate.decision(subject, () => true)).toMatchObject({ verdict: 'PASS' });
  };
  const of = await anew(young);
  const subject = { ...of.driven, build_id: of.release_id };
  const freeze = () => change({ change: 'freeze' });
  expect(await gate.claimWhile(subject, stepOf(of.kristal, channel, 2), [], freeze)).toEqual({
    outcome: 'accepted',
    code: null,
  });
  expect(await decided(of, 'RELEASE_STEP')).toMatchObject({ verdict: 'FAIL', reason_codes: ['CHANNEL_FROZEN'] });
  await change({ change: 'unfreeze', override: true });
  const next = { ...young, release_id: releaseId() };
  const detail = { build_id: young.driven.build_id, channel, release_seq: 1 };
  const evidence = [gate.audit.evidence(young.sealed)];
  await gate.claimWhile({ ...next.driven, build_id: next.release_id }, { claim: 'RELEASE', detail }, evidence, freeze);
  expect(await decided(next, 'RELEASE')).toMatchObject({ verdict: 'FAIL', reason_codes: ['CHANNEL_FROZEN'] });
  await change({ change: 'unfreeze', override: true });
});

/** Both ways to nodes, and what was sealed about each. */
const bothWays = async (): Promise<[verdict: string, codes: readonly string[], leave: unknown][]> => {
  const [published, gone] = await Promise.all([release(old), back({ from: young, to: old })]);
  return [
    [published.verdict, published.reason_codes, published.authorizations],
    [gone.verdict, gone.reason_codes, gone.detail.authorization],
  ];
};
const refusedBoth = (...codes: string[]) => [
  ['FAIL', codes, []],
  ['FAIL', codes, null],
];

/** Does something while a file is changed or away, and puts it back whatever comes of it. */
async function without(ref: string, change: ((bytes: Buffer) => Uint8Array) | 'away', during: () => Promise<void>) {
  const file = artifactFile(gate.instance.home, tenant, ref);
  const bytes = await readFile(file);
  await chmod(file, 0o600);
  if (change === 'away') await rm(file);
  else await writeFile(file, change(bytes));
  try {
    await during();
  } finally {
    await writeFile(file, bytes);
  }
}
const flipAt =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return flipped;
  };

describe('every byte of Exchange and pack is read again, and what is not as it was is neither published nor gone back to', () => {
  const parts = (): ArtifactRef[] => {
    const { exchange, exchange_manifest, pack_manifest, pack_files } = old.kristal;
    return [exchange, exchange_manifest, pack_manifest, ...pack_files] as ArtifactRef[];
  };

  test('one flipped byte, in any file of them', async () => {
    expect(parts().length).toBeGreaterThan(5);
    for (const { kind, ref, size } of parts())
      await without(ref, flipAt(size >> 1), async () => {
        expect([kind, await bothWays()]).toEqual([kind, refusedBoth('HASH_MISMATCH')]);
      });
  });

  test('a file that is not there, or is cut off', async () => {
    const [exchange, , , first] = parts() as [ArtifactRef, ArtifactRef, ArtifactRef, ArtifactRef];
    for (const { ref } of [exchange, first]) {
      await without(ref, 'away', async () => {
        expect(await bothWays()).toEqual(refusedBoth('ARTIFACT_NOT_FOUND'));
      });
      await without(
        ref,
        (bytes) => bytes.subarray(0, -1),
        async () => {
          for (const [verdict, codes] of await bothWays())
            expect([verdict, codes[0]]).toEqual(['FAIL', expect.stringMatching(/^(HASH|SIZE)_MISMATCH$/)]);
        },
      );
    }
  });

  test('a record that was changed', async () => {
    const [{ ref } = { ref: '' }] = old.sealed.decision.outputs;
    await without(ref, flipAt(100), async () => {
      for (const [verdict, codes] of await bothWays()) {
        expect(verdict).toBe('FAIL');
        expect(codes).toContain('HASH_MISMATCH');
      }
    });
  });

  test('the mandate it was built under is not there', async () => {
    await without(old.record.mandate_ref, 'away', async () => {
      expect(await bothWays()).toEqual(refusedBoth('MANDATE_MISSING'));
    });
  });
});

describe('and whoever asks', () => {
  test('a build that did not complete is none to publish or to go back to', async () => {
    const failed = await gate.echo();
    await gate.admit(failed);
    await gate.claim(failed, { claim: 'CLOSE', detail: { outcome: 'FAILED' }, reason_codes: ['STAGE_TIMEOUT'] });
    const sealed = await gate.audit.until(({ build_id, kind }) => build_id === failed.build_id && kind === 'RECORD');
    const of: Built = { ...old, driven: failed, sealed, release_id: old.release_id };
    const published = await release(of);
    expect(published).toMatchObject({ verdict: 'FAIL', authorizations: [] });
    expect(published.reason_codes).toContain('BUILD_NOT_ELIGIBLE');
    const gone = await back({ from: young, to: of, more: { to: { ...toOf(old) } } });
    expect(gone).toMatchObject({ verdict: 'FAIL', detail: { authorization: null } });
    expect(gone.reason_codes).toContain('BUILD_NOT_ELIGIBLE');
  });

  test('not in a time to come: what is given would last as much longer', async () => {
    const as_of = new Date(Date.now() + 3_600_000).toISOString();
    const detail = { build_id: young.driven.build_id, channel, pack_id: young.kristal.pack_id, release_seq: 1 };
    const subject = { ...young.driven, build_id: releaseId() };
    const ahead = { outcome: 'refused', code: 'CLAIM_TIME_AHEAD' };
    const evidence = [gate.audit.evidence(young.sealed)];
    expect(await gate.claim(subject, { claim: 'RELEASE', detail, as_of }, evidence, 'release')).toEqual(ahead);
    expect(await claimBack({ from: young, to: old, as_of }).claim).toEqual(ahead);
  });

  test('not to what is no channel', async () => {
    expect(await release(old, releaseId(), { channel: 'No Channel' })).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['CHANNEL_NOT_ALLOWED'],
    });
  });

  test('not under the seal of another build, whose claim is not used up by it', async () => {
    const going = { from: young, to: old, evidence: young.sealed };
    expect(await claimBack(going).claim).toEqual({ outcome: 'refused', code: 'BUILD_NOT_ELIGIBLE' });
    expect(
      await back({ from: young, to: old, more: { ...drill, build_id: young.driven.build_id }, evidence: young.sealed }),
    ).toMatchObject({
      verdict: 'FAIL',
      reason_codes: expect.arrayContaining(['ROLLBACK_TARGET_UNAUTHORIZED']),
    });
  });

  test('another tenant gets neither, with its own key or on our subject, and nothing of it is sealed', async () => {
    const { keyring } = gate.platform;
    await createTenant(gate.instance.home, 'globex', { adapters: [] });
    const before = gate.audit.sealed.length;
    const detail = { build_id: old.driven.build_id, channel, release_seq: 1 };
    const claim = gate.claimOf({ ...old.driven, build_id: releaseId() }, { claim: 'RELEASE', detail });
    const signer = await keyring.signer('globex', 'release');
    const asGlobex = (body: typeof claim) => ({
      claim: gate.signAs(signer, payloadTypes.claim, [body])[0],
      evidence: [gate.audit.evidence(old.sealed)],
      traceparent: null,
    });
    expect(await gate.ask('claim', [asGlobex({ ...claim, tenant_id: 'globex' })], 'globex')).toEqual([
      { outcome: 'refused', code: expect.stringMatching(/^(KEY_UNKNOWN|TENANT_MISMATCH|SIGNATURE_INVALID)$/) },
    ]);
    expect(await gate.ask('claim', [asGlobex(claim)])).toEqual([
      { outcome: 'refused', code: 'CLAIM_SIGNER_UNTRUSTED' },
    ]);
    expect(gate.audit.sealed.length).toBe(before);
  });

  test('below the floor, even for an administrator, and past an emergency', async () => {
    const subject = { ...old.driven, build_id: newId('chg') };
    const change = { change: 'floor', pack_seq: 2 };
    await gate.claim(
      subject,
      { claim: 'CHANNEL_CHANGE', actor: 'admin', detail: { channel, change, reason: 'hole' } },
      [],
      'release',
    );
    expect(await gate.decision(subject, ({ kind }) => kind === 'CHANNEL_CHANGE')).toMatchObject({ verdict: 'PASS' });
    for (const trigger of ['operator', 'emergency', 'analysis', 'drill'] as const)
      expect(await back({ from: young, to: old, more: { trigger } })).toMatchObject({
        verdict: 'FAIL',
        reason_codes: ['BELOW_SECURITY_FLOOR'],
        detail: { authorization: null },
      });
    expect(await release(old)).toMatchObject({ verdict: 'FAIL', reason_codes: ['BELOW_SECURITY_FLOOR'] });
    // Whoever names no pack, or another, is judged by the pack of the sealed record all the same.
    for (const pack_id of [null, young.kristal.pack_id])
      expect(await release(old, releaseId(), { pack_id })).toMatchObject({
        verdict: 'FAIL',
        reason_codes: ['BELOW_SECURITY_FLOOR'],
      });
  });

  test('not under a mandate whose key was stolen before', async () => {
    const operator = await gate.platform.keyring.signer(tenant, 'operator');
    await revokeKey(gate.instance.home, tenant, operator.key_id, { reason: 'stolen', distrustFromIndex: 0 });
    await expect
      .poll(async () => (await release(young)).reason_codes, { timeout: 20_000 })
      .toEqual(['MANDATE_SIGNATURE_INVALID']);
    const gone = await back({ from: old, to: young, more: { from: { ...fromOf(old), pack_seq: 3 } } });
    expect(gone).toMatchObject({ verdict: 'FAIL', reason_codes: ['MANDATE_SIGNATURE_INVALID'] });
  });
});

const toOf = ({ release_id, kristal: { pack_id, kristal_id } }: Built): RollbackClaim['to'] => ({
  release_id,
  pack_seq: 1,
  pack_id,
  kristal_id,
});
const fromOf = ({ kristal: { pack_id } }: Built): RollbackClaim['from'] => ({ release_seq: 3, pack_seq: 3, pack_id });
