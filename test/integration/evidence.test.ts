import { bundlePaths, hashesHold, toPublicBuildRecord, verifyBundle } from '@orgo/audit/domain';
import { type BuildRecord, type Digest, payloadTypes, type TrustRoot } from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, type JsonValue, pae, toBase64 } from '@orgo/core';
import { withHistory } from '@orgo/core/root-history';
import { verifySignature } from '@orgo/runtime/signer';
import { signRoot } from '@orgo/runtime/tenants';
import { createTenant } from '@orgo/runtime/trust';
import { readRoot } from '@orgo/runtime/trust-root';
import { newestWithPlaces } from '@orgo/runtime/trust-seal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { type BundleCopy, fetchBundle, type RealAudit, startRealAudit } from './evidence-audit.ts';
import { type Driven, type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';
import { kristalBuild, runStages, workOf } from './gatekeeper-kristal.ts';
import type { AuditDeps } from './gatekeeper-peers.ts';

// Gatekeeper and audit over real servers; what they leave is checked as a stranger would, from the bundle and a fingerprint alone.
let gate: Gatekeeper;
let audit: RealAudit;
let deps: AuditDeps;
let pin: Digest;
const builds: Record<'completed' | 'refused' | 'failed', Driven> = {} as never;
const bundles: Record<keyof typeof builds, BundleCopy> = {} as never;

beforeAll(async () => {
  gate = await startGatekeeper({
    audit: async (given) => {
      deps = given;
      audit = await startRealAudit(given);
      return audit;
    },
  });
  pin = (await createTenant(gate.instance.home, tenant, { adapters: [] })).fingerprint;
  const closed = async (build: Driven, outcome: string): Promise<Driven> => {
    await gate.claim(build, { claim: 'CLOSE', detail: { outcome } });
    await gate.decision(build, ({ kind }) => kind === 'RECORD');
    return build;
  };
  const admitted = async (build: Driven): Promise<Driven> => {
    await gate.admit(build);
    return build;
  };
  const completed = await admitted(await kristalBuild(gate, ['atlas', 'reader']));
  await runStages(gate, completed);
  builds.completed = await closed(completed, 'COMPLETED');
  const refused = await admitted(await kristalBuild(gate, ['refused']));
  await runStages(gate, refused, 'validate');
  await gate.reply(refused, 'validate', { outputs: await workOf(gate, refused, 'validate') });
  await gate.stageDecision(refused, 'validate');
  builds.refused = await closed(refused, 'VALIDATION_FAILED');
  const failed = await admitted(await kristalBuild(gate, ['reader']));
  await gate.reply(failed, 'pin', { status: 'failed', reply: { reason_codes: ['STAGE_INPUT_INVALID'] } });
  await gate.stageDecision(failed, 'pin');
  builds.failed = await closed(failed, 'FAILED');
  for (const name of Object.keys(builds) as (keyof typeof builds)[])
    bundles[name] = await fetchBundle(audit, deps, builds[name].build_id);
}, 90_000);
afterAll(async () => {
  await audit?.stop();
  await gate?.stop();
});

const trust = () => ({ pin, readRoot, newestOf: newestWithPlaces, verify: verifySignature });
const verified = (bundle: BundleCopy) => verifyBundle(bundle, trust());

describe('an evidence bundle', () => {
  test.each(['completed', 'refused', 'failed'] as const)(
    'of a build that %s verifies from a fingerprint alone',
    (name) => {
      const result = verified(bundles[name]);
      expect(result).toMatchObject({
        ok: true,
        value: { tenant_id: tenant, build_id: builds[name].build_id, root_version: 1 },
      });
    },
  );

  test('names in its statement every file of Exchange and pack, or nothing that could pass for one', () => {
    const [completed, refused] = [verified(bundles.completed), verified(bundles.refused)];
    if (!completed.ok || !refused.ok) throw new Error('not verified');
    const { kristal } = completed.value.record.outputs;
    const subjectsOf = (bundle: BundleCopy): string[] => {
      const envelope = JSON.parse(Buffer.from(bundle.read(bundlePaths.statement) ?? []).toString());
      const { subject } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
      return subject.map((one: { digest: { sha256: string } }) => one.digest.sha256);
    };
    expect(subjectsOf(bundles.completed)).toContain(kristal?.exchange.ref.slice(7));
    expect(subjectsOf(bundles.completed)).toHaveLength(3 + (kristal?.pack_files.length ?? 0));
    expect(refused.value.record.outputs.kristal).toBeNull();
    expect(subjectsOf(bundles.refused).sort()).toEqual(
      refused.value.record.inputs.snapshots.map((ref) => ref.slice(7)).sort(),
    );
  });

  test('takes no trust from itself', () => {
    const other = `sha256:${'0'.repeat(64)}` as const;
    expect(verifyBundle(bundles.completed, { ...trust(), pin: other })).toMatchObject({
      ok: false,
      code: 'TRUST_ROOT_INVALID',
    });
    expect(verified(bundles.completed.with(bundlePaths.trustRoot(1), undefined))).toMatchObject({
      ok: false,
      code: 'TRUST_ROOT_MISSING',
    });
    // A second chain under the same first root, beside the one that the verifier has.
    const [theirs, ours] = [Buffer.from('theirs'), Buffer.from('ours')];
    const known = { root: (version: number) => (version === 2 ? ours : undefined), seal: () => undefined };
    const parted = bundles.completed.with(bundlePaths.trustRoot(2), theirs);
    expect(verifyBundle(parted, { ...trust(), known })).toMatchObject({
      ok: false,
      code: 'TRUST_ROOT_INVALID',
      detail: 'the bundle holds another root version 2 than is known here',
    });
  });

  test('fails with its code for any file that is changed, missing or added', () => {
    const bundle = bundles.completed;
    for (const path of bundle.paths()) {
      const inventory = path === bundlePaths.inventory;
      const root = path.startsWith('trust/');
      expect([path, verified(bundle.flip(path))]).toMatchObject([
        path,
        {
          ok: false,
          code: expect.stringMatching(
            inventory
              ? /BUNDLE_INVALID|SIGNATURE_INVALID|BASE64_MALFORMED|KEY_UNKNOWN|TRUST_ROOT_MISSING|BUNDLE_FILE/
              : root
                ? /TRUST_ROOT_INVALID/
                : /BUNDLE_FILE_CHANGED/,
          ),
        },
      ]);
      if (inventory || root) continue;
      expect([path, verified(bundle.with(path, undefined))]).toMatchObject([
        path,
        { ok: false, code: 'BUNDLE_FILE_MISSING' },
      ]);
    }
    expect(verified(bundle.with('notes.txt', Buffer.from('x')))).toMatchObject({
      ok: false,
      code: 'BUNDLE_FILE_UNDECLARED',
      detail: 'notes.txt',
    });
  });

  test('of a mandate whose key was revoked counts where its record stands below that, as for the gatekeeper', async () => {
    const bundle = bundles.completed;
    const record = Number(
      /(\d+)\.json$/.exec(bundle.paths().findLast((one) => one.startsWith('decisions/')) ?? '')?.[1],
    );
    const first = JSON.parse(Buffer.from(bundle.read(bundlePaths.trustRoot(1)) ?? []).toString());
    const body = JSON.parse(Buffer.from(first.payload, 'base64').toString()) as TrustRoot;
    const [stolen = ''] = body.roles.operator?.key_ids ?? [];
    const spare = await gate.platform.keyring.create(tenant, 'spare');
    /** What a verifier says who knows the root that dropped the key, and where its entry stands. */
    const judged = async (from: number | null, place: number | undefined) => {
      const { [stolen]: _, ...keys } = body.keys;
      const revoked = {
        key_id: stolen,
        role: 'operator',
        reason: 'found',
        at: body.issued_at,
        distrust_from_index: from,
      };
      const next = {
        ...body,
        version: 2,
        keys: { ...keys, [spare.key_id]: { alg: spare.alg, public: toBase64(spare.publicKey) } },
        roles: { ...body.roles, operator: { threshold: 1, key_ids: [spare.key_id] } },
        revoked: [revoked],
      };
      const bytes = await signRoot(next, [await gate.platform.keyring.signer(tenant, 'root')]);
      const known = { root: (version: number) => (version === 2 ? bytes : undefined), seal: () => undefined };
      const places = new Map(place === undefined ? [] : [[2, place]]);
      const newestOf = (roots: Parameters<typeof withHistory>[0]) => withHistory(roots, places);
      const found = verifyBundle(bundle, { ...trust(), known, newestOf });
      return found.ok ? 'ok' : `${found.code} ${found.detail.split(' ')[0]}`;
    };
    const refused = 'MANDATE_SIGNATURE_INVALID KEY_REVOKED';
    expect([
      await judged(null, record + 1),
      await judged(record + 1, record + 9),
      await judged(null, record),
      await judged(null, undefined),
      await judged(record, record + 9),
    ]).toEqual(['ok', 'ok', refused, refused, refused]);
  });

  describe('whose inventory its own signer forged', () => {
    /** Signs the inventory again over what lies there: what is left to find is what the inventory cannot vouch for. */
    const resigned = async (bundle: BundleCopy): Promise<BundleCopy> => {
      const files = bundle
        .paths()
        .filter((path) => path !== bundlePaths.inventory)
        .sort()
        .map((path) => ({
          path,
          size: bundle.read(path)?.length ?? 0,
          digest: digestOfBytes(bundle.read(path) as Uint8Array),
        }));
      const payload = canonicalBytes({ v: 1, tenant_id: tenant, build_id: builds.completed.build_id, files });
      const signer = await gate.platform.keyring.signer(tenant, 'audit');
      const sig = toBase64(signer.sign(pae(payloadTypes.inventory, payload)));
      const envelope = {
        payloadType: payloadTypes.inventory,
        payload: toBase64(payload),
        signatures: [{ keyid: signer.key_id, sig }],
      };
      return bundle.with(bundlePaths.inventory, canonicalBytes(envelope));
    };
    const decisions = () =>
      bundles.completed
        .paths()
        .filter((path) => path.startsWith('decisions/'))
        .sort();
    const edited = (path: string, change: (value: never) => JsonValue): BundleCopy =>
      bundles.completed.with(
        path,
        canonicalBytes(
          change(JSON.parse(Buffer.from(bundles.completed.read(path) as Uint8Array).toString('utf8')) as never),
        ),
      );
    type Decision = {
      decision: { payload: string };
      authorizations: JsonValue[];
      seal: { path: string[]; index: number };
    };

    test.each<[string, () => BundleCopy, RegExp]>([
      [
        'a changed word in a decision',
        () =>
          edited(
            decisions()[3] as string,
            (d: Decision) =>
              ({ ...d, decision: { ...d.decision, payload: d.decision.payload.replace('"PASS"', '"FAIL"') } }) as never,
          ),
        /SIGNATURE_INVALID|PROOF_INVALID/,
      ],
      [
        'a decision left out',
        () => bundles.completed.with(decisions()[2] as string, undefined),
        /RECORD_HASH_MISMATCH|GATE_EVIDENCE_MISSING|RECORD_NOT_FOUND/,
      ],
      [
        'an authorization left out',
        () => edited(decisions()[0] as string, (d: Decision) => ({ ...d, authorizations: [] }) as never),
        /DECISION_MALFORMED/,
      ],
      [
        'a path to another root',
        () =>
          edited(
            decisions()[1] as string,
            (d: Decision) =>
              ({
                ...d,
                seal: {
                  ...d.seal,
                  path: d.seal.path.map((hash) => hash.replace(/^./, (c) => (c === 'a' ? 'b' : 'a'))),
                },
              }) as never,
          ),
        /PROOF_INVALID/,
      ],
      [
        'another record',
        () => edited(bundlePaths.record, (r: BuildRecord) => ({ ...r, ended_at: '2030-01-01T00:00:00.000Z' }) as never),
        /RECORD_HASH_MISMATCH/,
      ],
      [
        'another statement',
        () => bundles.completed.with(bundlePaths.statement, bundles.refused.read(bundlePaths.statement)),
        /BUNDLE_STATEMENT_MISMATCH/,
      ],
      [
        'an older checkpoint',
        () => bundles.completed.with(bundlePaths.checkpoint, Buffer.from(audit.sealed[0]?.seal.checkpoint ?? '')),
        /PROOF_INVALID/,
      ],
    ])('still fails for %s', async (_, forge, code) => {
      const result = verified(await resigned(forge()));
      expect(result.ok ? 'ok' : result.code).toMatch(code);
    });

    test('fails for an artifact that is not what its name says, and for one that is missing', async () => {
      const pack = bundles.completed.paths().find((path) => path.startsWith('artifacts/')) as string;
      expect(verified(await resigned(bundles.completed.flip(pack))).ok).toBe(false);
      expect(verified(await resigned(bundles.completed.with(pack, undefined))).ok).toBe(false);
    });
  });
});

describe('a record', () => {
  const recordOf = (name: keyof typeof builds) => audit.ask<BuildRecord>('getRecord', { build: builds[name].build_id });

  test('gives its own hashes, and a rerun with the same pins and as_of the same core', async () => {
    const record = await recordOf('completed');
    expect(hashesHold(record)).toBe(true);
    const again = await kristalBuild(gate, ['atlas', 'reader']);
    await gate.admit(again);
    await runStages(gate, again);
    await gate.claim(again, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
    await gate.decision(again, ({ kind }) => kind === 'RECORD');
    const second = await audit.ask<BuildRecord>('getRecord', { build: again.build_id });
    expect(second.record_hash).toBe(record.record_hash);
    expect(second.envelope_hash).not.toBe(record.envelope_hash);
  });

  test('validates in its public form against the unmodified public schema', async (context) => {
    const problemsOf = publicSchema(context, 'build-record');
    for (const name of ['completed', 'refused'] as const) {
      const projected = toPublicBuildRecord(await recordOf(name));
      if (!projected.ok) throw new Error(projected.detail);
      expect(problemsOf(projected.value)).toBeNull();
    }
    expect(toPublicBuildRecord(await recordOf('refused'))).toMatchObject({
      ok: true,
      value: { outputs: { kristal: {} } },
    });
  });

  test('has no public form where validation never ran', async () => {
    expect(toPublicBuildRecord(await recordOf('failed'))).toMatchObject({ ok: false, code: 'NOT_PROJECTABLE' });
  });
});
