import { endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import { createLane } from '@orgo/store/lane';
import type { Incoming, ItemResult, Key } from '@orgo/store/machine';
import { keyText } from '@orgo/store/machine';
import type { BuildInput } from './domain/index.ts';
import { keyOf } from './domain/index.ts';

/** The one way to the build machine. What comes while a transaction runs shares the next one. */
export type Turns = {
  /** One result per input, in order, after the commit. */
  take(incoming: readonly Incoming<BuildInput>[]): Promise<ItemResult[]>;
  idle(): Promise<void>;
};

const attributesOf = (input: BuildInput) => {
  const { tenant_id, id } = keyOf(input);
  const of = input.type === 'receipt' ? input.decision : input.type === 'alarm' ? input : null;
  const stage = of === null || of.stage === null ? {} : { stage: of.stage, attempt: of.attempt };
  return { tenant_id, build_id: id, input: input.type, ...stage };
};

/**
 * Batches inputs through `run`, each under a span `orchestrator.advance` that continues its message's trace; what an input makes the build
 * say carries that span's context. `changed` is told the builds of every batch after its commit.
 */
export function createTurns(options: {
  run(incoming: Incoming<BuildInput>[]): Promise<ItemResult[]>;
  changed(keys: readonly Key[]): void;
  max?: number;
}): Turns {
  const { run, changed, max = 256 } = options;
  const lane = createLane<Incoming<BuildInput>, ItemResult>(
    async (incoming) => {
      const results = await run(incoming);
      const keys = new Map(incoming.map(({ input }) => [keyText(keyOf(input)), keyOf(input)]));
      changed([...keys.values()]);
      return results;
    },
    { max },
  );
  return {
    async take(incoming) {
      const spans = incoming.map(({ input, traceparent }) =>
        startSpan('orchestrator.advance', { traceparent, attributes: attributesOf(input) }),
      );
      const traced = incoming.map((item, at) => ({
        ...item,
        traceparent: traceparentOf(spans[at] as (typeof spans)[number]),
      }));
      try {
        const results = await lane.push(traced);
        for (const [at, span] of spans.entries())
          endSpan(span, results[at]?.code ? { code: results[at].code } : undefined);
        return results;
      } catch (error) {
        for (const span of spans) endSpan(span, error);
        throw error;
      }
    },
    idle: () => lane.idle(),
  };
}
