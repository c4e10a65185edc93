import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ArtifactRef, type BuildRecord, nativeAlone } from '@orgo/contracts';
import { canonicalBytes, digestOf, digestOfBytes, utf8 } from '@orgo/core';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import {
  ClaimIrSchema,
  ExchangeManifestSchema,
  officialSchemas,
  PackManifestSchema,
  ResolvedClaimIrSchema,
  readExchange,
  schemaSetId,
  ValidationReportSchema,
} from '@orgo/kristal';
import { loadConfig } from '@orgo/runtime/config';
import { newId } from '@orgo/runtime/ids';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Driven, type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';
import { kristalBuild, mandate, mandateSignature, runStages, workOf } from './gatekeeper-kristal.ts';
import type { Sealed } from './sealed-leaves.ts';

let gate: Gatekeeper;
beforeAll(async () => {
  gate = await startGatekeeper();
});
afterAll(() => gate.stop());

const admission = async (build: Driven) => {
  await gate.admit(build);
  return gate.decision(build, (decision) => decision.kind === 'ADMISSION');
};
const replaced = (build: Driven, kind: string, by: ArtifactRef): Driven => ({
  ...build,
  admitted: build.admitted.map((ref) => (ref.kind === kind ? by : ref)),
  pins: {
    ...build.pins,
    ...(kind === 'mandate' && { mandate_ref: by.ref }),
    ...(kind === 'pipeline' && { pipeline_ref: by.ref }),
  },
});
/** A mandate with one more rule: official schemas, those of `set_id` where one is named. */
const demandsOfficial = (set_id?: string) =>
  mandate((bundle) => ({
    ...bundle,
    policies: bundle.policies.map((policy) => ({
      ...policy,
      rules: [
        ...policy.rules,
        { rule_id: 'official', type: 'official_schemas', ...(set_id && { config: { set_id } }) },
      ],
    })),
  }));
const swap = (outputs: readonly ArtifactRef[], kind: string, by: ArtifactRef): ArtifactRef[] =>
  outputs.map((ref) => (ref.kind === kind ? by : ref));

describe('admission of a governed build', () => {
  let build: Driven;
  beforeAll(async () => {
    build = await kristalBuild(gate, ['reader']);
  });
  const as = (driven: Driven): Driven => ({ ...driven, build_id: newId('bld') });

  test('passes with a mandate that an operator signed', async () => {
    expect(await admission(as(build))).toMatchObject({
      verdict: 'PASS',
      detail: { mandate_bundle_id: mandate().bundle_id },
    });
  });

  test('fails without the signature, with one of another role, or with one over another mandate', async () => {
    const bytes = canonicalBytes(mandate());
    const unsigned = { ...build, admitted: build.admitted.filter(({ kind }) => kind !== 'mandate-signature') };
    const byRelease = replaced(
      build,
      'mandate-signature',
      await gate.putJson('mandate-signature', await mandateSignature(gate, bytes, 'release')),
    );
    const overAnother = replaced(
      build,
      'mandate-signature',
      await gate.putJson('mandate-signature', await mandateSignature(gate, canonicalBytes({ other: 1 }))),
    );
    for (const driven of [unsigned, byRelease, overAnother]) {
      const { verdict, reason_codes } = await admission(as(driven));
      expect(verdict).toBe('FAIL');
      expect(reason_codes).toContain('MANDATE_SIGNATURE_INVALID');
    }
  });

  test('fails with a bundle whose id is not its content, and with one not in force', async () => {
    const forged = { ...mandate(), bundle_id: `mandate:${digestOf('x')}` };
    const late = mandate((bundle) => ({
      ...bundle,
      policies: bundle.policies.map((policy) => ({ ...policy, effective_from: '2027-01-01T00:00:00.000Z' })),
    }));
    expect(await admission(await kristalBuild(gate, ['reader'], forged))).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['MANDATE_INVALID'],
    });
    expect(await admission(await kristalBuild(gate, ['reader'], late))).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['MANDATE_NOT_EFFECTIVE'],
    });
  });

  test('fails with a mandate that demands official schemas, since the gatekeeper has none', async () => {
    expect(await admission(await kristalBuild(gate, ['reader'], demandsOfficial()))).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['SCHEMA_SET_MISSING'],
      detail: { schemas: nativeAlone },
    });
  });

  test('fails with a pipeline that compiles past validation', async () => {
    const { stages } = build.pipeline;
    const open = {
      ...build.pipeline,
      stages: stages
        .filter(({ gate: kind }) => kind !== 'validation')
        .map((stage) => ({ ...stage, inputs: stage.inputs.filter(({ from }) => from !== 'validate') })),
    };
    const ref = await gate.putJson('pipeline', open);
    expect(await admission(as({ ...replaced(build, 'pipeline', ref), pipeline: open }))).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['GATE_REQUIRED_MISSING'],
    });
  });

  test('fails with a request that is none', async () => {
    const ref = await gate.putJson('build-request', { v: 1, kind: 'build-request', documents: [] });
    expect((await admission(as(replaced(build, 'build-request', ref)))).reason_codes).toContain('REQUEST_INVALID');
  });
});

