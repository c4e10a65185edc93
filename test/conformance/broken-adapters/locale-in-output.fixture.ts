import { utf8 } from '@orgo/core';
import { runAdapterWith } from './adapter.ts';

// Writes the offset of its time zone.
await runAdapterWith({
  work: (text) => [
    {
      kind: 'shouted',
      media_type: 'text/plain',
      bytes: utf8(`${text.toUpperCase()} ${new Date(0).getTimezoneOffset()}`),
    },
  ],
});
