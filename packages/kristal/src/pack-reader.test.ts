import { digestHex, digestOfBytes, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackFile, type PackManifest, runtimePackId } from './pack-manifest.ts';
import { pathProblems } from './pack-paths.ts';
import { type PackSource, verifyPack } from './pack-reader.ts';
import { defaultPackPolicy } from './policies.ts';
import { manifestPoliciesOf } from './policies-manifest.ts';

const contents: Record<string, Uint8Array> = { 'a/one.bin': utf8('one'), 'two.json': utf8('{}') };

function fileOf(path: string, bytes: Uint8Array): PackFile {
  return { path, role: 'other', sha256: digestHex(digestOfBytes(bytes)), size_bytes: bytes.length };
}

function manifestOf(files: PackFile[]): PackManifest {
  const identity = {
    manifest_version: '3.0.0',
    exchange_ref: { exchange_id: 'e'.repeat(64) },
    compiler: { name: 'test', version: '1' },
    build: {
      build_id: 'c-123456',
      deterministic: true as const,
      canonicalization_profile: 'jcs-rfc8785@1' as const,
      config_hash: 'c'.repeat(64),
    },
    policies: manifestPoliciesOf(defaultPackPolicy),
    files,
  };
  return { ...identity, runtime_pack_id: runtimePackId(identity), created_at: '2026-01-01T00:00:00Z' };
}

const good = manifestOf(Object.entries(contents).map(([path, bytes]) => fileOf(path, bytes)));
const source = (files: Record<string, Uint8Array> = contents): PackSource => ({
  readFile: async (path) => files[path],
  list: async () => ['runtime-pack-manifest.json', ...Object.keys(files)],
});

describe('verifyPack', () => {
  it('accepts a pack whose every byte matches, and holds those bytes', async () => {
    const verified = await verifyPack(source(), JSON.parse(JSON.stringify(good)));
    expect(verified).toMatchObject({ ok: true, value: { packId: good.runtime_pack_id } });
    expect(verified.ok && verified.value.file('a/one.bin')).toEqual(contents['a/one.bin']);
  });

  const { 'two.json': two, ...withoutTwo } = contents;
  const cases: [string, string, PackSource, unknown][] = [
    ['no manifest', 'MANIFEST_SCHEMA_INVALID', source(), 'pack'],
    ['an unknown member', 'MANIFEST_SCHEMA_INVALID', source(), { ...good, tenant: 'x' }],
    [
      'a pack that is not deterministic',
      'MANIFEST_SCHEMA_INVALID',
      source(),
      { ...good, build: { ...good.build, deterministic: false } },
    ],
    ['another id', 'MANIFEST_ID_MISMATCH', source(), { ...good, runtime_pack_id: '0'.repeat(64) }],
    ['another Exchange', 'MANIFEST_ID_MISMATCH', source(), { ...good, exchange_ref: { exchange_id: 'f'.repeat(64) } }],
    ['a file too few', 'FILE_MISSING', source(withoutTwo), good],
    ['a file too many', 'FILE_UNDECLARED', source({ ...contents, 'x.bin': two as Uint8Array }), good],
    ['a longer file', 'FILE_SIZE_MISMATCH', source({ ...contents, 'two.json': utf8('{} ') }), good],
    ['a flipped byte', 'FILE_HASH_MISMATCH', source({ ...contents, 'two.json': utf8('[]') }), good],
    ['a path that climbs', 'PATH_UNSAFE', source(), manifestOf([fileOf('../x', utf8('x'))])],
  ];
  it.each(cases)('refuses %s: %s', async (_what, code, files, manifest) => {
    expect(await verifyPack(files, manifest)).toMatchObject({ ok: false, code });
  });

  it('takes ENOENT for a missing file, and passes any other failure on', async () => {
    const failing = (error: object): PackSource => ({ readFile: () => Promise.reject(error) });
    expect(await verifyPack(failing({ code: 'ENOENT' }), good)).toMatchObject({ ok: false, code: 'FILE_MISSING' });
    await expect(verifyPack(failing({ code: 'EIO' }), good)).rejects.toEqual({ code: 'EIO' });
  });

  it('refuses every single flipped byte of every file', async () => {
    const flips = Object.entries(contents).flatMap(([path, bytes]) => [...bytes].map((_, i) => [path, i] as const));
    for (const [path, i] of flips) {
      const bytes = Uint8Array.from(contents[path] as Uint8Array);
      bytes[i] = (bytes[i] as number) ^ 1;
      expect(await verifyPack(source({ ...contents, [path]: bytes }), good)).toMatchObject({
        code: 'FILE_HASH_MISMATCH',
      });
    }
  });
});

