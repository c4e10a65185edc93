import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../kit/otlp-receiver.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// One build is one connected trace, over NATS, in processes of their own; asserted from the protobuf that a collector would get.
describe('the trace of a build', () => {
  let orgo: TestInstance;
  let otlp: OtlpReceiver;
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-trace-'));

  beforeAll(async () => {
    otlp = await startOtlpReceiver();
    orgo = await startInstance({ args: ['--processes'], env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint } });
  });
  afterAll(async () => {
    await orgo?.stop();
    await otlp?.close();
    fs.rmSync(work, { recursive: true, force: true });
  });

  it('is one tree through orchestrator, adapter, gatekeeper and audit, stage after stage', async () => {
    const story = await newTenant(orgo, 'traced');
    const build = (await story.cli('build', 'start', ...writeCorpora(work, 'reader'), '--wait', '--json'))
      .json as BuildResult;
    expect(build.status).toBe('COMPLETED');
    const mine = (spans: ReceivedSpan[]) => spans.filter((s) => s.trace === build.trace_id);
    // Each process exports in its own time, so a child may come seconds before its parent: what is awaited is the
    // whole trace. Everything but one root has its parent in it: it is connected.
    const rootsOf = (spans: ReceivedSpan[]) => {
      const ids = new Set(spans.map((s) => s.span));
      return spans.filter((s) => s.parent === null || !ids.has(s.parent));
    };
    const isWhole = (spans: ReceivedSpan[]) =>
      spans.filter((s) => s.name === 'audit.seal').length >= 9 &&
      spans.some((s) => s.name === 'adapter.compile-pack') &&
      rootsOf(spans).length === 1;
    const spans = mine(await otlp.until((all) => isWhole(mine(all))));
    expect(rootsOf(spans).map((s) => s.service)).toEqual(['orgo-orchestrator']);
    for (const span of spans.filter((s) => !s.name.endsWith('.http')))
      expect([span.name, span.attributes.build_id, span.attributes.tenant_id]).toEqual([
        span.name,
        build.build_id,
        story.tenant,
      ]);

    // The ring, by parentage: each stage's adapter span leads back through orchestrator, audit and gatekeeper to the stage before.
    const by = new Map(spans.map((s) => [s.span, s]));
    const ancestry = (s: ReceivedSpan): string[] => {
      const parent = s.parent === null ? undefined : by.get(s.parent);
      return parent ? [parent.service, ...ancestry(parent)] : [];
    };
    const last = spans.find((s) => s.name === 'adapter.compile-pack') as ReceivedSpan;
    const chain = ancestry(last).filter((service, i, all) => service !== all[i - 1]);
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
});
