import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BuildStarted, CommandItem, DeadLetterView, StageCommand } from '@orgo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../kit/otlp-receiver.ts';
import { itemsOf, Overhearing } from '../kit/overhear.ts';
import { standStill } from '../kit/stand-still.ts';
import { artifactFile, type BuildResult, newTenant, writeCorpora, writeMandate } from '../kit/story.ts';

type Story = Awaited<ReturnType<typeof newTenant>>;

/** Everything but one root has its parent in the trace: it is connected. */
const rootsOf = (spans: ReceivedSpan[]): ReceivedSpan[] => {
  const ids = new Set(spans.map(({ span }) => span));
  return spans.filter(({ parent }) => parent === null || !ids.has(parent));
};

/** The spans that led to one, the nearest first. */
const ancestryOf = (spans: ReceivedSpan[], of: ReceivedSpan): ReceivedSpan[] => {
  const parent = spans.find(({ span }) => span === of.parent);
  return parent === undefined ? [] : [parent, ...ancestryOf(spans, parent)];
};

const servicesOf = (spans: ReceivedSpan[]): string[] =>
  spans.map(({ service }) => service).filter((service, at, all) => service !== all[at - 1]);

// A build is one connected trace, over NATS, in processes of their own; asserted from the protobuf that a collector would get.
describe('the trace of a build', () => {
  let orgo: TestInstance;
  let otlp: OtlpReceiver;
  let bus: Overhearing;
  let traced: { story: Story; build: BuildResult; folders: string[] };
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-trace-'));

  beforeAll(async () => {
    otlp = await startOtlpReceiver();
    orgo = await startInstance({ args: ['--processes'], env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint } });
    bus = await Overhearing.open(orgo.servers().NATS_URL, 'orgo.v1.*.cmd.pin');
  });
  afterAll(async () => {
    await bus?.close();
    await orgo?.stop();
    await otlp?.close();
    fs.rmSync(work, { recursive: true, force: true });
  });

  /**
   * The trace once it is connected and holds what is awaited. Each process exports in its own time, so a child may come seconds before its parent: what is
   * awaited is the whole.
   */
  const traceOf = async (trace: string | null, isWhole: (spans: ReceivedSpan[]) => boolean) => {
    const mine = (all: ReceivedSpan[]) => all.filter((span) => span.trace === trace);
    return mine(await otlp.until((all) => rootsOf(mine(all)).length === 1 && isWhole(mine(all))));
  };
  /** The person's request that a span is linked to: of another trace. */
  const requestOf = async ({ links: [link], trace }: ReceivedSpan): Promise<unknown> => {
    const is = (span: ReceivedSpan) => span.span === link?.span && span.trace === link.trace && span.trace !== trace;
    return (await otlp.until((all) => all.some(is))).find(is)?.attributes['http.route'];
  };
  const inputs = (spans: ReceivedSpan[], input: string) => spans.filter(({ attributes }) => attributes.input === input);

  /** A build whose first command waits for an adapter that stands still. */
  const held = async (story: Story, ...args: string[]) => {
    const goOn = await standStill(orgo.pids().pin as number);
    const started = (await story.cli('build', 'start', ...args, '--json')).json as BuildStarted;
    const commandOf = (json: unknown): StageCommand | undefined => {
      const items = itemsOf<CommandItem>({ subject: '', bytes: new Uint8Array(), json });
      const commands = items.map(({ command }) => JSON.parse(command.payload) as StageCommand);
      return commands.find(({ build_id }) => build_id === started.build_id);
    };
    const { json } = await bus.until((message) => commandOf(message.json) !== undefined);
    return { started, command: commandOf(json) as StageCommand, goOn };
  };

  it('is one tree through orchestrator, adapter, gatekeeper and audit, stage after stage', async () => {
    const story = await newTenant(orgo, 'traced');
    const folders = writeCorpora(work, 'reader');
    const build = (await story.cli('build', 'start', ...folders, '--wait', '--json')).json as BuildResult;
    expect(build.status).toBe('COMPLETED');
    traced = { story, build, folders };
    const spans = await traceOf(
      build.trace_id,
      (mine) =>
        mine.filter(({ name }) => name === 'audit.seal').length >= 9 &&
        mine.some(({ name }) => name === 'adapter.compile-pack'),
    );
    expect(rootsOf(spans).map((s) => s.service)).toEqual(['orgo-orchestrator']);
    for (const span of spans.filter((s) => !s.name.endsWith('.http')))
      expect([span.name, span.attributes.build_id, span.attributes.tenant_id]).toEqual([
        span.name,
        build.build_id,
        story.tenant,
      ]);

    // The ring, by parentage: each stage's adapter span leads back through orchestrator, audit and gatekeeper to the stage before.
    const last = spans.find((s) => s.name === 'adapter.compile-pack') as ReceivedSpan;
    const chain = servicesOf(ancestryOf(spans, last));
    expect(chain.slice(0, 4)).toEqual(['orgo-orchestrator', 'orgo-audit', 'orgo-gatekeeper', 'orgo-adapter']);
    expect(chain.filter((s) => s === 'orgo-adapter')).toHaveLength(6);

    // Logs carry the same ids.
    const lines = orgo
      .log('compile-pack')
      .split('\n')
      .filter(Boolean)
      .map((l) => JSON.parse(l));
    expect(lines).toContainEqual(
      expect.objectContaining({
        build_id: build.build_id,
        stage: 'compile-pack',
        trace_id: build.trace_id,
        span_id: last.span,
      }),
    );
  });

  it('stays one tree through failed attempts, Cases, a person and a document that is put aside', async () => {
    const story = await newTenant(orgo, 'retried');
    const folder = path.join(work, 'poisoned');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'good.md'), 'Mont Blanc is a mountain in France.');
    fs.writeFileSync(path.join(folder, 'poison.md'), Buffer.from('Caf\xe9', 'latin1'));
    const mandate = writeMandate(path.join(work, 'mandate.json'), { on_poison: 'dead_letter' });

    // A missing artifact may come back: every attempt without it fails, and in the end a person is told.
    const { started, command, goOn } = await held(story, folder, '--mandate', mandate);
    const { build_id, trace_id } = started;
    const ref = command.inputs.find(({ kind }) => kind === 'build-request')?.ref as string;
    const file = artifactFile(orgo.home, story.tenant, ref);
    fs.renameSync(file, `${file}.away`);
    goOn();
    const watch = async () => (await story.cli('build', 'watch', build_id, '--json')).json as BuildResult;
    expect(await watch()).toMatchObject({
      status: 'BLOCKED',
      reason_codes: expect.arrayContaining(['ARTIFACT_NOT_FOUND']),
    });
    fs.renameSync(`${file}.away`, file);
    expect((await story.cli('build', 'resume', build_id, '--reason', 'it is back', '--json')).code).toBe(0);
    expect(await watch()).toMatchObject({ status: 'COMPLETED', trace_id });

    // Both Cases are open once their spans are here; then somebody says what becomes of the letter.
    await traceOf(trace_id, (mine) => inputs(mine, 'open').length === 2);
    const { items } = (await story.cli('deadletter', 'list', '--json')).json as { items: DeadLetterView[] };
    const [letter] = items;
    const dropped = await story.cli('deadletter', 'drop', letter?.ref ?? '', '--reason', 'not ours', '--json');
    expect(dropped.code, dropped.stderr).toBe(0);

    const spans = await traceOf(
      trace_id,
      (mine) => inputs(mine, 'mark').length === 1 && mine.some(({ name }) => name === 'adapter.compile-pack'),
    );
    for (const span of spans.filter((s) => !s.name.endsWith('.http')))
      expect([span.name, span.attributes.build_id]).toEqual([span.name, build_id]);
    const cases = spans.filter(({ name }) => name === 'orchestrator.case');
    expect(cases.map(({ attributes }) => attributes.input).sort()).toEqual(['mark', 'open', 'open']);
    expect(cases.map(({ attributes }) => attributes.case_id)).toContain(letter?.case_id);

    // Each attempt that an alarm brings comes from the one before it; the one that a person brings comes from the person.
    const attempt = (n: number) =>
      spans.find(({ name, attributes }) => name === 'adapter.pin' && attributes.attempt === n) as ReceivedSpan;
    for (const n of [2, 3]) {
      expect(servicesOf(ancestryOf(spans, attempt(n))).slice(0, 4)).toEqual([
        'orgo-orchestrator',
        'orgo-audit',
        'orgo-gatekeeper',
        'orgo-adapter',
      ]);
      expect(ancestryOf(spans, attempt(n))).toContain(attempt(n - 1));
      expect(ancestryOf(spans, attempt(n)).map(({ attributes }) => attributes.input)).toContain('alarm');
    }
    const [resumed] = inputs(spans, 'resume') as [ReceivedSpan];
    expect(ancestryOf(spans, attempt(4))).toContain(resumed);
    expect(ancestryOf(spans, attempt(4))).not.toContain(attempt(3));
    expect(await requestOf(resumed)).toContain('/resume');
    const [marked] = inputs(spans, 'mark') as [ReceivedSpan];
    expect(ancestryOf(spans, marked).map(({ name }) => name)).toContain('orchestrator.build');
    expect(await requestOf(marked)).toContain('/drop');
  });

  it('of a rerun is another one, linked to the first, and stays one tree when a person cancels it', async () => {
    const { story, build, folders } = traced;
    const { started, goOn } = await held(story, ...folders, '--rerun-of', build.build_id);
    const { build_id, trace_id } = started;
    expect((await story.cli('build', 'cancel', build_id, '--reason', 'enough', '--json')).code).toBe(0);
    goOn();
    const ended = (await story.cli('build', 'watch', build_id, '--json')).json as BuildResult;
    expect(ended).toMatchObject({ status: 'CANCELLED', trace_id });
    expect(trace_id).not.toBe(build.trace_id);

    // Admission, cancellation and record.
    const spans = await traceOf(
      trace_id,
      (mine) => mine.filter(({ name }) => name === 'audit.seal').length >= 3 && inputs(mine, 'cancel').length === 1,
    );
    const [root] = spans.filter(({ name }) => name === 'orchestrator.build');
    expect(root?.links.map((link) => link.trace)).toEqual([build.trace_id]);
    const [cancelled] = inputs(spans, 'cancel') as [ReceivedSpan];
    expect(await requestOf(cancelled)).toContain('/cancel');
    expect(spans.some((span) => ancestryOf(spans, span).includes(cancelled) && span.service === 'orgo-audit')).toBe(
      true,
    );
  });
});
