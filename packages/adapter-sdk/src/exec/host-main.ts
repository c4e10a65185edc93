import { runAdapter } from '../adapter.ts';
import { readProgram } from './program.ts';
import { programStage } from './program-stage.ts';

/** `node …/exec/host-main.ts adapter.json…`: serves programs as adapters, with the settings of every adapter. */
const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('USAGE_INVALID: name one adapter.json or more\n');
  process.exitCode = 2;
} else {
  await runAdapter(
    files.map((file) => programStage(readProgram(file))),
    process.env,
  );
}
