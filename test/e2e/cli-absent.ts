import fs from 'node:fs';
import type { ReasonCode } from '@orgo/contracts';
import { describe, expect, it } from 'vitest';
import type { CliResult } from '../kit/instance.ts';
import { at, expectFailure, expectRefusal, nobody, ours, refuses, world } from './cli-world.ts';

/** Whatever is asked for by an id: what nobody has and what another tenant has answer alike. */
export const describeAbsent = (): void =>
  void describe('what is not there, and what is another tenant’s', () => {
    const asked: [string, ReasonCode, (id: string) => string[]][] = [
      ...['status', 'watch', 'artifacts', 'cancel', 'pause', 'resume'].map(
        (name): [string, ReasonCode, (id: string) => string[]] => [
          `build ${name}`,
          'BUILD_NOT_FOUND',
          (id) => ['build', name, id],
        ],
      ),
      ['record show', 'RECORD_NOT_FOUND', (id) => ['record', 'show', id]],
      ['record export --public', 'RECORD_NOT_FOUND', (id) => ['record', 'export', id, '--public', '--out', at('x')]],
      ['record export --bundle', 'RECORD_NOT_FOUND', (id) => ['record', 'export', id, '--bundle', '--out', at('x')]],
      ['pack query', 'RECORD_NOT_FOUND', (id) => ['pack', 'query', id]],
    ];
    it.concurrent.each(asked)('%s answers the same to both: %s', async (_what, code, args) => {
      const [absent, foreign] = (await Promise.all(
        [nobody, world.hidden.build_id].map((id) => ours(...args(id), '--json')),
      )) as [CliResult, CliResult];
      expectRefusal(absent, code);
      expect(foreign).toEqual(absent);
      expect(fs.existsSync(at('x'))).toBe(false);
    });

    it('an artifact answers the same to both: ARTIFACT_NOT_FOUND', async () => {
      const get = (ref: string) => ours('artifact', 'get', ref, '--out', at('x'), '--json');
      // Theirs alone: the snapshot of another tenant’s build has the same digest here, its record has not.
      const foreign = world.hidden.record_ref as string;
      const absent = await get(`sha256:${'0'.repeat(64)}`);
      expectRefusal(absent, 'ARTIFACT_NOT_FOUND');
      expect(await get(foreign)).toEqual(absent);
      expect((await world.theirs.cli('artifact', 'get', foreign, '--out', at('theirs'), '--json')).code).toBe(0);
    });

    refuses([
      ['a digest that is none', 'ARTIFACT_NOT_FOUND', () => ['artifact', 'get', 'sha256:xyz', '--out', at('x')]],
      ['a digest that is a path', 'ARTIFACT_NOT_FOUND', () => ['artifact', 'get', '../../key.json', '--out', at('x')]],
      ['a build id that is a path', 'BUILD_NOT_FOUND', () => ['build', 'status', '../../../metrics']],
      ['a build that has ended', 'BUILD_TRANSITION_ILLEGAL', () => ['build', 'cancel', world.build.build_id]],
      ['a page that is none', 'REQUEST_INVALID', () => ['build', 'list', '--cursor', 'zzz']],
      ['an entry beyond the log', 'LOG_ENTRY_NOT_FOUND', () => ['audit', 'prove', '999999']],
      ['an entry that is none', 'REQUEST_INVALID', () => ['audit', 'prove', 'first']],
      ['a node', 'NODE_NOT_FOUND', () => ['konnaxion', 'active', 'edge-9']],
      ['a node that is a path', 'NODE_NOT_FOUND', () => ['konnaxion', 'verify', '../../keys']],
      ['a name that is no node', 'USAGE_INVALID', () => ['konnaxion', 'join', '../x', '--channel', 'stable']],
      ['a Case', 'CASE_NOT_FOUND', () => ['case', 'show', nobody.replace('bld', 'case')]],
      ['a channel', 'CHANNEL_NOT_FOUND', () => ['channel', 'show', 'nowhere']],
      ['a release', 'RELEASE_NOT_FOUND', () => ['release', 'status', nobody.replace('bld', 'rel')]],
      ['a release that is none', 'RELEASE_NOT_FOUND', () => ['release', 'watch', 'latest']],
      [
        'a release of what is no build',
        'REQUEST_INVALID',
        () => ['release', 'create', '--build', 'x', '--channel', 'stable'],
      ],
      [
        'a channel that is none',
        'IDENTIFIER_INVALID',
        () => ['release', 'create', '--build', world.build.build_id, '--channel', 'NO!'],
      ],
      [
        'a channel that TUF keeps for itself',
        'REQUEST_INVALID',
        () => ['release', 'create', '--build', world.build.build_id, '--channel', 'root'],
      ],
    ]);

    it.concurrent.each([
      ['an unknown build', () => nobody],
      ['another tenant’s build', () => world.hidden.build_id],
    ])('a release of %s fails with BUILD_NOT_ELIGIBLE', async (_what, id) => {
      const result = await ours('release', 'create', '--build', id(), '--channel', 'stable', '--wait', '--json');
      expectFailure(result, 'BUILD_NOT_ELIGIBLE');
      expect(result.json).toMatchObject({ status: 'FAILED', kristal_id: null, pack_id: null, steps: [] });
    });
  });
