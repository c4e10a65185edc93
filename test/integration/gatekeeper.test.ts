import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadTypes } from '@orgo/contracts';
import { evolveGate, type GateEvent, initialGate } from '@orgo/gatekeeper/domain';
import { createKey } from '@orgo/runtime/signer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { artifactFile, flipByte } from '../kit/story.ts';
import { type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';

let gate: Gatekeeper;
beforeEach(async () => {
  gate = await startGatekeeper();
});
afterEach(() => gate.stop());

describe('a build of eight stages', () => {
  test('passes each gate in turn and ends in a signed record that names every decision', async () => {
    const build = await gate.echo();
    expect(await gate.admit(build)).toEqual({ outcome: 'accepted', code: null });
    for (const { stage } of build.pipeline.stages) {
      expect(await gate.passEcho(build, stage)).toEqual({ outcome: 'accepted', code: null });
    }
    await gate.stageDecision(build, 'echo-8');
    expect(await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } })).toEqual({
      outcome: 'accepted',
      code: null,
    });

    const record = await gate.decision(build, (decision) => decision.kind === 'RECORD');
    expect(record).toMatchObject({
      verdict: 'PASS',
      final: true,
      detail: { outcome: 'COMPLETED', trigger: { type: 'manual', actor: 'ann' } },
    });
    const decisions = gate.audit.of(build.build_id);
    expect(decisions.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual([
      'ADMISSION PASS',
      ...Array(8).fill('STAGE PASS'),
      'RECORD PASS',
    ]);
    const [named, statement] = record.outputs;
    const folded: { decisions: unknown[]; stages: unknown[]; record_hash: string } = await gate.json(
      named?.ref as never,
    );
    expect(folded.decisions).toHaveLength(9);
    expect(folded.stages).toHaveLength(8);
    const envelope: { payloadType: string; payload: string } = await gate.json(statement?.ref as never);
    expect(envelope.payloadType).toBe(payloadTypes.statement);
    expect(JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'))).toMatchObject({
      predicateType: 'https://orgo.dev/attestation/build-record/v1',
      subject: [{ name: 'echo-request' }, { name: 'pipeline' }],
      predicate: { record_hash: folded.record_hash },
    });

    expect(await gate.rows('SELECT stage, verdict FROM accepted_decision ORDER BY stage')).toHaveLength(8);
    expect(await gate.rows('SELECT count(*)::int AS n FROM decision')).toEqual([{ n: 10 }]);
    await expect.poll(() => gate.rows('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 0 }]);

    const events = await gate.rows<{ data: GateEvent }>('SELECT data FROM event ORDER BY seq');
    const again = events
      .map(({ data }) => data)
      .reduce(evolveGate, initialGate({ tenant_id: tenant, id: build.build_id }));
    expect(await gate.rows('SELECT state FROM gate')).toEqual([{ state: again }]);
  });

  test('every decision of a stage names a stored report that repeats its verdict and its checks', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    await gate.passEcho(build, 'echo-1');
    const { report } = await gate.stageDecision(build, 'echo-1');
    const stored: { verdict: string; checks: { result: string }[] } = await gate.json(report?.ref as never);
    expect(stored).toMatchObject({ verdict: 'PASS', header: { stage: 'echo-1', build_id: build.build_id } });
    expect(stored.checks.every((check) => check.result === 'PASS')).toBe(true);
  });

  test('what is told together is signed together', async () => {
    const builds = await Promise.all(Array.from({ length: 40 }, () => gate.echo()));
    const items = await Promise.all(
      builds.map((build) => gate.claimItem(gate.claimOf(build, { claim: 'ADMIT', inputs: build.admitted }))),
    );
    expect(await gate.ask('claim', items)).toEqual(Array(40).fill({ outcome: 'accepted', code: null }));
    await Promise.all(builds.map((build) => gate.decision(build, () => true)));
    const sizes = gate.audit.sealed.map(({ item }) => item.decision.proof.size);
    expect(Math.max(...sizes)).toBeGreaterThan(2);
    expect(new Set(gate.audit.sealed.map(({ item }) => item.decision.proof.sig)).size).toBeLessThan(40);
  });
});

