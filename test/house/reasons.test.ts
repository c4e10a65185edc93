import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { sourceFiles } from '@orgo/infra/source-files';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';

/** Codes that nothing says yet, and what will. A row that gets a speaker leaves this list. */
const AWAITED: Readonly<Record<string, string>> = {
  IDENTIFIER_INVALID: 'identifiers outside the allowed set are refused as REQUEST_INVALID at the door',
  SIGNATURE_MISSING: 'an envelope without a signature is refused as THRESHOLD_NOT_MET',
  KEY_REVOKED: 'rotation of keys',
  ALG_MISMATCH: 'a second signature algorithm',
  COMMAND_DUPLICATE: 'a repeated command is answered with its stored reply',
  INTEGRITY_FIELD_MALFORMED: 'malformed digests are refused by the schema of their message',
  MANDATE_REVOKED: 'revocation of mandates',
  RESOLVE_TIMEOUT: 'an adapter that gives up by itself',
  COMPILE_FAILED: 'an adapter that gives up by itself',
  DEAD_LETTERED: 'put-aside messages',
  SEQUENCER_FENCED: 'a log with several sequencers',
  NODE_UNREACHABLE: 'health that Orgo asks for instead of waiting for reports',
  SUBJECT_FORBIDDEN: 'permissions of NATS users',
};

const read = (file: string): string => fs.readFileSync(path.join(repo, file), 'utf8');
/** What speaks: sources that are no tests and not the catalogue itself, and the SQL of migrations. */
const speaking = [
  ...sourceFiles().filter((file) => !/^test\/|\.(test|fixture)\.|^packages\/contracts\/src\/reasons/.test(file)),
  ...fs.globSync('services/*/prisma/**/*.sql', { cwd: repo }),
];

it('every reason code is said somewhere, or is known to wait', () => {
  const words = new Set(speaking.flatMap((file) => read(file).match(/\b[A-Z][A-Z0-9_]{2,}\b/g) ?? []));
  expect(reasonCodes.filter((code) => !words.has(code))).toEqual(
    reasonCodes.filter((code) => Object.hasOwn(AWAITED, code)),
  );
});
