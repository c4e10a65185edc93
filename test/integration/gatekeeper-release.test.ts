import { join } from 'node:path';
import {
  type ArtifactRef,
  type BuildRecord,
  type NodeReport,
  type Pipeline,
  payloadTypes,
  pipelines,
} from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, digestOfNothing, pae, toBase64, utf8 } from '@orgo/core';
import type { RenderBundle } from '@orgo/kristal';
import { newId } from '@orgo/runtime/ids';
import { createKey, type Signer } from '@orgo/runtime/signer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asOf, type Driven, type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';
import { kristalBuild, runStages, workOf } from './gatekeeper-kristal.ts';
import type { Sealed } from './sealed-leaves.ts';

let gate: Gatekeeper;
let build: Driven;
let record: Sealed;
let folded: BuildRecord;

const completed = async (driven: Driven): Promise<Sealed> => {
  await gate.admit(driven);
  await runStages(gate, driven);
  await gate.claim(driven, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
  return gate.audit.until((decision) => decision.build_id === driven.build_id && decision.kind === 'RECORD');
};

beforeAll(async () => {
  gate = await startGatekeeper();
  build = await kristalBuild(gate, ['reader']);
  record = await completed(build);
  folded = await gate.json<BuildRecord>(record.decision.outputs[0]?.ref);
}, 60_000);
afterAll(() => gate.stop());

describe('a completed build is released', () => {
  const claimRelease = (release: Driven, more: object = {}, evidence = [gate.audit.evidence(record)]) =>
    gate.claim(
      release,
      { claim: 'RELEASE', detail: { build_id: build.build_id, channel: 'stable', release_seq: 1, ...more } },
      evidence,
      'release',
    );
  const released = (release: Driven) => gate.decision(release, ({ kind }) => kind === 'RELEASE');
  const fresh = (): Driven => ({ ...build, build_id: newId('rel') });

  test('after every byte was read again: one authorization to publish exactly the pack', async () => {
    const release = fresh();
    expect(await claimRelease(release)).toEqual({ outcome: 'accepted', code: null });
    expect(await released(release)).toMatchObject({
      verdict: 'PASS',
      rests_on: [record.digest],
      detail: { channel: 'stable', release_seq: 1, pack_id: folded.outputs.kristal?.pack_id },
    });
    const { inputs, stage } = await gate.authorization(release, 'publish');
    expect(stage).toBe('publish');
    expect(inputs).toHaveLength(1 + (folded.outputs.kristal?.pack_files.length ?? 0));
  });

  test('evidence that is none of the claim’s uses the claim up for nobody', async () => {
    const release = fresh();
    const other = gate.audit.sealed.find(({ decision }) => decision.kind === 'ADMISSION') as Sealed;
    const forged = { ...gate.audit.evidence(record), seal: { ...record.seal, index: 0 } };
    expect(await claimRelease(release, {}, [])).toEqual({ outcome: 'refused', code: 'BUILD_NOT_ELIGIBLE' });
    expect(await claimRelease(release, {}, [gate.audit.evidence(other)])).toEqual({
      outcome: 'refused',
      code: 'BUILD_NOT_ELIGIBLE',
    });
    expect(await claimRelease(release, {}, [forged])).toMatchObject({ outcome: 'refused', code: 'PROOF_INVALID' });
    expect(await claimRelease(release)).toEqual({ outcome: 'accepted', code: null });
    expect(await released(release)).toMatchObject({ verdict: 'PASS' });
  });

  describe('and a node reports it', () => {
    let release: Driven;
    let node: Signer;
    const instance_id = 'node-1';
    const nonceOf = (n: number): string => `${n}`.padStart(64, '0');

    beforeAll(async () => {
      release = fresh();
      await claimRelease(release);
      await released(release);
      node = await createKey(join(gate.instance.home, 'nodes'), tenant, `node.${instance_id}`);
    });

    const report = (more: Partial<NodeReport> = {}): NodeReport => ({
      v: 1,
      tenant_id: tenant,
      instance_id,
      channel: 'stable',
      nonce: nonceOf(1),
      release_id: release.build_id as NodeReport['release_id'],
      index_seq: 1,
      release_seq: 1,
      pack_seq: 1,
      pack_id: folded.outputs.kristal?.pack_id ?? '',
      attempt: { type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null },
      active_pack_id: folded.outputs.kristal?.pack_id ?? null,
      last_known_good: null,
      highest_activated_seq: 1,
      highest_seen_seq: 1,
      health: 'HEALTHY',
      metrics: [],
      reported_at: asOf,
      ...more,
    });
    const send = (said: NodeReport, signer: Signer = node, more: object = {}) => {
      const payload = canonicalBytes(said);
      const sig = toBase64(signer.sign(pae(payloadTypes.nodeReport, payload)));
      const envelope = {
        payloadType: payloadTypes.nodeReport,
        payload: toBase64(payload),
        signatures: [{ keyid: signer.key_id, sig }],
      };
      return gate.claim(
        release,
        { claim: 'NODE_REPORT', detail: { instance_id, nonce: said.nonce, envelope, ...more }, epoch: 0 },
        [],
        'release',
      );
    };
    const join_ = (signer: Signer, id = newId('rel')) =>
      gate.claim(
        { ...release, build_id: id },
        {
          claim: 'NODE_JOIN',
          detail: { instance_id, channel: 'stable', public_key: toBase64(signer.publicKey), labels: {} },
        },
        [],
        'release',
      );
    const closeRelease = (status: string, n = 0) =>
      gate.claim(release, { claim: 'RELEASE_CLOSE', detail: { status, n } }, [], 'release');

    /** The decision on a build that asks to follow a release. */
    const followed = async (more: object = {}) => (await follow(more)).admission;
    const follow = async (more: object = {}) => {
      const kristal = folded.outputs.kristal as NonNullable<BuildRecord['outputs']['kristal']>;
      const request = {
        v: 1,
        kind: 'after-request',
        release_id: release.build_id,
        pack_id: kristal.pack_id,
        render: {
          render_kind: 'card',
          template: { id: 'card', version: '1.0.0' },
          projection: 'full',
          languages: ['en'],
          subjects: { ids: ['Q307'] },
        },
        tasks: [
          {
            task_id: 'scan',
            type: 'contradiction-scan',
            version: '1.0.0',
            budget: { rows: 1, milliseconds: 1, bytes: 1 },
          },
        ],
        ...more,
      };
      const pipeline = pipelines['kristal-after'] as Pipeline;
      const pins = {
        pipeline_ref: (await gate.putJson('pipeline', pipeline)).ref,
        mandate_ref: digestOfNothing,
        as_of: asOf,
      };
      const admitted = [await gate.putJson('after-request', request), kristal.pack_manifest as ArtifactRef];
      const after: Driven = { build_id: newId('bld'), pipeline, pins, admitted };
      await gate.admit(after);
      return { after, admission: await gate.decision(after, ({ kind }) => kind === 'ADMISSION') };
    };

    test('nothing counts before it is enrolled, and RELEASED needs a node that proved it', async () => {
      expect(await send(report())).toEqual({ outcome: 'refused', code: 'REPORT_NOT_ENROLLED' });
      expect(await closeRelease('RELEASED')).toEqual({ outcome: 'accepted', code: null });
      expect(await gate.decision(release, ({ kind }) => kind === 'RELEASE_CLOSE')).toMatchObject({
        verdict: 'FAIL',
        final: false,
        reason_codes: ['ACTIVATION_NOT_CONFIRMED'],
      });
    });

    test('no build follows a release that no node has confirmed, or that there is not', async () => {
      expect(await followed()).toMatchObject({ verdict: 'FAIL', reason_codes: ['TASK_NOT_READY'] });
      expect(await followed({ release_id: newId('rel') })).toMatchObject({
        verdict: 'FAIL',
        reason_codes: ['RELEASE_NOT_FOUND'],
      });
    });

    test('its key is enrolled by a sealed decision; another key for the name is refused on record', async () => {
      expect(await join_(node)).toEqual({ outcome: 'accepted', code: null });
      const eve = await createKey(join(gate.instance.home, 'eve'), tenant, `node.${instance_id}`);
      const id = newId('rel');
      expect(await join_(eve, id)).toEqual({ outcome: 'accepted', code: null });
      expect(await gate.decision({ ...release, build_id: id }, () => true)).toMatchObject({
        kind: 'NODE_JOIN',
        verdict: 'FAIL',
      });
      expect(await send(report({ nonce: nonceOf(2) }), eve)).toMatchObject({ outcome: 'refused' });
    });

    test('a report with an unused nonce that was given confirms the release', async () => {
      expect(await send(report({ nonce: nonceOf(3) }), node, { nonce: nonceOf(4) })).toEqual({
        outcome: 'refused',
        code: 'REPORT_REPLAYED',
      });
      expect(await send(report({ nonce: nonceOf(3) }))).toEqual({ outcome: 'accepted', code: null });
      expect(await gate.decision(release, ({ kind }) => kind === 'NODE_REPORT')).toMatchObject({
        verdict: 'PASS',
        detail: { instance_id },
      });
    });

    test('then a build may follow it, for the pack that was released', async () => {
      expect(await followed()).toMatchObject({ verdict: 'PASS', reason_codes: [] });
      expect(await followed({ pack_id: '0'.repeat(64) })).toMatchObject({
        verdict: 'FAIL',
        reason_codes: ['UNVERIFIED_INPUT'],
      });
      expect(await followed({ tasks: [] })).toMatchObject({ verdict: 'FAIL', reason_codes: ['REQUEST_INVALID'] });
    });

    test('what follows passes every gate', async () => {
      const { after } = await follow();
      await runStages(gate, after);
      expect(await gate.stageDecision(after, 'execute')).toMatchObject({ verdict: 'PASS' });
    });

    test('a card that says more than its pack fails at the gate, though its renderer got every hash right', async () => {
      const { after } = await follow();
      const [honest] = await workOf(gate, after, 'render');
      const bundle = await gate.json<RenderBundle>(honest?.ref);
      for (const output of bundle.cards[0]?.outputs ?? []) {
        output.text = output.text.replace('1564', '1565');
        output.sha256 = digestOfBytes(utf8(output.text));
      }
      await gate.reply(after, 'render', { outputs: [await gate.putJson('render-bundle', bundle)] });
      await gate.reply(after, 'check-render', { outputs: await workOf(gate, after, 'check-render') });
      expect(await gate.stageDecision(after, 'check-render')).toMatchObject({
        verdict: 'FAIL',
        reason_codes: ['POLICY_VIOLATION_NEW_FACT_RISK'],
        authorizations: [],
      });
    });

    test('the same report again, in a claim of its own, is a replay', async () => {
      expect(await send(report({ nonce: nonceOf(3) }), node, { again: true })).toEqual({
        outcome: 'refused',
        code: 'REPORT_REPLAYED',
      });
      await gate.rows(`UPDATE enrolled_node SET state = jsonb_set(state, '{nonces}', '[]')`);
      expect(await send(report({ nonce: nonceOf(3) }), node, { again: 'later' })).toEqual({
        outcome: 'refused',
        code: 'REPORT_REPLAYED',
      });
    });

    test('then the release may end', async () => {
      expect(await closeRelease('RELEASED', 1)).toEqual({ outcome: 'accepted', code: null });
      expect(await gate.decision(release, ({ kind, final }) => kind === 'RELEASE_CLOSE' && final)).toMatchObject({
        verdict: 'PASS',
        final: true,
        detail: { status: 'RELEASED', nodes: [instance_id] },
      });
      expect(await closeRelease('FAILED')).toEqual({ outcome: 'refused', code: 'GATE_SUBJECT_CLOSED' });
    });
  });
});
