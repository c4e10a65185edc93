import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  authorizationPath,
  type ChannelIndex,
  channelIndexPath,
  type Offer,
  packManifestPath,
  payloadTypes,
  type RollbackAuthorization,
  type SealedDecision,
  trustRootPath,
  trustSealPath,
} from '@orgo/contracts';
import { canonical, canonicalBytes, type Digest, digestOfBytes, keyIdOf, pae, sha256Hex, toBase64 } from '@orgo/core';
import type { TestPack } from '../integration/konnaxion-node-packs.ts';
import { createSealedLog } from './sealed-log.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests change metadata as they like
export type Signed = any;
/** A role's metadata: the four of TUF, and the channel's own. */
export type RoleName = 'targets' | 'snapshot' | 'timestamp' | 'stable';
export type Changes = Partial<Record<RoleName, (signed: Signed) => void>>;

/** A key that signs, in the forms that trust roots and TUF metadata have for it. */
export type TestKey = ReturnType<typeof makeKey>;
export function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
  const tuf = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw.toString('hex') } };
  return {
    raw: new Uint8Array(raw),
    keyid: keyIdOf(new Uint8Array(raw)),
    listed: { alg: 'ed25519' as const, public: toBase64(new Uint8Array(raw)) },
    tuf,
    tufId: sha256Hex(canonical(tuf)),
    sign: (bytes: Uint8Array): Uint8Array => signWith(privateKey, bytes),
  };
}
const signWith = (key: KeyObject, bytes: Uint8Array): Uint8Array => new Uint8Array(sign(null, bytes, key));

export const dsseOf = (payloadType: string, value: unknown, ...keys: TestKey[]) => {
  const payload = canonicalBytes(value);
  const signatures = keys.map(({ keyid, sign }) => ({ keyid, sig: toBase64(sign(pae(payloadType, payload))) }));
  return { payloadType, payload: toBase64(payload), signatures };
};

const nowhere = '0198c0de-0000-7000-8000-000000000000';
const far = '2099-01-01T00:00:00Z';
const trustRoles = ['root', 'gatekeeper', 'log', 'tuf-root', 'targets', 'snapshot', 'timestamp', 'release'] as const;
type TrustRole = (typeof trustRoles)[number];

/**
 * A tenant's channel as it would lie on any web server, written by this test and by nothing of ours: TUF metadata by the specification, the
 * channel index, manifests and pack files; all of it in memory, and every file changeable. Beside it, the tenant's chain of trust roots.
 */
