import { fileURLToPath } from 'node:url';
import { programStage, readProgram } from '@orgo/adapter-sdk';

/** Profiles a corpus and the claims drawn from it: `profile.py`, a Python 3 program. Python is started per command, so nothing is needed before. */
export const stage = programStage(readProgram(fileURLToPath(new URL('./adapter.json', import.meta.url))));
