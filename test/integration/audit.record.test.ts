import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundlePaths, type Inventory, readInventory, verifyBundle } from '@orgo/audit/domain';
import {
  type ArtifactRef,
  type BuildRecord,
  type BuildStatus,
  type Digest,
  payloadTypes,
  type StartBuild,
} from '@orgo/contracts';
import {
  canonicalBytes,
  digestOfBytes,
  fromBase64,
  type JsonValue,
  pae,
  parseStrict,
  toBase64,
  utf8,
} from '@orgo/core';
import { Keyring, verifySignature } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { readRoot } from '@orgo/runtime/trust-root';
import { newestWithPlaces } from '@orgo/runtime/trust-seal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { publicSchema } from '../kit/shared.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// Records, bundles and public records of builds that really ran: one that completed, one that failed validation, one that has no public form.
let orgo: TestInstance;
let story: Awaited<ReturnType<typeof newTenant>>;
let work: string;
let completed: BuildResult;
let failed: BuildResult;

beforeAll(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-record-'));
  orgo = await startInstance();
  story = await newTenant(orgo, 'record');
  const corpora = writeCorpora(work, 'atlas', 'reader');
  completed = (await story.cli('build', 'start', ...corpora, '--wait', '--json')).json as BuildResult;
  const ended = await story.cli('build', 'start', ...writeCorpora(work, 'refused'), '--wait', '--json');
  failed = JSON.parse(ended.stdout.split('\n')[0] as string) as BuildResult;
}, 90_000);
afterAll(async () => {
  await orgo?.stop();
  fs.rmSync(work, { recursive: true, force: true });
});

type Files = Map<string, Uint8Array>;

/** The bundle of a build, as files by path. */
async function exported(build: string): Promise<Files> {
  const folder = path.join(work, `${build}.${fs.readdirSync(work).length}`);
  expect((await story.cli('record', 'export', build, '--bundle', '--out', folder)).stderr).toBe('');
  const found = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    found.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(folder, file), new Uint8Array(fs.readFileSync(file))];
    }),
  );
}

const pin = (): Digest => {
  const pins = JSON.parse(fs.readFileSync(path.join(orgo.home, 'trust/pins.json'), 'utf8')) as Record<string, Digest>;
  return pins[story.tenant] as Digest;
};
const verdict = (files: Files) => {
  const found = verifyBundle(
    { paths: () => [...files.keys()], read: (name) => files.get(name) },
    { pin: pin(), readRoot, newestOf: newestWithPlaces, verify: verifySignature },
  );
  return found.ok ? 'ok' : found.code;
};

const flipped = (bytes: Uint8Array, at = bytes.length >> 1): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

/** The bundle with changes, under an inventory that says so and is signed: what somebody with the key of audit could hand out. */
async function resigned(files: Files, change: (files: Files) => void): Promise<Files> {
  const changed = new Map(files);
  const envelope = JSON.parse(Buffer.from(changed.get(bundlePaths.inventory) as Uint8Array).toString());
  const payload = fromBase64(envelope.payload);
  const json = parseStrict(payload.ok ? payload.value : '', { maxMembers: 100_000 });
  const inventory = readInventory(json.ok ? json.value : null) as Inventory;
  changed.delete(bundlePaths.inventory);
  change(changed);
  const list = [...changed].map(([name, bytes]) => ({ path: name, size: bytes.length, digest: digestOfBytes(bytes) }));
  const bytes = canonicalBytes({ ...inventory, files: list.sort((a, b) => (a.path < b.path ? -1 : 1)) });
  const signer = await Keyring.open(keysDir(orgo.home)).signer(story.tenant, 'audit');
  const sig = toBase64(signer.sign(pae(payloadTypes.inventory, bytes)));
  const signatures = [{ keyid: signer.key_id, sig }];
  const signed = { payloadType: payloadTypes.inventory, payload: toBase64(bytes), signatures };
  return changed.set(bundlePaths.inventory, utf8(JSON.stringify(signed)));
}

const jsonAt = (files: Files, name: string): Record<string, JsonValue> =>
  JSON.parse(Buffer.from(files.get(name) as Uint8Array).toString());

