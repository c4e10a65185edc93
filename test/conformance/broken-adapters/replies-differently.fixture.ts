import { runAdapterWith } from './adapter.ts';

let count = 0;
// Words its reply anew for every delivery.
await runAdapterWith({
  reply: (reply) => ({ ...reply, duration_ms: count++ }),
  again: (_, make) => make(),
});
