import { runAdapterWith } from './adapter.ts';

// Its clock stands still, long ago.
await runAdapterWith({ now: () => new Date('2019-01-01T00:00:00.000Z') });
