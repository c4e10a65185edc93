import { digestOfBytes, utf8 } from '@orgo/core';
import { runAdapterWith } from './adapter.ts';

// Names a digest that its output does not have.
await runAdapterWith({
  store: async (artifacts, tenant, outputs) =>
    Promise.all(
      outputs.map(async ({ kind, media_type, bytes }) => ({
        ...(await artifacts.put(tenant, kind, media_type, bytes)),
        ref: digestOfBytes(utf8('something else')),
      })),
    ),
});