describe('the bytes of an output', () => {
  test('are read back: one flipped byte ends the stage and opens nothing', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    const output = await gate.echoText(build, 'echo-1');
    const file = artifactFile(gate.instance.home, tenant, output.ref);
    const bytes = await readFile(file);
    bytes[5] = (bytes[5] as number) ^ 1;
    await chmod(file, 0o600);
    await writeFile(file, bytes);
    expect(await gate.reply(build, 'echo-1', { outputs: [output] })).toEqual({ outcome: 'accepted', code: null });
    expect(await gate.stageDecision(build, 'echo-1')).toMatchObject({
      verdict: 'FAIL',
      final: true,
      reason_codes: ['HASH_MISMATCH'],
      outputs: [],
      authorizations: [],
    });
    expect(await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'FAILED' } })).toMatchObject({
      outcome: 'accepted',
    });
    expect(await gate.decision(build, (decision) => decision.kind === 'RECORD')).toMatchObject({
      reason_codes: ['HASH_MISMATCH'],
      detail: { outcome: 'FAILED' },
    });
  });

  test('that broke after all stages passed end the build as failed, and the record says what it does without', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    for (const { stage } of build.pipeline.stages) await gate.passEcho(build, stage);
    await gate.stageDecision(build, 'echo-8');
    flipByte(artifactFile(gate.instance.home, tenant, build.pins.pipeline_ref), 5);
    expect(await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } })).toEqual({
      outcome: 'accepted',
      code: null,
    });
    const record = await gate.decision(build, (decision) => decision.kind === 'RECORD');
    expect(record).toMatchObject({
      verdict: 'PASS',
      reason_codes: ['HASH_MISMATCH'],
      detail: { outcome: 'FAILED', unreadable: [build.pins.pipeline_ref], releasable: false },
    });
    expect(await gate.json(record.outputs[0]?.ref as never)).toMatchObject({
      outcome: 'FAILED',
      reason_codes: ['HASH_MISMATCH'],
      pipeline: { pipeline_id: 'unreadable' },
      outputs: { kristal: null },
    });
  });

  test('must be as many as declared', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    const output = await gate.echoText(build, 'echo-1');
    await gate.reply(build, 'echo-1', { outputs: [{ ...output, size: output.size + 1 }] });
    expect(await gate.stageDecision(build, 'echo-1')).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['SIZE_MISMATCH'],
    });
  });

  test('that cannot be read yet put the reply off, and nothing is decided', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    const output = await gate.echoText(build, 'echo-1');
    const bytes = await gate.platform.artifacts.get(tenant, output.ref);
    await rm(artifactFile(gate.instance.home, tenant, output.ref));
    const item = await gate.replyItem(build, 'echo-1', { outputs: [output] });
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'later', code: 'GATE_EVIDENCE_MISSING' }]);
    expect(await gate.rows('SELECT 1 FROM accepted_decision')).toEqual([]);
    await gate.platform.artifacts.put(tenant, output.kind, output.media_type, bytes);
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'accepted', code: null }]);
    expect(await gate.stageDecision(build, 'echo-1')).toMatchObject({ verdict: 'PASS' });
  });
});

describe('the same word again', () => {
  test('is a duplicate and decides nothing more', async () => {
    const build = await gate.echo();
    const admit = await gate.claimItem(gate.claimOf(build, { claim: 'ADMIT', inputs: build.admitted }));
    const both = await gate.ask('claim', [admit, admit]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'duplicate']);
    const item = await gate.replyItem(build, 'echo-1', { outputs: [await gate.echoText(build, 'echo-1')] });
    await gate.ask('reply', [item]);
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'duplicate', code: null }]);
    expect(await gate.rows('SELECT kind FROM decision ORDER BY seq')).toEqual([
      { kind: 'ADMISSION' },
      { kind: 'STAGE' },
    ]);
  });

  test('is known also when the inbox has forgotten it', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    const item = await gate.replyItem(build, 'echo-1', { outputs: [await gate.echoText(build, 'echo-1')] });
    await gate.ask('reply', [item]);
    await gate.rows('DELETE FROM inbox');
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'duplicate', code: null }]);
  });

  test('of a closed build is a duplicate too', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    await gate.claim(build, { claim: 'CANCEL' });
    const item = await gate.claimItem(gate.claimOf(build, { claim: 'CLOSE', detail: { outcome: 'CANCELLED' } }));
    expect(await gate.ask('claim', [item])).toEqual([{ outcome: 'accepted', code: null }]);
    expect(await gate.ask('claim', [item])).toEqual([{ outcome: 'duplicate', code: null }]);
    expect(await gate.rows(`SELECT 1 FROM decision WHERE kind = 'RECORD'`)).toHaveLength(1);
  });
});

describe('a race between a fence and a PASS', () => {
  test('has one winner in every build, over two processes', async () => {
    const builds = await Promise.all(Array.from({ length: 24 }, () => gate.echo()));
    await Promise.all(builds.map((build) => gate.admit(build)));
    await gate.another();
    const items = await Promise.all(
      builds.map(async (build) => ({
        reply: await gate.replyItem(build, 'echo-1', { outputs: [await gate.echoText(build, 'echo-1')] }),
        fence: await gate.claimItem(gate.claimOf(build, { claim: 'FENCE', stage: 'echo-1', attempt: 1, epoch: 2 })),
      })),
    );
    await Promise.all(
      items.flatMap(({ reply, fence }, i) =>
        i % 2 === 0
          ? [gate.ask('claim', [fence]), gate.ask('reply', [reply])]
          : [gate.ask('reply', [reply]), gate.ask('claim', [fence])],
      ),
    );
    for (const build of builds) {
      const { verdict } = await gate.decision(build, (decision) => decision.kind === 'FENCE');
      const accepted = await gate.rows('SELECT verdict FROM accepted_decision WHERE build_id = $1', [build.build_id]);
      if (verdict === 'LOST') expect(accepted).toEqual([{ verdict: 'PASS' }]);
      else {
        expect(accepted).toEqual([]);
        expect(await gate.decision(build, (decision) => decision.kind === 'REFUSAL')).toMatchObject({
          reason_codes: ['REPLY_STALE_ATTEMPT'],
        });
        expect(await gate.passEcho(build, 'echo-1', { epoch: 2 })).toMatchObject({ outcome: 'accepted' });
      }
    }
  });

  test('sixteen copies of a reply to two processes give one decision', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    await gate.another();
    const item = await gate.replyItem(build, 'echo-1', { outputs: [await gate.echoText(build, 'echo-1')] });
    const results = await Promise.all(Array.from({ length: 16 }, () => gate.ask('reply', [item])));
    expect(results.flat().filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    expect(await gate.rows('SELECT verdict FROM accepted_decision')).toEqual([{ verdict: 'PASS' }]);
  });
});

