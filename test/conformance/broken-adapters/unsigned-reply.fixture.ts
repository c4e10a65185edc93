import { payloadTypes } from '@orgo/contracts';
import { runAdapterWith } from './adapter.ts';

// Puts zeros where the signature belongs.
await runAdapterWith({
  sign: (payload, { key_id, role, tenant_id }) => ({
    type: payloadTypes.reply,
    payload,
    proof: { key_id, role, tenant_id, sig: `${'A'.repeat(86)}==`, size: 1, index: 0, path: [] },
  }),
});
