import { runAdapterWith } from './adapter.ts';

// Nothing is broken: what the others break is done right in what they share.
await runAdapterWith({});
