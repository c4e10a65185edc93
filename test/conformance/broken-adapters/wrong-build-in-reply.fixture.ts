import { runAdapterWith } from './adapter.ts';

// Says another build than its command.
await runAdapterWith({ reply: (reply) => ({ ...reply, build_id: 'bld_0190a1b2-c3d4-7e5f-8a6b-eeeeeeeeeeee' }) });
