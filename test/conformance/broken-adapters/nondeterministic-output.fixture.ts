import { randomUUID } from 'node:crypto';
import { utf8 } from '@orgo/core';
import { runAdapterWith } from './adapter.ts';

// Writes something new each time.
await runAdapterWith({
  work: (text) => [{ kind: 'shouted', media_type: 'text/plain', bytes: utf8(`${text.toUpperCase()} ${randomUUID()}`) }],
});
