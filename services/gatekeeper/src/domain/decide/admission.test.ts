import { stageOf } from '@orgo/contracts';
import { digestOf, digestOfNothing } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import { admitInput, artifact, asOf, build_id, fact, pipelineOf, policy, step, tenant_id } from '../gate.fixture.ts';
import { initialGate } from '../state.ts';

const fresh = initialGate({ tenant_id, id: build_id });
const kristal = pipelineOf('kristal');

describe('admission', () => {
  test('admits and authorizes the first stage for exactly the admitted inputs', () => {
    const { decision, send, state } = step(fresh, admitInput(kristal));
    expect(decision).toMatchObject({ kind: 'ADMISSION', verdict: 'PASS', final: true, reason_codes: [] });
    expect(send?.authorizations).toHaveLength(1);
    const authorization = JSON.parse(send?.authorizations[0]?.payload ?? '');
    expect(decision?.authorizations).toEqual([digestOf(authorization)]);
    expect(authorization).toMatchObject({
      stage: 'pin',
      subject_digest: decision?.subject_digest,
      mandate_ref: decision?.mandate_ref,
    });
    expect(authorization.inputs.map((input: { kind: string }) => input.kind)).toEqual([
      'build-request',
      'mandate',
      'pipeline',
    ]);
    expect(state).toMatchObject({ phase: 'OPEN', decisions: [send?.digest] });
  });

  test('names the report it is based on by digest', () => {
    const { decision, send } = step(fresh, admitInput(kristal));
    expect(decision?.report).toEqual(send?.report?.artifact);
    expect(digestOf(JSON.parse(send?.report?.text ?? ''))).toBe(decision?.report?.ref);
  });

  test('a second claim for an admitted build changes nothing and is on record', () => {
    const { state } = step(fresh, admitInput(kristal));
    const again = step(state, admitInput(kristal, { claim: { actor: 'eve' } }));
    expect(again.outcome).toMatchObject({ ok: false, code: 'STAGE_ORDER_VIOLATION' });
    expect(again.decision).toMatchObject({ kind: 'REFUSAL', verdict: 'NOTED', final: false, authorizations: [] });
    expect(again.state.stages).toEqual(state.stages);
  });

  test('goes without a mandate only where the pipeline asks for none and the claim says so', () => {
    expect(step(fresh, admitInput(pipelineOf('echo'))).decision).toMatchObject({
      verdict: 'PASS',
      mandate_ref: digestOfNothing,
    });
    const pretends = admitInput(pipelineOf('echo'), { claim: { mandate_ref: artifact('mandate').ref } });
    expect(step(fresh, pretends).decision).toMatchObject({ verdict: 'FAIL', reason_codes: ['MANDATE_MISSING'] });
  });

  const withoutValidation = {
    ...kristal,
    stages: kristal.stages
      .filter((stage) => stage.gate !== 'validation')
      .map((stage) => ({ ...stage, inputs: stage.inputs.filter((input) => input.from !== 'validate') })),
  };
  const backwards = { ...kristal, stages: [...kristal.stages].reverse() };
  test.each([
    [
      'an artifact whose bytes differ',
      admitInput(kristal, {
        facts: { artifacts: [fact(artifact('mandate'), { bytes: { code: 'HASH_MISMATCH', detail: '' } })] },
      }),
      'HASH_MISMATCH',
    ],
    [
      'a build request that breaks its contract',
      admitInput(kristal, {
        facts: { artifacts: [fact(artifact('build-request'), { contract: { code: 'REQUEST_INVALID', detail: '' } })] },
      }),
      'REQUEST_INVALID',
    ],
    [
      'a pipeline that is not what the claim pins',
      admitInput(kristal, { facts: { pipeline: { ok: false, code: 'BLUEPRINT_UNPINNED', detail: '' } } }),
      'BLUEPRINT_UNPINNED',
    ],
    ['no mandate', admitInput(kristal, { facts: { mandate: null } }), 'MANDATE_MISSING'],
    [
      'a release that nobody confirmed',
      admitInput(kristal, { facts: { after: [{ code: 'TASK_NOT_READY', detail: '' }] } }),
      'TASK_NOT_READY',
    ],
    [
      'a mandate nobody signed',
      admitInput(kristal, { facts: { mandate: { ok: false, code: 'MANDATE_SIGNATURE_INVALID', detail: '' } } }),
      'MANDATE_SIGNATURE_INVALID',
    ],
    [
      'a mandate not yet in force',
      admitInput(kristal, { policies: [policy({ effective_from: '2026-11-20T12:00:00.001Z' })] }),
      'MANDATE_NOT_EFFECTIVE',
    ],
    [
      'a mandate no longer in force',
      admitInput(kristal, { policies: [policy({ effective_to: '2026-11-20T12:00:00.000Z' })] }),
      'MANDATE_NOT_EFFECTIVE',
    ],
    [
      'a mandate that has ended since, whatever time the claim gives itself',
      admitInput(kristal, { policies: [policy({ effective_to: '2026-11-20T12:00:01.000Z' })] }),
      'MANDATE_NOT_EFFECTIVE',
    ],
    ['a pipeline that compiles without validation', admitInput(withoutValidation), 'GATE_REQUIRED_MISSING'],
    [
      'a pipeline without the validation its mandate demands',
      admitInput({ ...pipelineOf('echo'), admission: ['echo-request', 'mandate'] }),
      'GATE_REQUIRED_MISSING',
    ],
    ['a pipeline that takes inputs from later stages', admitInput(backwards), 'STAGE_ORDER_VIOLATION'],
    [
      'an admission kind that is missing',
      admitInput(kristal, { claim: { inputs: [artifact('mandate'), artifact('pipeline', kristal)] } }),
      'STAGE_INPUT_INVALID',
    ],
  ])('refuses %s and opens nothing', (_, input, code) => {
    const { decision, send, state } = step(fresh, input);
    expect(decision).toMatchObject({ kind: 'ADMISSION', verdict: 'FAIL', final: true, authorizations: [] });
    expect(decision?.reason_codes).toContain(code);
    expect(send?.authorizations).toEqual([]);
    expect(state).toMatchObject({ phase: 'STOPPED', stages: {} });
  });

  test('a mandate is in force from its first instant on', () => {
    const input = admitInput(kristal, { policies: [policy({ effective_from: asOf })] });
    expect(step(fresh, input).decision).toMatchObject({ verdict: 'PASS' });
  });

  test('the mandate’s wish for validation does not matter where a compile stage has none', () => {
    const { decision } = step(
      fresh,
      admitInput(withoutValidation, {
        policies: [policy({ rules: [{ type: 'safety', channels: null, set_id: null }] })],
      }),
    );
    expect(decision?.reason_codes).toContain('GATE_REQUIRED_MISSING');
    expect(stageOf(withoutValidation, 'compile-exchange')).toBeDefined();
  });
});
