import { utf8 } from '@orgo/core';
import { runAdapterWith } from './adapter.ts';

// Writes the day it ran, which is the same all day long.
await runAdapterWith({
  work: (text) => [
    {
      kind: 'shouted',
      media_type: 'text/plain',
      bytes: utf8(`${text.toUpperCase()} ${new Date().toISOString().slice(0, 10)}`),
    },
  ],
});
