import fs from 'node:fs';
import path from 'node:path';
import { Refused } from '@orgo/runtime/errors';
import { runAdapterWith } from './adapter.ts';

// Reads the bytes as they are, without hashing them.
await runAdapterWith({
  async readInput(_, tenant, { ref }) {
    const hex = ref.slice('sha256:'.length);
    const file = path.join(process.env.ORGO_HOME ?? '', 'artifacts', tenant, 'sha256', hex.slice(0, 2), hex);
    if (!fs.existsSync(file)) throw new Refused('ARTIFACT_NOT_FOUND', ref);
    return fs.readFileSync(file);
  },
});
