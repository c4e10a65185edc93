import { runAdapterWith } from './adapter.ts';

// Signs as the orchestrator.
await runAdapterWith({ role: 'orchestrator' });
