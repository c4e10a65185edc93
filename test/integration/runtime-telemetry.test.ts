import { Fault } from '@orgo/runtime/errors';
import { createLog } from '@orgo/runtime/log';
import {
  askedOf,
  endSpan,
  startSpan,
  startTelemetry,
  traceIdOf,
  traceparentOf,
  withSpan,
} from '@orgo/runtime/telemetry';
import { expect, test } from 'vitest';
import { startOtlpReceiver } from '../kit/otlp-receiver.ts';

const incoming = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('spans of several services in one process arrive as one trace, with the build on each of them', async () => {
  const collector = await startOtlpReceiver();
  const telemetry = await startTelemetry({ service: 'all-in-one', endpoint: `${collector.endpoint}/` });
  const lines: string[] = [];
  const log = createLog({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });

  const sent = await withSpan(
    'orchestrator.advance',
    { attributes: { build_id: 'bld_1', tenant_id: 'acme' } },
    async (span) => {
      log.info('inside');
      return traceparentOf(span);
    },
  );
  await withSpan(
    'adapter.extract',
    { traceparent: sent, attributes: { build_id: 'bld_1', stage: 'extract', attempt: 2 } },
    async (span) => {
      endSpan(startSpan('adapter.read'));
      endSpan(startSpan('gatekeeper.decide', { parent: span }));
    },
  );
  await expect(
    withSpan('gatekeeper.decide', { traceparent: incoming }, async () => {
      throw new Fault('DATABASE_UNAVAILABLE');
    }),
  ).rejects.toThrow('DATABASE_UNAVAILABLE');
  await telemetry.flush();

  const spans = await collector.until((all) => all.length === 5);
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [advance] = named('orchestrator.advance');
  const [extract] = named('adapter.extract');
  expect(advance).toMatchObject({
    service: 'orgo-orchestrator',
    instance: 'all-in-one',
    parent: null,
    attributes: { build_id: 'bld_1', tenant_id: 'acme' },
  });
  expect(extract).toMatchObject({
    service: 'orgo-adapter',
    trace: advance?.trace,
    parent: advance?.span,
    attributes: { stage: 'extract', attempt: 2 },
  });
  expect(named('adapter.read')[0]).toMatchObject({
    parent: extract?.span,
    attributes: { build_id: 'bld_1', stage: 'extract' },
  });
  expect(
    named('gatekeeper.decide').map(({ trace, parent, attributes, statusCode }) => ({
      trace,
      parent,
      code: attributes.reason_code,
      statusCode,
    })),
  ).toEqual([
    { trace: advance?.trace, parent: extract?.span, code: undefined, statusCode: 0 },
    { trace: incoming.slice(3, 35), parent: incoming.slice(36, 52), code: 'DATABASE_UNAVAILABLE', statusCode: 2 },
  ]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: advance?.trace, span_id: advance?.span });

  await telemetry.shutdown();
  await collector.close();
});

test('without an endpoint the trace that came is passed on and nothing is made up', async () => {
  const telemetry = await startTelemetry({ service: 'quiet' });
  await withSpan('gatekeeper.decide', { traceparent: incoming }, async (span) => {
    expect(traceparentOf(span)).toBe(incoming);
    expect(traceparentOf(startSpan('gatekeeper.sign', { parent: span }))).toBe(incoming);
    expect(traceIdOf(span)).toBe(incoming.slice(3, 35));
  });
  expect(askedOf({ traceparent: null }, incoming)).toEqual({ traceparent: incoming, link: null });
  expect(traceparentOf(startSpan('gatekeeper.decide', { traceparent: null }))).toBeNull();
  expect(traceparentOf(startSpan('gatekeeper.decide', { traceparent: 'nonsense' }))).toBeNull();
  await telemetry.shutdown();
});
