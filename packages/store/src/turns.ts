import { endSpan, type SpanAttributes, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import { createLane } from './lane.ts';
import { type Incoming, type ItemResult, type Key, keyText } from './machine.ts';

/** The one way to a machine. What comes while a transaction runs shares the next one. */
export type Turns<Input> = {
  /** One result per input, in order, after the commit. */
  take(incoming: readonly Incoming<Input>[]): Promise<ItemResult[]>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

/**
 * Batches inputs through `run`, each under a span of that name that continues its message's trace; what an input makes the machine say
 * carries that span's context. `changed` is told the aggregates of every batch after its commit, also of what did not change one.
 */
export function createTurns<Input>(options: {
  span: string;
  keyOf(input: Input): Key;
  attributesOf(input: Input): SpanAttributes;
  run(incoming: Incoming<Input>[]): Promise<ItemResult[]>;
  changed?(keys: readonly Key[]): void;
  max: number;
}): Turns<Input> {
  const { span: name, keyOf, attributesOf, run, changed, max } = options;
  const lane = createLane<Incoming<Input>, ItemResult>(
    async (incoming) => {
      const results = await run(incoming);
      changed?.([...new Map(incoming.map(({ input }) => [keyText(keyOf(input)), keyOf(input)])).values()]);
      return results;
    },
    { max },
  );
  return {
    async take(incoming) {
      const spans = incoming.map(({ input, traceparent, link }) =>
        startSpan(name, { traceparent, links: [link], attributes: attributesOf(input) }),
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