describe('runtimePackId', () => {
  it('leaves out what does not make another pack', () => {
    const note = { ...good.policies, row_grouping: { ...good.policies.row_grouping, notes: 'other words' } };
    const same: PackManifest = {
      ...good,
      created_at: '2031-01-01T00:00:00Z',
      build: { ...good.build, build_id: 'another-build' },
      compiler: { ...good.compiler, git_commit: 'abcdef0' },
      exchange_ref: { ...good.exchange_ref, exchange_manifest_hash: 'x' },
      policies: note,
      files: [...good.files].reverse().map((file) => ({ ...file, mime_type: 'text/plain' })),
      integrity: { hash_alg: 'sha256' },
      signatures: [{ key_id: 'k', alg: 'ed25519', signature: 's'.repeat(20) }],
    };
    expect(runtimePackId(same)).toBe(good.runtime_pack_id);
  });

  it('changes with every part of its projection', () => {
    const [first, second] = good.files as [PackFile, PackFile];
    const others: PackManifest[] = [
      { ...good, manifest_version: '3.0.1' },
      { ...good, profiles: ['p'] },
      { ...good, exchange_ref: { exchange_id: '0'.repeat(64) } },
      { ...good, compiler: { name: 'test', version: '2' } },
      { ...good, build: { ...good.build, config_hash: '0'.repeat(64) } },
      { ...good, policies: { ...good.policies, membership_filter: { kind: 'none' } } },
      {
        ...good,
        query_contract: { contract_id: 'q', supports_pagination: true, supports_cardinality_estimates: false },
      },
      { ...good, files: [first] },
      { ...good, files: [{ ...first, path: 'b' }, second] },
      { ...good, files: [{ ...first, role: 'metadata' }, second] },
      { ...good, files: [{ ...first, sha256: '0'.repeat(64) }, second] },
      { ...good, files: [{ ...first, size_bytes: 9 }, second] },
    ];
    expect(new Set([good, ...others].map(runtimePackId)).size).toBe(others.length + 1);
  });
});

describe('pathProblems', () => {
  it.each([
    ['', 'empty'],
    ['a//b', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['../x', 'parent'],
    ['a/../x', 'parent'],
    ['a/./x', 'parent'],
    ['a\\b', 'backslash'],
    ['a\0b', 'control'],
    ['C:x', 'character'],
    ['é', 'character'],
    ['x'.repeat(241), 'long'],
  ])('%j is unsafe: %s', (path, why) => {
    expect(pathProblems([path])).toEqual([{ path, why }]);
  });

  it('finds paths that collide', () => {
    expect(pathProblems(['a/b', 'a/b'])).toEqual([{ path: 'a/b', why: 'duplicate' }]);
    expect(pathProblems(['a/b', 'A/b'])).toEqual([{ path: 'A/b', why: 'case' }]);
    expect(pathProblems(['a', 'a/b'])).toEqual([{ path: 'a', why: 'nested' }]);
  });

  it('lets no path through that a resolver would place elsewhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', 'a', '\\', '\0', 'Z') }), (path) => {
        const url = new URL(`file:///root/${path}`);
        const safe = pathProblems([path]).length === 0;
        return !safe || url.pathname === `/root/${path}`;
      }),
    );
  });
});
