import { loadConfig } from '@orgo/runtime/config';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { startWitness, witnessConfig } from './witness.ts';

// One line on stdout says where it listens and which key to put into a policy.
try {
  const witness = await startWitness(loadConfig(witnessConfig, process.env));
  process.stdout.write(`${JSON.stringify({ url: witness.url, vkey: witness.vkey })}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void witness.close());
} catch (error) {
  process.stderr.write(`${codeOf(error)} ${detailOf(error)}\n`);
  process.exitCode = 2;
}
