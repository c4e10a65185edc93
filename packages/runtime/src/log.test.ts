import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from './errors.ts';
import { createLog } from './log.ts';

const lines: string[] = [];
const log = createLog({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });
const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}');

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

test('a line names its service and level, and the reason code of an error', () => {
  log.error({ err: new Fault('BUS_UNAVAILABLE', 'gone') }, 'cannot send');
  expect(last()).toMatchObject({
    service: 'test',
    level: 'error',
    msg: 'cannot send',
    err: { code: 'BUS_UNAVAILABLE' },
  });
});

test('secrets never reach a line', () => {
  log.info(
    {
      token: 't0k3n',
      headers: { authorization: 'Bearer t0k3n' },
      jwk: { d: 't0k3n' },
      url: 'nats://orgo:t0k3n@127.0.0.1:4222',
    },
    'start',
  );
  expect(lines.at(-1)).not.toContain('t0k3n');
  expect(last()).toMatchObject({ url: 'nats://127.0.0.1:4222' });
});

test('a line inside a span carries its ids, one outside none', () => {
  const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  context.with(trace.setSpan(context.active(), trace.wrapSpanContext(ids)), () => log.info('inside'));
  expect(last()).toMatchObject({ trace_id: ids.traceId, span_id: ids.spanId });
  log.info('outside');
  expect(last()).not.toHaveProperty('trace_id');
});
