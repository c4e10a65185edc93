import { type ArtifactRef, type BuildRecord, foldSubject, pipelines } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { newId } from '@orgo/runtime/ids';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { artifactFile, flipByte } from '../kit/story.ts';
import { type Audit, decisionOf, startAudit, tenant } from './audit-instance.ts';

let audit: Audit;
beforeEach(async () => {
  audit = await startAudit({ tenants: ['acme'] });
});
afterEach(() => audit.stop());

describe('folding the record of a build that is being closed', () => {
  const closing = {
    outcome: 'FAILED',
    reason_codes: ['MANDATE_MISSING'],
    trigger: { type: 'manual', actor: 'alice', reason: 'a test' },
    rerun_of: null,
  };
  const fold = (build_id: string, more = {}) =>
    audit.ask(foldSubject(tenant), { v: 1, build_id, closing, ...more }) as Promise<{
      ok: boolean;
      record: ArtifactRef;
    }>;

  test('stores what the sealed decisions say, and the same again', async () => {
    const pipeline = await audit.put('pipeline', pipelines.echo);
    const { build_id, ...admission } = decisionOf({ kind: 'ADMISSION', verdict: 'FAIL', stage: null, adapter: null });
    const decision = { build_id, ...admission, pipeline_ref: pipeline.ref, inputs: [pipeline] };
    await audit.seal([{ decision: decisionOf() }, { decision: decisionOf() }, { decision }]);
    const told = await fold(build_id);
    expect(told).toMatchObject({ ok: true, record: { kind: 'build-record', media_type: 'application/json' } });
    const { platform } = audit.replicas[0] as Audit['replicas'][number];
    const bytes = await platform.artifacts.get(tenant, told.record.ref);
    expect(JSON.parse(Buffer.from(bytes).toString()) as BuildRecord).toMatchObject({
      outcome: 'FAILED',
      pipeline: { pipeline_id: 'echo' },
      decisions: [{ digest: digestOf(decision), log_index: 2 }],
      log: { origin: audit.root.log.origin, first_index: 2, last_index: 2 },
    });
    expect(await fold(build_id)).toEqual(told);
    expect(await audit.call('GET', `/records/${build_id}`), 'no record before it is sealed').toMatchObject({
      body: { code: 'RECORD_NOT_FOUND' },
    });
  });

  test('does without what cannot be read, seals that, and no later fold reads it', async () => {
    const pipeline = await audit.put('pipeline', pipelines.echo);
    const pins = { build_id: newId('bld'), pipeline_ref: pipeline.ref };
    const context = await audit.put('pinned-context', { no: 'context' });
    const admission = decisionOf({ ...pins, kind: 'ADMISSION', stage: null, adapter: null, inputs: [pipeline] });
    const stage = decisionOf({ ...pins, stage: 'echo-1', outputs: [context] });
    await audit.seal([{ decision: admission }, { decision: stage }]);
    const unreadable = [{ ref: context.ref, code: 'HASH_MISMATCH' }];
    flipByte(artifactFile(audit.instance.home, tenant, context.ref), 3);

    expect(await fold(pins.build_id, { closing: { ...closing, outcome: 'COMPLETED', reason_codes: [] } })).toEqual({
      ok: true,
      record: null,
      unreadable,
    });
    const told = await fold(pins.build_id);
    expect(told).toMatchObject({ ok: true, record: { kind: 'build-record' }, unreadable });
    const { outcome, reason_codes, trigger, rerun_of } = closing;
    const statement = await audit.put('build-statement', {});
    const detail = { outcome, trigger, rerun_of, unreadable: [context.ref] };
    const record = { ...pins, kind: 'RECORD', stage: null, adapter: null, detail, reason_codes } as const;
    await audit.seal([{ decision: decisionOf({ ...record, outputs: [told.record, statement] }) }]);
    const shown = await audit.call('GET', `/records/${pins.build_id}`);
    expect(shown).toMatchObject({ status: 200, body: { outcome: 'FAILED', contract_profile: null } });
    const bundle = () => audit.call('GET', `/records/${pins.build_id}/bundle`);

    expect(await bundle()).toMatchObject({
      body: { code: 'HASH_MISMATCH', detail: expect.stringContaining(context.ref) },
    });
    flipByte(artifactFile(audit.instance.home, tenant, context.ref), 3);
    expect((await audit.call('GET', `/records/${pins.build_id}`)).body, 'the same when it is whole again').toEqual(
      shown.body,
    );
    expect((await bundle()).status).toBe(200);
    flipByte(artifactFile(audit.instance.home, tenant, pipeline.ref), 3);
    expect(await audit.call('GET', `/records/${pins.build_id}`), 'broken after it was sealed').toMatchObject({
      body: { code: 'HASH_MISMATCH' },
    });
    flipByte(artifactFile(audit.instance.home, tenant, pipeline.ref), 3);
  });

  test('says why it cannot', async () => {
    expect(await fold(newId('bld'))).toMatchObject({ ok: false, code: 'RECORD_NOT_FOUND' });
    expect(await fold(newId('bld'), { closing: { ...closing, outcome: 'SPLENDID' } })).toMatchObject({
      ok: false,
      code: 'CLAIM_MALFORMED',
    });
    expect(await fold('bld_1')).toMatchObject({ ok: false, code: 'MESSAGE_MALFORMED' });
  });
});
