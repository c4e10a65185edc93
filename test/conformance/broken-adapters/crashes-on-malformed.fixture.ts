import { runAdapterWith } from './adapter.ts';

// Ends when it gets a message that it cannot read.
await runAdapterWith({
  onMalformed() {
    process.stderr.write('cannot read this\n');
    process.exit(1);
  },
});