describe('when something is away', () => {
  test('decisions wait for audit and reach it when it is back', async () => {
    await gate.audit.stop();
    const build = await gate.echo();
    expect(await gate.admit(build)).toEqual({ outcome: 'accepted', code: null });
    expect(await gate.rows('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 1 }]);
    await gate.startAudit();
    expect(await gate.decision(build, () => true)).toMatchObject({ kind: 'ADMISSION', verdict: 'PASS' });
    await expect.poll(() => gate.rows('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 0 }]);
  });

  test('a record waits for audit, the build stays frozen meanwhile', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    await gate.decision(build, () => true);
    await gate.audit.stop();
    const item = await gate.claimItem(
      gate.claimOf(build, { claim: 'CLOSE', detail: { outcome: 'FAILED' }, reason_codes: ['STAGE_TIMEOUT'] }),
    );
    expect(await gate.ask('claim', [item])).toEqual([{ outcome: 'later', code: 'BUS_UNAVAILABLE' }]);
    expect(await gate.rows('SELECT phase FROM gate')).toEqual([{ phase: 'CLOSING' }]);
    await gate.startAudit();
    expect(await gate.ask('claim', [item])).toEqual([{ outcome: 'accepted', code: null }]);
    expect(await gate.decision(build, (decision) => decision.kind === 'RECORD')).toMatchObject({
      reason_codes: ['STAGE_TIMEOUT'],
    });
  });

  test('without the key nothing is decided, and nothing is ever said unsigned', async () => {
    const key = join(gate.instance.home, 'keys', 'gatekeeper', `${tenant}.json`);
    const kept = await readFile(key);
    await rm(key);
    const build = await gate.echo();
    expect(await gate.admit(build)).toEqual({ outcome: 'later', code: 'SIGNER_UNAVAILABLE' });
    expect(
      await gate.rows('SELECT 1 FROM gate UNION ALL SELECT 1 FROM decision UNION ALL SELECT 1 FROM inbox'),
    ).toEqual([]);
    await writeFile(key, kept, { mode: 0o600 });
    expect(await gate.admit(build)).toEqual({ outcome: 'accepted', code: null });
  });
});

describe('a record that lacks a decision', () => {
  test('is refused on record, nothing is signed over it, and a whole one is accepted later', async () => {
    const build = await gate.echo();
    await gate.admit(build);
    await gate.claim(build, { claim: 'CANCEL' });
    await gate.decision(build, (decision) => decision.kind === 'CANCEL');
    await expect.poll(() => gate.rows('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 0 }]);
    gate.audit.hide = (leaf) => leaf.decision.kind === 'CANCEL';
    expect(await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'CANCELLED' } })).toEqual({
      outcome: 'refused',
      code: 'RECORD_INCOMPLETE',
    });
    expect(await gate.decision(build, (decision) => decision.kind === 'REFUSAL')).toMatchObject({
      reason_codes: ['RECORD_INCOMPLETE'],
      outputs: [],
    });
    gate.audit.hide = () => false;
    expect(await gate.claim(build, { claim: 'CLOSE', detail: { outcome: 'CANCELLED', again: true } })).toEqual({
      outcome: 'accepted',
      code: null,
    });
  });
});

test('the database holds one accepted decision per stage and keeps what was decided', async () => {
  const build = await gate.echo();
  await gate.admit(build);
  await gate.passEcho(build, 'echo-1');
  const insert = `INSERT INTO accepted_decision SELECT tenant_id, build_id, stage, 'FAIL', 'sha256:x' FROM accepted_decision`;
  await expect(gate.rows(insert)).rejects.toMatchObject({ constraint: 'accepted_decision_pkey' });
});

test('a key of a stranger opens nothing', async () => {
  const build = await gate.echo();
  const stranger = await createKey(join(gate.instance.home, 'strangers'), tenant, 'orchestrator');
  const [claim] = gate.signAs(stranger, payloadTypes.claim, [
    gate.claimOf(build, { claim: 'ADMIT', inputs: build.admitted }),
  ]);
  expect(await gate.ask('claim', [{ claim, evidence: [], traceparent: null }])).toEqual([
    { outcome: 'refused', code: 'CLAIM_SIGNER_UNTRUSTED' },
  ]);
  expect(await gate.rows('SELECT 1 FROM gate')).toEqual([]);
});