describe('the bundle of a build that completed', () => {
  let files: Files;
  const edit = (name: string, change: (value: Record<string, JsonValue>) => void) => (of: Files) => {
    const value = jsonAt(of, name);
    change(value);
    of.set(name, canonicalBytes(value));
  };
  const decisions = () => [...files.keys()].filter((name) => name.startsWith('decisions/')).sort();

  beforeAll(async () => {
    files = await exported(completed.build_id);
  }, 30_000);

  test('verifies with nothing but the pinned fingerprint', () => {
    expect(verdict(files)).toBe('ok');
    expect(decisions()).toHaveLength(completed.stages.length + 2);
  });

  test('no longer verifies when any of its files is changed, missing or of no one', () => {
    for (const name of [...files.keys()].filter((one) => one !== bundlePaths.inventory)) {
      const edited = new Map(files).set(name, flipped(files.get(name) as Uint8Array));
      // Roots are what the inventory's own signature is believed by, so they are judged before it.
      expect([name, verdict(edited)]).toEqual([
        name,
        name.startsWith('trust/') ? 'TRUST_ROOT_INVALID' : 'BUNDLE_FILE_CHANGED',
      ]);
      const without = new Map(files);
      without.delete(name);
      expect([name, verdict(without)]).toEqual([
        name,
        name.startsWith('trust/') ? 'TRUST_ROOT_MISSING' : 'BUNDLE_FILE_MISSING',
      ]);
    }
    expect(verdict(new Map(files).set('notes.txt', utf8('hello')))).toBe('BUNDLE_FILE_UNDECLARED');
    const bare = new Map(files);
    bare.delete(bundlePaths.inventory);
    expect(verdict(bare)).toBe('BUNDLE_INVALID');
  });

  test('is not believed for the signature of its inventory: everything in it is checked by itself', async () => {
    const [first = '', second = ''] = decisions();
    const record = decisions().at(-1) as string;
    const of = (change: (of: Files) => void) => resigned(files, change).then(verdict);
    expect(await of(() => undefined)).toBe('ok');
    expect(await of((all) => all.set('notes.txt', utf8('hello')))).toBe('ok');
    expect(
      await of(
        edit(bundlePaths.record, (value) => {
          value.as_of = '2020-01-01T00:00:00.000Z';
        }),
      ),
    ).toBe('RECORD_HASH_MISMATCH');
    expect(
      await of(
        edit(bundlePaths.statement, (value) => {
          value.payload = toBase64(utf8('{}'));
        }),
      ),
    ).toBe('BUNDLE_STATEMENT_MISMATCH');
    const checkpoint = Buffer.from(files.get(bundlePaths.checkpoint) as Uint8Array).toString();
    const lines = checkpoint.split('\n');
    expect(
      await of((all) =>
        all.set(bundlePaths.checkpoint, utf8(checkpoint.replace(lines[2] ?? '', toBase64(new Uint8Array(32))))),
      ),
    ).toBe('CHECKPOINT_SIGNATURE_INVALID');
    expect(await of((all) => all.set(bundlePaths.checkpoint, utf8('x')))).toBe('CHECKPOINT_MALFORMED');
    expect(
      await of(
        edit(first, ({ decision }) => {
          (decision as { payload: string }).payload = (decision as { payload: string }).payload.replace(
            '"PASS"',
            '"FAIL"',
          );
        }),
      ),
    ).toBe('SIGNATURE_INVALID');
    expect(
      await of(
        edit(first, (value) => {
          value.authorizations = [];
        }),
      ),
    ).toBe('DECISION_MALFORMED');
    expect(
      await of(
        edit(first, ({ seal }) => {
          (seal as { path: string[] }).path.reverse();
        }),
      ),
    ).toBe('PROOF_INVALID');
    expect(
      await of(
        edit(first, ({ seal }) => {
          (seal as { index: number }).index += 1;
        }),
      ),
    ).toBe('PROOF_INVALID');
    // Leaving a decision out leaves a record that folds to something else, or no record at all.
    expect(await of((all) => all.delete(second))).toBe('RECORD_HASH_MISMATCH');
    expect(await of((all) => all.delete(record))).toBe('RECORD_NOT_FOUND');
    const artifact = [...files.keys()].filter((name) => name.startsWith('artifacts/')).at(-1) as string;
    const judged = await of((all) => all.set(artifact, flipped(files.get(artifact) as Uint8Array)));
    expect(['HASH_MISMATCH', 'RECORD_HASH_MISMATCH', 'GATE_CONTRACT_INVALID']).toContain(judged);
    expect(['BUNDLE_FILE_MISSING', 'GATE_EVIDENCE_MISSING']).toContain(await of((all) => all.delete(artifact)));
  });

  test('is signed by audit and by nobody else', async () => {
    const signer = await Keyring.open(keysDir(orgo.home)).signer(story.tenant, 'orchestrator');
    const { payload } = jsonAt(files, bundlePaths.inventory) as { payload: string };
    const bytes = fromBase64(payload);
    const sig = toBase64(signer.sign(pae(payloadTypes.inventory, bytes.ok ? bytes.value : new Uint8Array())));
    const signed = { payloadType: payloadTypes.inventory, payload, signatures: [{ keyid: signer.key_id, sig }] };
    expect(verdict(new Map(files).set(bundlePaths.inventory, utf8(JSON.stringify(signed))))).toBe('KEY_UNKNOWN');
  });

  test('holds the record that audit tells, which names every decision and is what the gatekeeper signed', async () => {
    const { json: record } = await story.cli('record', 'show', completed.build_id, '--json');
    expect(jsonAt(files, bundlePaths.record)).toEqual(record);
    const last = jsonAt(files, decisions().at(-1) as string).decision as { payload: string };
    const { kind, outputs } = JSON.parse(last.payload) as { kind: string; outputs: ArtifactRef[] };
    expect(kind).toBe('RECORD');
    expect(outputs.find((one) => one.kind === 'build-record')?.ref).toBe(completed.record_ref);
    expect((record as BuildRecord).decisions).toHaveLength(decisions().length - 1);
  });
});