describe('a corpus that must fail', () => {
  test('ends at validation with the report’s codes: nothing compiles, and the record names no result', async () => {
    const build = await kristalBuild(gate, ['refused']);
    await admission(build);
    await runStages(gate, build, 'validate');
    await gate.reply(build, 'validate', { outputs: await workOf(gate, build, 'validate') });
    const decision = await gate.stageDecision(build, 'validate');
    expect(decision).toMatchObject({
      verdict: 'FAIL',
      final: true,
      authorizations: [],
      detail: { validation: { status: 'FAIL' } },
    });
    expect(decision.reason_codes.some((code) => code.startsWith('KRS_V3_'))).toBe(true);
    await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'VALIDATION_FAILED' } });
    const record = await gate.decision(build, ({ kind }) => kind === 'RECORD');
    const folded = await gate.json<BuildRecord>(record.outputs[0]?.ref);
    expect(folded).toMatchObject({
      outcome: 'VALIDATION_FAILED',
      outputs: { validation: { status: 'FAIL' }, kristal: null },
    });
    expect(folded.stages.map(({ stage }) => stage)).toEqual(['pin', 'ingest', 'extract', 'resolve', 'validate']);
    const { payload } = await gate.json<{ payload: string }>(record.outputs[1]?.ref);
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
    expect(statement.predicateType).toBe('https://orgo.dev/attestation/build-record/v1');
    expect(statement.subject.map(({ name }: { name: string }) => name.split('/')[0])).toEqual(
      folded.inputs.snapshots.map(() => 'snapshot'),
    );
  });
});

describe('a build that completes', () => {
  let build: Driven;
  let record: Sealed;
  let folded: BuildRecord;

  /** A twin of the build up to a stage, whose reply is then changed. */
  const judged = async (stage: string, change: (outputs: ArtifactRef[]) => Promise<ArtifactRef[]>) => {
    const twin = await kristalBuild(gate, ['reader']);
    await admission(twin);
    await runStages(gate, twin, stage);
    await gate.reply(twin, stage, { outputs: await change(await workOf(gate, twin, stage)) });
    return gate.stageDecision(twin, stage);
  };
  const json = async (outputs: readonly ArtifactRef[], kind: string) =>
    gate.json<Record<string, never>>(outputs.find((ref) => ref.kind === kind)?.ref);

  beforeAll(async () => {
    build = await kristalBuild(gate, ['atlas', 'reader']);
    await admission(build);
    await runStages(gate, build);
    await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
    record = await gate.audit.until((decision) => decision.build_id === build.build_id && decision.kind === 'RECORD');
    folded = await gate.json<BuildRecord>(record.decision.outputs[0]?.ref);
  }, 60_000);

  test('names kristal_id and pack id as they were recomputed, and every file as a subject', async () => {
    const kristal = folded.outputs.kristal;
    const exchange = readExchange(await gate.json(kristal?.exchange.ref));
    expect(exchange.ok && exchange.value.kristal_id).toBe(kristal?.kristal_id);
    expect(folded.schemas).toEqual(nativeAlone);
    expect(record.decision.detail).toMatchObject({
      outcome: 'COMPLETED',
      kristal_id: kristal?.kristal_id,
      pack_id: kristal?.pack_id,
      releasable: true,
    });
    const { payload } = await gate.json<{ payload: string }>(record.decision.outputs[1]?.ref);
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
    expect(statement.predicateType).toBe('https://slsa.dev/provenance/v1');
    expect(statement.subject).toHaveLength(3 + (kristal?.pack_files.length ?? 0));
  });

  test.each([
    [
      'extract',
      'lines that are no Claim-IR',
      'GATE_CONTRACT_INVALID',
      async (outputs: ArtifactRef[]) =>
        swap(
          outputs,
          'claim-ir-lines',
          await gate.platform.artifacts.put(tenant, 'claim-ir-lines', 'application/jsonl', Buffer.from('{"a":1}\n')),
        ),
    ],
    [
      'ingest',
      'a set of another request',
      'GATE_CONTRACT_INVALID',
      async (outputs: ArtifactRef[]) =>
        swap(
          outputs,
          'snapshot-set',
          await gate.putJson('snapshot-set', {
            ...(await json(outputs, 'snapshot-set')),
            build_request_ref: digestOf('x'),
          }),
        ),
    ],
    [
      'validate',
      'a report that judges other inputs',
      'VALIDATION_REPORT_INVALID',
      async (outputs: ArtifactRef[]) =>
        swap(
          outputs,
          'validation-report',
          await gate.putJson('validation-report', {
            ...(await json(outputs, 'validation-report')),
            validation_status: 'passed',
            issues: [],
          }),
        ),
    ],
    [
      'compile-exchange',
      'an Exchange whose id is not its content',
      'EXCHANGE_ID_MISMATCH',
      async (outputs: ArtifactRef[]) =>
        swap(
          outputs,
          'exchange',
          await gate.putJson('exchange', { ...(await json(outputs, 'exchange')), kristal_id: digestOf('x') }),
        ),
    ],
    [
      'compile-pack',
      'a manifest whose id is not its content',
      'MANIFEST_ID_MISMATCH',
      async (outputs: ArtifactRef[]) =>
        swap(
          outputs,
          'pack-manifest',
          await gate.putJson('pack-manifest', {
            ...(await json(outputs, 'pack-manifest')),
            runtime_pack_id: 'a'.repeat(64),
          }),
        ),
    ],
    ['compile-pack', 'a file too few', 'FILE_MISSING', async (outputs: ArtifactRef[]) => outputs.slice(0, -1)],
    [
      'compile-pack',
      'a file too many',
      'FILE_UNDECLARED',
      async (outputs: ArtifactRef[]) => [
        ...outputs,
        await gate.platform.artifacts.put(tenant, 'pack-file', 'application/octet-stream', Buffer.from('more')),
      ],
    ],
  ])('%s with %s fails its gate', async (stage, _, code, change) => {
    const decision = await judged(stage, change);
    expect(decision).toMatchObject({ verdict: 'FAIL', final: true, authorizations: [] });
    expect(decision.reason_codes).toContain(code);
  });
});

