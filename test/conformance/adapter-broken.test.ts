import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConformanceCase, type ConformanceReport, commandCandidate, conform } from '@orgo/adapter-sdk/conformance';
import { utf8 } from '@orgo/core';
import { createLog } from '@orgo/runtime/log';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServers, type TestServers } from '../kit/database.ts';

// A run of the kit takes seconds, and several on a busy machine many.
vi.setConfig({ testTimeout: 240_000 });

const folder = fileURLToPath(new URL('./broken-adapters/', import.meta.url));
const log = createLog({ service: 'test', level: 'silent' });
let servers: TestServers;
beforeAll(async () => {
  servers = await startTestServers('nats');
});
afterAll(() => servers?.stop());

const work: ConformanceCase = {
  stage: 'shout',
  config: {},
  inputs: [{ kind: 'note', media_type: 'text/plain', bytes: utf8('hear me') }],
  stored: [],
  outputs: [{ kind: 'shouted', media_type: 'text/plain', min: 1, max: 1 }],
  as_of_kinds: [],
  slow_config: null,
};

const examine = (name: string): Promise<ConformanceReport> => {
  const script = path.join(folder, `${name}.fixture.ts`);
  const candidate = commandCandidate(name, [process.execPath, '--disable-warning=ExperimentalWarning', script, name]);
  const home = fs.mkdtempSync(path.join(servers.paths.home, 'examined-'));
  return conform({ home, natsUrl: servers.urls.NATS_URL, candidate, work, log, answerMs: 30_000 });
};
const failuresOf = ({ checks }: ConformanceReport): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ id, code, reason }) => `${id}: ${code} ${reason}`);

/** Which check finds each, with the code and the words it is told in. Where an adapter breaks at the root, others fail with it. */
const broken: Readonly<Record<string, { found: RegExp; alone: boolean }>> = {
  'ignores-missing-authorization': {
    found:
      /^refuses-no-authorization: COMMAND_AUTHORIZATION_MISSING was sent a command without authorization, and answered ok/,
    alone: true,
  },
  'accepts-expired-lease': {
    found: /^refuses-lease-over: COMMAND_LEASE_EXPIRED was sent a command whose lease is over, and answered ok/,
    alone: true,
  },
  'declares-wrong-digest': { found: /^outputs-stored: ARTIFACT_NOT_FOUND output shouted sha256:/, alone: false },
  'nondeterministic-output': {
    found: /^rerun: NONDETERMINISM_DETECTED in another build and attempt the outputs differ: shouted sha256:/,
    alone: false,
  },
  'clock-in-output': {
    found:
      /^no-clock: NONDETERMINISM_DETECTED shouted holds \d{4}-\d\d-\d\d, and as_of is the only time an output may hold/,
    alone: false,
  },
  'locale-in-output': {
    found:
      /^other-process: NONDETERMINISM_DETECTED in a new process of another time zone and locale the outputs differ/,
    alone: true,
  },
  'unsigned-reply': {
    found: /^valid-command: REPLY_SIGNATURE_INVALID not signed as adapter\.unsigned-reply: /,
    alone: false,
  },
  'wrong-key-role': {
    found: /^valid-command: REPLY_SIGNATURE_INVALID not signed as adapter\.wrong-key-role: .*role/,
    alone: false,
  },
  'wrong-build-in-reply': {
    found: /^valid-command: REPLY_CORRELATION_MISMATCH the reply says build_id bld_\S+, its command bld_/,
    alone: false,
  },
  'undeclared-output': {
    found: /^outputs-declared: EXEC_OUTPUT_UNDECLARED whispered as text\/plain is not declared$/,
    alone: true,
  },
  'crashes-on-malformed': {
    found: /^survives-no-json: SERVICE_UNAVAILABLE the process ended with code 1; last said: cannot read this$/,
    alone: false,
  },
  'replies-differently': {
    found: /^redelivery: REPLY_EQUIVOCATION one command was answered with \d different replies$/,
    alone: true,
  },
  'reads-unverified': {
    found: /^flipped-input: HASH_MISMATCH one byte of each input was flipped in the store, and the answer is ok$/,
    alone: true,
  },
};

test.concurrent('an adapter that is written against the wire alone and breaks nothing passes', async () => {
  const report = await examine('none');
  expect(failuresOf(report)).toEqual([]);
  expect(report.passed).toBeGreaterThan(35);
});

test('every broken adapter in the folder has its row', () => {
  const there = fs.readdirSync(folder).flatMap((file) => file.match(/^(.+)\.fixture\.ts$/)?.[1] ?? []);
  expect(there.filter((name) => name !== 'none').sort()).toEqual(Object.keys(broken).sort());
  expect(there.length).toBeGreaterThan(10);
});

test.concurrent.each(Object.entries(broken))(
  '%s fails, with its code and a readable reason',
  async (name, { found, alone }) => {
    const failures = failuresOf(await examine(name));
    expect(failures).toContainEqual(expect.stringMatching(found));
    if (alone) expect(failures).toHaveLength(1);
  },
);