test('the bundle of a build that failed validation verifies, and holds no Exchange and no pack', async () => {
  const files = await exported(failed.build_id);
  expect(verdict(files)).toBe('ok');
  const record = jsonAt(files, bundlePaths.record) as unknown as BuildRecord;
  expect(record).toMatchObject({ outcome: 'VALIDATION_FAILED', outputs: { kristal: null } });
});

test('everything reads back', async () => {
  expect((await story.cli('audit', 'fsck', '--json')).json).toMatchObject({ ok: true, findings: [] });
});

describe('the public record', () => {
  const publicOf = async (build: string) => {
    const out = path.join(work, `${build}.public.json`);
    const told = await story.cli('record', 'export', build, '--public', '--out', out, '--json');
    return { told, value: fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, 'utf8')) : null };
  };

  test('is of the public schema, with and without results', async (context) => {
    const problemsOf = publicSchema(context, 'build-record');
    for (const { build_id, status } of [completed, failed]) {
      const { value } = await publicOf(build_id);
      expect(problemsOf(value)).toBeNull();
      expect(value.build_id).toBe(build_id);
      expect(Object.keys(value.outputs.kristal)).toHaveLength(status === 'COMPLETED' ? 2 : 0);
      expect(problemsOf({ ...value, surplus: 1 })).not.toBeNull();
    }
  });

  test('of a build without validation does not exist, and the refusal says why', async () => {
    const { api, token } = orgo.api();
    const call = async (route: string, body: string, headers: Record<string, string>) => {
      const answer = await fetch(`${api}/v1/tenants/${story.tenant}${route}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body,
      });
      return answer.json();
    };
    const request = await call('/artifacts', '{"text":"hello"}', { 'x-artifact-kind': 'echo-request' });
    const trigger = { type: 'manual', actor: 'alice', reason: 'a test' } as const;
    const start: StartBuild = { pipeline: 'echo', inputs: [request as ArtifactRef], trigger, rerun_of: null };
    const { build_id } = (await call('/builds', JSON.stringify(start), {})) as { build_id: string };
    const { stdout } = await story.cli('build', 'watch', build_id, '--json');
    const ended = JSON.parse(stdout.trim().split('\n').at(-1) as string) as BuildStatus;
    expect(ended.status).toBe('COMPLETED');
    const { told, value } = await publicOf(build_id);
    expect(told.json).toMatchObject({ error: { code: 'NOT_PROJECTABLE' } });
    expect(told.stderr).toContain('validation never ran');
    expect(value).toBeNull();
    expect(verdict(await exported(build_id))).toBe('ok');
  });
});
