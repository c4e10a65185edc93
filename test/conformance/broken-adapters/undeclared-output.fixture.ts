import { utf8 } from '@orgo/core';
import { runAdapterWith } from './adapter.ts';

// Hands over a second output that nobody declared.
await runAdapterWith({
  work: (text) => [
    { kind: 'shouted', media_type: 'text/plain', bytes: utf8(text.toUpperCase()) },
    { kind: 'whispered', media_type: 'text/plain', bytes: utf8(text.toLowerCase()) },
  ],
});