export function createChannelRepo(tenant: string, channel = 'stable') {
  /** The channel's own role, as metadata names it. */
  const ownRole = `channel.${channel}`;
  const keys = Object.fromEntries(trustRoles.map((role) => [role, makeKey()])) as Record<TrustRole, TestKey>;
  const files = new Map<string, Uint8Array>();
  const manifests = new Map<string, Uint8Array>();
  const trustRoots: Uint8Array[] = [];
  const log = createSealedLog(tenant, `orgo.test/${tenant}`);
  /** Entries of trust roots in the log, by version. */
  const trustSeals = new Map<number, SealedDecision>();
  /** What authorizes releases, by release and pack; null for a release that a test leaves without. */
  const authorizations = new Map<string, Uint8Array | null>();
  const versions = { root: 0, targets: 0, snapshot: 0, timestamp: 0, stable: 0 };
  let index: ChannelIndex | null = null;
  let issuedAt: string | undefined;
  let releases = 0;

  const roleOf = (...of: TestKey[]) => ({ keyids: of.map(({ tufId }) => tufId), threshold: 1 });
  const keysOf = (...of: TestKey[]) => Object.fromEntries(of.map(({ tufId, tuf }) => [tufId, tuf]));
  const signedBy = (by: readonly TestKey[], signed: Signed): Uint8Array => {
    const signatureOf = (key: TestKey) => Buffer.from(key.sign(canonicalBytes(signed))).toString('hex');
    return canonicalBytes({ signed, signatures: by.map((key) => ({ keyid: key.tufId, sig: signatureOf(key) })) });
  };
  const metaOf = (version: number, bytes: Uint8Array) => ({
    version,
    length: bytes.length,
    hashes: { sha256: sha256Hex(bytes) },
  });
  const put = (name: string, bytes: Uint8Array): Uint8Array => {
    files.set(name, bytes);
    return bytes;
  };

  /** The next root of the channels, signed by `by`: the key that is root now, unless it is said. */
  const writeRoot = (change: (signed: Signed) => void = () => undefined, ...by: TestKey[]): Uint8Array => {
    versions.root += 1;
    const signed = {
      _type: 'root',
      spec_version: '1.0.31',
      version: versions.root,
      expires: far,
      consistent_snapshot: true,
      keys: keysOf(keys['tuf-root'], keys.targets, keys.snapshot, keys.timestamp),
      roles: {
        root: roleOf(keys['tuf-root']),
        targets: roleOf(keys.targets),
        snapshot: roleOf(keys.snapshot),
        timestamp: roleOf(keys.timestamp),
      },
    };
    change(signed);
    const signers = by.length > 0 ? by : [keys['tuf-root']];
    return put(`metadata/${versions.root}.root.json`, signedBy(signers, signed));
  };

  /** The next version of the tenant's trust root. */
  const writeTrust = (change: (body: Signed) => void = () => undefined, by: TestKey[] = [keys.root]): Uint8Array => {
    const body = {
      v: 1,
      tenant_id: tenant,
      version: trustRoots.length + 1,
      issued_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2099-01-01T00:00:00.000Z',
      keys: Object.fromEntries(trustRoles.map((role) => [keys[role].keyid, keys[role].listed])),
      roles: Object.fromEntries(trustRoles.map((role) => [role, { key_ids: [keys[role].keyid], threshold: 1 }])),
      log_origin: `orgo.test/${tenant}`,
    };
    change(body);
    const bytes = canonicalBytes(dsseOf(payloadTypes.trustRoot, body, ...by));
    trustRoots.push(bytes);
    const [version, signed] = [trustRoots.length, dsseOf(payloadTypes.trustRoot, body)];
    const root_digest = digestOfBytes(new Uint8Array(Buffer.from(signed.payload, 'base64')));
    if (version > 1) {
      const entry = { kind: 'TRUST_ROOT', build_id: `root_${nowhere}`, detail: { version, root_digest } } as const;
      trustSeals.set(version, log.append(entry, keys));
    }
    return bytes;
  };

  /** The gatekeeper's sealed authorization of an offer, as it is made once, with the keys of that moment. */
  const authorized = (offer: Offer): Uint8Array | null => {
    const { release_id, pack_id, kristal_id } = offer;
    const name = canonical([release_id, pack_id, kristal_id]);
    const known = authorizations.get(name);
    if (known !== undefined) return known;
    const detail = { channel, pack_id, kristal_id };
    const bytes = canonicalBytes(log.append({ kind: 'RELEASE', build_id: release_id, detail }, keys));
    authorizations.set(name, bytes);
    return bytes;
  };

  const targetOf = (bytes: Uint8Array) => ({ length: bytes.length, hashes: { sha256: sha256Hex(bytes) } });
  const putTarget = (name: string, bytes: Uint8Array): [string, object] => {
    const at = name.lastIndexOf('/') + 1;
    put(`targets/${name.slice(0, at)}${sha256Hex(bytes)}.${name.slice(at)}`, bytes);
    return [name, targetOf(bytes)];
  };

  const partsOf = (): Record<RoleName, Signed> => {
    const offered = index === null ? [] : [index.current, index.candidate?.offer ?? null].filter((o) => o !== null);
    const targets = index === null ? [] : [putTarget(channelIndexPath(channel), canonicalBytes(index))];
    for (const offer of offered) {
      const manifest = manifests.get(offer.pack_id);
      if (manifest) targets.push(putTarget(packManifestPath(channel, offer.pack_id), manifest));
      const authorization = authorized(offer);
      if (authorization) targets.push(putTarget(authorizationPath(channel, offer.release_id), authorization));
    }
    const trust = trustRoots.slice(1).map((bytes, n) => putTarget(trustRootPath(n + 2), bytes));
    for (const [version, sealed] of trustSeals) trust.push(putTarget(trustSealPath(version), canonicalBytes(sealed)));
    return {
      stable: { _type: 'targets', expires: far, targets: Object.fromEntries(targets) },
      targets: {
        _type: 'targets',
        expires: far,
        targets: Object.fromEntries(trust),
        delegations: {
          keys: keysOf(keys.release),
          roles: [{ ...roleOf(keys.release), name: ownRole, paths: [`${channel}/*`], terminating: true }],
        },
      },
      snapshot: { _type: 'snapshot', expires: far },
      timestamp: { _type: 'timestamp', expires: far, ...(issuedAt === undefined ? {} : { issued_at: issuedAt }) },
    };
  };

  /**
   * Writes the next version of everything. What is changed is changed before it is signed, so that the hashes above fit; `by` says who signs a role
   * in place of its own key.
   */
  const write = (changes: Changes = {}, by: Partial<Record<RoleName, readonly TestKey[]>> = {}): void => {
    const parts = partsOf();
    const sealed = (role: RoleName, key: TestKey): { name: string; version: number; bytes: Uint8Array } => {
      versions[role] += 1;
      const signed = { spec_version: '1.0.31', version: versions[role], ...parts[role] };
      changes[role]?.(signed);
      versions[role] = signed.version;
      const bytes = signedBy(by[role] ?? [key], signed);
      const file = role === 'stable' ? ownRole : role;
      return { name: `${signed.version}.${file}.json`, version: signed.version, bytes };
    };
    const own = sealed('stable', keys.release);
    const targets = sealed('targets', keys.targets);
    parts.snapshot.meta = {
      'targets.json': metaOf(targets.version, targets.bytes),
      [`${ownRole}.json`]: metaOf(own.version, own.bytes),
    };
    const snapshot = sealed('snapshot', keys.snapshot);
    parts.timestamp.meta = { 'snapshot.json': metaOf(snapshot.version, snapshot.bytes) };
    const timestamp = sealed('timestamp', keys.timestamp);
    for (const { name, bytes } of [own, targets, snapshot]) put(`metadata/${name}`, bytes);
    put('metadata/timestamp.json', timestamp.bytes);
  };

  const store = (pack: TestPack, bytes: Uint8Array, packId: string): void => {
    manifests.set(packId, bytes);
    for (const [name, content] of pack.files) put(`packs/${packId}/${name}`, content);
  };

  writeTrust();
  writeRoot();

  const repo = {
    tenant,
    channel,
    keys,
    files,
    versions,
    trust: (): { pin: Digest; roots: Uint8Array[] } => {
      const first = JSON.parse(Buffer.from(trustRoots[0] as Uint8Array).toString()) as { payload: string };
      return { pin: digestOfBytes(new Uint8Array(Buffer.from(first.payload, 'base64'))), roots: [...trustRoots] };
    },
    log,
    trustSeals,
    writeRoot,
    writeTrust,
    /** In place of the gatekeeper's authorization of an offer, whatever is said; null for none. */
    authorize(offer: Offer, sealed: SealedDecision | null): void {
      const name = canonical([offer.release_id, offer.pack_id, offer.kristal_id]);
      authorizations.set(name, sealed === null ? null : canonicalBytes(sealed));
    },
    write,
    /** Remembers everything as it stands; what it answers puts it back. */
    remember(): () => void {
      const was = { keys: { ...keys }, versions: { ...versions }, files: [...files], manifests: [...manifests] };
      const [seals, allowed] = [[...trustSeals], [...authorizations]];
      const [roots, made] = [[...trustRoots], [...offers]];
      const [wasIndex, wasIssuedAt, wasReleases] = [index, issuedAt, releases];
      const refill = <K, V>(map: Map<K, V>, entries: [K, V][]): void => {
        map.clear();
        for (const [name, value] of entries) map.set(name, value);
      };
      return () => {
        Object.assign(keys, was.keys);
        Object.assign(versions, was.versions);
        refill(files, was.files);
        refill(manifests, was.manifests);
        refill(trustSeals, seals);
        refill(authorizations, allowed);
        trustRoots.splice(0, trustRoots.length, ...roots);
        offers.splice(0, offers.length, ...made);
        [index, issuedAt, releases] = [wasIndex, wasIssuedAt, wasReleases];
      };
    },
    /** The index as it stands; before the first release there is an empty one to begin with. */
    index: (): ChannelIndex =>
      index ?? {
        v: 1,
        tenant_id: tenant as ChannelIndex['tenant_id'],
        channel,
        index_seq: 1,
        current: null,
        candidate: null,
        floor: { pack_seq: 0 },
        revoked_packs: [],
        frozen: false,
        rollback: null,
      },
    /** Says when the timestamps from here on were made; undefined for saying nothing of it. */
    issuedAt(at: string | undefined): void {
      issuedAt = at;
    },
    /** A new offer of a pack, its files stored: the next number of the channel, and the pack's own where it came before. */
    offer(pack: TestPack, more: Partial<Offer> & { bytes?: Uint8Array } = {}): Offer {
      const { bytes = canonicalBytes(pack.manifest), ...facts } = more;
      releases += 1;
      const known = offers.find((offer) => offer.pack_id === pack.manifest.runtime_pack_id);
      const made: Offer = {
        release_id: `rel_0198c0de-0000-7000-8000-${`${releases}`.padStart(12, '0')}`,
        release_seq: releases,
        pack_seq: known?.pack_seq ?? releases,
        pack_id: pack.manifest.runtime_pack_id,
        kristal_id: `sha256:${pack.manifest.exchange_ref.exchange_id}`,
        manifest: digestOfBytes(bytes),
        manifest_size: bytes.length,
        ...facts,
      };
      store(pack, bytes, made.pack_id);
      offers.push(made);
      return made;
    },
    /** Changes the index, whose number grows by one unless it is said, and publishes it. */
    change(more: Partial<ChannelIndex>, changes: Changes = {}): ChannelIndex {
      const base = repo.index();
      index = { ...base, index_seq: index === null ? 1 : base.index_seq + 1, ...more };
      write(changes);
      return index;
    },
    /** Makes a pack what everyone runs. */
    release(pack: TestPack, more: Partial<Offer> & { bytes?: Uint8Array } = {}): Offer {
      const made = repo.offer(pack, more);
      repo.change({ current: made, candidate: null, rollback: null });
      return made;
    },
    /** The gatekeeper's leave to go back from one offer to another. */
    authorization(from: Offer, to: Offer, more: Partial<RollbackAuthorization> = {}, key = keys.gatekeeper) {
      const body: RollbackAuthorization = {
        v: 1,
        tenant_id: tenant as RollbackAuthorization['tenant_id'],
        channel,
        release_id: from.release_id,
        from: { release_seq: from.release_seq, pack_seq: from.pack_seq, pack_id: from.pack_id },
        to: { release_id: to.release_id, pack_seq: to.pack_seq, pack_id: to.pack_id, kristal_id: to.kristal_id },
        trigger: 'operator',
        mode: 'last_known_good',
        reason: 'for the test',
        actor: 'ann@example.org',
        issued_at: '2026-01-01T00:00:00.000Z',
        expires_at: '2098-01-01T00:00:00.000Z',
        ...more,
      };
      return dsseOf(payloadTypes.rollback, body, key);
    },
    /** A file of the repository as a web server would answer it; null for a path that is none. */
    read: (path: string): Uint8Array | null => files.get(path) ?? null,
  };
  const offers: Offer[] = [];
  return repo;
}
export type ChannelRepo = ReturnType<typeof createChannelRepo>;
