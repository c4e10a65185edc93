import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type BuildRecord,
  type CaseView,
  type CommandItem,
  payloadTypes,
  type ReplyItem,
  type StageCommand,
  type StageReply,
} from '@orgo/contracts';
import { canonical, type JsonValue, signBatch, toHex } from '@orgo/core';
import { createKey, Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { itemsOf, Overhearing } from '../kit/overhear.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// A build that fails validation never reaches a compiler; and a compiler that is asked by hand refuses by itself, with a sealed no.
describe('no compile on fail', () => {
  let orgo: TestInstance;
  let work: string;
  let bus: Overhearing;

  beforeAll(async () => {
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-refused-'));
    orgo = await startInstance();
    bus = await Overhearing.open(orgo.servers().NATS_URL, 'orgo.v1.*.cmd.>', 'orgo.v1.*.gate.reply');
  });
  afterAll(async () => {
    await bus?.close();
    await orgo?.stop();
    fs.rmSync(work, { recursive: true, force: true });
  });

  it('ends VALIDATION_FAILED with codes, a record without Exchange or Pack, a Case, and no compile command', async () => {
    const story = await newTenant(orgo, 'refused');
    const ended = await story.cli('build', 'start', ...writeCorpora(work, 'refused'), '--wait', '--json');
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('VALIDATION_FAILED');
    const build = JSON.parse(ended.stdout.split('\n')[0] as string) as BuildResult;
    expect(build.status).toBe('VALIDATION_FAILED');
    expect(build.validation.status).toBe('FAIL');
    expect(build.validation.codes).toEqual(expect.arrayContaining(['KRS_V3_CHRONOLOGY_CONFLICT']));
    expect(build.stages.map((s) => s.stage)).toEqual(['pin', 'ingest', 'extract', 'resolve', 'validate']);
    expect([build.kristal_id, build.pack_id]).toEqual([null, null]);

    const record = (await story.cli('record', 'show', build.build_id, '--json')).json as BuildRecord;
    expect(record.outcome).toBe('VALIDATION_FAILED');
    expect(record.outputs.kristal).toBeNull();
    expect(record.outputs.validation).toMatchObject({ status: 'FAIL', report_ref: build.validation.report_ref });
    const { items } = (await story.cli('case', 'list', '--json')).json as { items: CaseView[] };
    expect(items).toMatchObject([{ build_id: build.build_id, status: 'OPEN' }]);
    expect(items[0]?.refs.map((r) => r.ref)).toContain(build.validation.report_ref);

    // The ear works: it heard the stages that did run.
    expect(bus.of(story.tenant, '.cmd.validate')).toHaveLength(1);
    expect(bus.heard.filter((m) => m.subject.includes(`${story.tenant}.cmd.compile`))).toEqual([]);
    const release = await story.cli(
      'release',
      'create',
      '--build',
      build.build_id,
      '--channel',
      'stable',
      '--wait',
      '--json',
    );
    expect(release.code).toBe(3);
    expect(release.stderr).toContain('BUILD_NOT_ELIGIBLE');
  });

  it('refuses compile commands published by hand, each with its code, and seals the refusal', async () => {
    const story = await newTenant(orgo, 'forged');
    const good = await story.cli('build', 'start', ...writeCorpora(work, 'reader'), '--wait', '--json');
    expect(good.code).toBe(0);
    const real = itemsOf<CommandItem>(bus.of(story.tenant, '.cmd.compile-exchange')[0])[0] as CommandItem;
    const other = itemsOf<CommandItem>(bus.of(story.tenant, '.cmd.resolve')[0])[0] as CommandItem;
    const command = JSON.parse(real.command.payload) as StageCommand;
    const orchestrator = await Keyring.open(keysDir(orgo.home)).signer(story.tenant, 'orchestrator');
    const stranger = await createKey(fs.mkdtempSync(path.join(work, 'keys-')), story.tenant, 'orchestrator');
    let attempt = 100;
    // Each command differs in nothing but its attempt from the real one, and is wrong in exactly one thing.
    const forge = (
      change: Partial<StageCommand>,
      item: Partial<CommandItem> = {},
      signer = orchestrator,
    ): CommandItem => {
      const payload = canonical({
        ...command,
        attempt: attempt++,
        not_after: new Date(Date.now() + 60_000).toISOString(),
        ...change,
      } as unknown as JsonValue);
      const [signed] = signBatch(
        [{ type: payloadTypes.command, payload }],
        { role: 'orchestrator', tenant_id: story.tenant, key_id: signer.key_id },
        signer.sign,
      );
      return { ...real, ...item, command: signed as CommandItem['command'] };
    };
    const badSeal = { ...(real.seal as NonNullable<CommandItem['seal']>), index: (real.seal?.index ?? 0) + 1 };
    const forged: [string, CommandItem][] = [
      ['COMMAND_AUTHORIZATION_MISSING', forge({}, { authorization: null })],
      ['COMMAND_AUTHORIZATION_UNSEALED', forge({}, { seal: badSeal })],
      ['COMMAND_AUTHORIZATION_UNSEALED', forge({}, { decision: null, seal: null })],
      ['COMMAND_INPUTS_MISMATCH', forge({ inputs: command.inputs.slice(1) })],
      [
        'COMMAND_BUILD_MISMATCH',
        forge(
          { authorization_digest: (JSON.parse(other.command.payload) as StageCommand).authorization_digest },
          { authorization: other.authorization, decision: other.decision, seal: other.seal },
        ),
      ],
      ['COMMAND_SIGNER_UNTRUSTED', forge({}, {}, stranger)],
      ['COMMAND_LEASE_EXPIRED', forge({ not_after: new Date(Date.now() - 60_000).toISOString() })],
    ];
    const before = ((await story.cli('audit', 'checkpoint', '--json')).json as { tree_size: number }).tree_size;
    const answered = new Map<string, string[]>();
    for (const [code, item] of forged) {
      const digest = `sha256:${toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(item.command.payload))))}`;
      await bus.say(`orgo.v1.${story.tenant}.cmd.compile-exchange`, {
        v: 1,
        type: 'orgo.stage.command.v1',
        tenant_id: story.tenant,
        items: [item],
      });
      const reply = await bus.until(
        (m) =>
          m.subject === `orgo.v1.${story.tenant}.gate.reply` &&
          itemsOf<ReplyItem>(m).some((i) => i.reply.payload.includes(digest)),
      );
      const said = itemsOf<ReplyItem>(reply)
        .map((i) => JSON.parse(i.reply.payload) as StageReply)
        .find((r) => r.command_digest === digest);
      expect([said?.status, said?.reason_codes]).toEqual(['refused', [code]]);
      answered.set(digest, [code]);
    }
    expect(new Set(forged.map(([code]) => code)).size).toBe(6);

    // Sealed: one leaf per refusal, with its code; the build it names is untouched.
    const log = path.join(work, 'refusals');
    await orgo.as(story.tenant)('record', 'show', (good.json as BuildResult).build_id);
    await expect
      .poll(async () => ((await story.cli('audit', 'checkpoint', '--json')).json as { tree_size: number }).tree_size, {
        timeout: 30_000,
      })
      .toBe(before + forged.length);
    await story.cli('audit', 'export', '--out', log);
    const leaves = fs
      .readFileSync(path.join(log, 'entries.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .slice(before)
      .map((l) => JSON.parse(Buffer.from(JSON.parse(l).leaf, 'base64').toString('utf8')));
    expect(leaves.map((l) => l.kind)).toEqual(forged.map(() => 'REFUSAL'));
    expect(new Map(leaves.map((l) => [l.command_digest, l.reason_codes]))).toEqual(answered);
    expect(
      ((await story.cli('build', 'status', (good.json as BuildResult).build_id, '--json')).json as BuildResult).status,
    ).toBe('COMPLETED');
  });

  it('lets a redelivery of the real command pass, and takes its answer as a duplicate', async () => {
    const story = await newTenant(orgo, 'again');
    const done = await story.cli('build', 'start', path.join(work, 'reader'), '--wait', '--json');
    const { tree_size } = (done.json as BuildResult).audit;
    const real = bus.of(story.tenant, '.cmd.compile-exchange')[0];
    await bus.roundTrip();
    const count = bus.of(story.tenant, '.gate.reply').length;
    await bus.say(real?.subject as string, real?.json);
    await bus.until(() => bus.of(story.tenant, '.gate.reply').length > count);
    const last = bus.of(story.tenant, '.gate.reply').at(-1);
    expect(JSON.parse(itemsOf<ReplyItem>(last)[0]?.reply.payload ?? '{}').status).toBe('ok');
    expect(((await story.cli('audit', 'checkpoint', '--json')).json as { tree_size: number }).tree_size).toBe(
      tree_size,
    );
  });
});