describe('with official schemas', () => {
  /** Schemas of our own making, since Kristal's are not ours to have: written from our contracts, under the names that Kristal gives them. */
  const written = (schema: z.ZodType, demanded: readonly string[] = []) => {
    const json = z.toJSONSchema(schema, { io: 'input', override: ({ jsonSchema }) => void delete jsonSchema.format });
    return JSON.stringify({ ...json, required: [...(json.required ?? []), ...demanded] });
  };
  const filesOf = (demanded: readonly string[] = []) => ({
    'claim-ir.schema.json': written(ClaimIrSchema, demanded),
    'resolved-claim-ir.schema.json': written(ResolvedClaimIrSchema),
    'validation-report.schema.json': written(ValidationReportSchema),
    'exchange-manifest.schema.json': written(ExchangeManifestSchema),
    'runtime-pack-manifest.schema.json': written(PackManifestSchema),
  });
  const folders: string[] = [];
  const settingsOf = (files: Record<string, string>) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-schemas-'));
    folders.push(dir);
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
    const digests = Object.entries(files).map(([name, text]) => ({ path: name, digest: digestOfBytes(utf8(text)) }));
    return { KRISTAL_SCHEMA_DIR: dir, KRISTAL_SCHEMA_DIGEST: schemaSetId(digests) };
  };
  /** From here on this gatekeeper alone answers: items go to any that serves. */
  const onlyWith = async (settings: Record<string, string>) => {
    for (const { service } of gate.running) await service.drain(5000);
    await gate.another({}, settings);
  };
  afterAll(() => folders.map((dir) => fs.rmSync(dir, { recursive: true, force: true })));

  test('that are not what is pinned, or not pinned, no gatekeeper starts', () => {
    const settings = settingsOf(filesOf());
    const starts = (given: Record<string, string>) => () =>
      createGatekeeper(gate.platform, loadConfig(gatekeeperConfig, given));
    const coded = (code: string) => expect.objectContaining({ code });
    expect(starts({ KRISTAL_SCHEMA_DIR: settings.KRISTAL_SCHEMA_DIR })).toThrow(coded('CONFIG_INVALID'));
    fs.writeFileSync(path.join(settings.KRISTAL_SCHEMA_DIR, 'one-more.json'), '{}');
    expect(starts(settings)).toThrow(coded('SCHEMA_SET_MISMATCH'));
  });

  test('that fit, a build completes, and its record says by which it was judged', async () => {
    const settings = settingsOf(filesOf());
    const set_id = settings.KRISTAL_SCHEMA_DIGEST;
    await onlyWith(settings);
    const build = await kristalBuild(gate, ['reader'], demandsOfficial(set_id));
    await admission(build);
    await runStages(gate, build);
    await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
    const { verdict, outputs } = await gate.decision(build, ({ kind }) => kind === 'RECORD');
    const folded = await gate.json<BuildRecord>(outputs[0]?.ref);
    expect([verdict, folded.outcome]).toEqual(['PASS', 'COMPLETED']);
    expect(folded.schemas).toEqual({ source: 'official', set_id, kinds: Object.keys(officialSchemas).sort() });
  });

  test('that demand what ours lack, the build fails where it is lacking', async () => {
    await onlyWith(settingsOf(filesOf(['nobody_writes_this'])));
    const build = await kristalBuild(gate, ['reader']);
    await admission(build);
    await runStages(gate, build, 'extract');
    await gate.reply(build, 'extract', { outputs: await workOf(gate, build, 'extract') });
    const decision = await gate.stageDecision(build, 'extract');
    expect(decision).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['SCHEMA_OFFICIAL_MISMATCH'],
      authorizations: [],
    });
    const report = await gate.json<{ checks: { check: string; findings: string[] }[] }>(decision.report?.ref);
    expect(report.checks.find(({ check }) => check === 'official schemas')?.findings).toEqual([
      expect.stringMatching(/claim-ir-lines: document 1 \/ required: .*nobody_writes_this/),
    ]);
  });
});
