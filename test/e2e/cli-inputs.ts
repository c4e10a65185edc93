import fs from 'node:fs';
import { type BuildRecord, payloadTypes, type ReasonCode } from '@orgo/contracts';
import { canonicalBytes, pae, toBase64 } from '@orgo/core';
import { mandates } from '@orgo/corpora';
import type { Issue } from '@orgo/kristal';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { describe, expect, it } from 'vitest';
import type { BuildResult } from '../kit/story.ts';
import { at, expectFailure, file, folder, nobody, ours, refuses, world } from './cli-world.ts';

/** Documents and mandates that cannot be taken, at the door or by the build that ends for it. */
export const describeInputs = (): void =>
  void describe('what a build cannot be made of', () => {
    const named = (name: string | Buffer): string => {
      const root = folder({});
      fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), 'x');
      return root;
    };
    const start = (...args: string[]): string[] => ['build', 'start', ...args];
    refuses([
      ['a path that is not there', 'INPUT_UNREADABLE', () => start(at('nowhere'))],
      ['a device', 'INPUT_UNREADABLE', () => start('/dev/zero')],
      ['a name with a line break', 'INPUT_PATH_INVALID', () => start(named('a\nb.md'))],
      ['a name with an escape sequence', 'INPUT_PATH_INVALID', () => start(named('\u001b[2J.md'))],
      ['a name with a backslash', 'INPUT_PATH_INVALID', () => start(named('a\\..\\b.md'))],
      ['a name that is no UTF-8', 'INPUT_UNREADABLE', () => start(named(Buffer.from([0x61, 0xff, 0x2e, 0x6d, 0x64])))],
      ['a corpus.json that is no JSON', 'JSON_MALFORMED', () => start(folder({ 'corpus.json': '{', 'a.md': 'x' }))],
      [
        'a corpus.json of another shape',
        'USAGE_INVALID',
        () => start(folder({ 'corpus.json': '{"files":5}', 'a.md': 'x' })),
      ],
      [
        'a corpus.json that names what is not there',
        'INPUT_UNREADABLE',
        () => start(folder({ 'corpus.json': '{"files":[{"path":"b.md"}]}', 'a.md': 'x' })),
      ],
      ['a profile that is none', 'USAGE_INVALID', () => start(world.reader, '--profile', 'lax')],
      ['a pipeline that is none', 'REQUEST_INVALID', () => start(world.reader, '--pipeline', 'none')],
      ['an earlier build that is none', 'REQUEST_INVALID', () => start(world.reader, '--rerun-of', 'the last one')],
      ['an earlier build that is not there', 'BUILD_NOT_FOUND', () => start(world.reader, '--rerun-of', nobody)],
      [
        'an earlier build of another tenant',
        'BUILD_NOT_FOUND',
        () => start(world.reader, '--rerun-of', world.hidden.build_id),
      ],
    ]);
    refuses([['a tenant that is not there', 'TENANT_NOT_FOUND', () => start(world.reader)]], (...args) =>
      world.orgo.as('ghost')(...args),
    );

    /** The build is there, it ended, and it says why; the command fails with it. */
    async function fails(code: ReasonCode, ...args: string[]): Promise<BuildResult> {
      const result = await ours('build', 'start', ...args, '--wait', '--json');
      expectFailure(result, code);
      const ended = result.json as BuildResult;
      expect(ended).toMatchObject({ status: 'FAILED', reason_codes: [code], kristal_id: null, pack_id: null });
      return ended;
    }
    const text = 'Mont Blanc is a mountain in France.';
    type Wrong = [what: string, code: ReasonCode, files: () => Record<string, string | Uint8Array>];
    /** To a build they are the same, and two of the same may not be on their way at once. */
    const empty: Wrong[] = [
      ['an empty folder', 'INGEST_CORPUS_EMPTY', () => ({})],
      ['nothing but hidden files', 'INGEST_CORPUS_EMPTY', () => ({ '.notes.md': text })],
    ];
    const wrong: Wrong[] = [
      ['bytes that are no text', 'INGEST_PARSE_ERROR', () => ({ 'a.md': new Uint8Array([0xff, 0xfe, 0, 1]) })],
      ['text that is no UTF-8', 'INGEST_PARSE_ERROR', () => ({ 'a.md': Buffer.from('Caf\xe9', 'latin1') })],
      ['one bad document among good ones', 'INGEST_PARSE_ERROR', () => ({ 'a.md': text, 'b.json': '{"a":' })],
      ['a key twice', 'INGEST_PARSE_ERROR', () => ({ 'a.json': '{"a":1,"a":2}' })],
      ['a kind that nobody reads', 'INGEST_PARSE_ERROR', () => ({ 'a.png': new Uint8Array([0x89, 0x50, 0x4e, 0x47]) })],
    ];
    const failsAtIngest = async (_what: string, code: ReasonCode, files: Wrong[2]): Promise<void> => {
      const ended = await fails(code, folder(files()));
      expect(ended.stages.map((stage) => [stage.stage, stage.status])).toEqual([
        ['pin', 'PASS'],
        ['ingest', 'FAIL'],
      ]);
    };
    it.each(empty)('%s: the build ends FAILED with %s', failsAtIngest);
    it.concurrent.each(wrong)('%s: the build ends FAILED with %s', failsAtIngest);

    it('a failed build has a sealed record, a Case and no release', async () => {
      const ended = await fails('INGEST_CORPUS_EMPTY', folder({}));
      expect(await ours('record', 'show', ended.build_id, '--json')).toMatchObject({
        code: 0,
        json: { outcome: 'FAILED', reason_codes: ['INGEST_CORPUS_EMPTY'], outputs: { kristal: null } },
      });
      const { items } = (await ours('case', 'list', '--json')).json as { items: { build_id: string }[] };
      expect(items.map((found) => found.build_id)).toContain(ended.build_id);
      const release = await ours(
        'release',
        'create',
        '--build',
        ended.build_id,
        '--channel',
        'stable',
        '--wait',
        '--json',
      );
      expectFailure(release, 'BUILD_NOT_ELIGIBLE');
      expect(release.json).toMatchObject({ status: 'FAILED', reason_codes: ['BUILD_NOT_ELIGIBLE'] });
    });

    it('a malformed row of a table is set aside, counted on record, and its neighbours are kept', async () => {
      const area = { column: 'area', predicate: 'area', predicate_id: 'P2046', kind: 'quantity', unit_qid: 'Q712226' };
      const mapping = {
        kind: 'table-mapping',
        mapping_version: '1',
        table: 'x.csv',
        lang: 'en',
        subject: { column: 'name', id_column: 'id' },
        columns: [area],
      };
      const rows = 'name,id,area\nMalta,Q233,316\nMonaco,Q235,2.02,surplus\nAndorra,Q228,468\n';
      const root = folder({ 'x.csv': rows, 'x.mapping.json': JSON.stringify(mapping) });
      const ended = (await ours('build', 'start', root, '--wait', '--json')).json as BuildResult;
      expect(ended.status).toBe('COMPLETED');
      const found = await ours('pack', 'query', ended.build_id, '--p', 'P2046', '--json');
      const subjects = (found.json as { results: { subject: { id: string } }[] }).results.map((row) => row.subject.id);
      expect(subjects.sort()).toEqual(['Q228', 'Q233']);
      const record = (await ours('record', 'show', ended.build_id, '--json')).json as BuildRecord;
      const report = record.stages.find((stage) => stage.stage === 'extract')?.report;
      expect((await ours('artifact', 'get', report?.ref as string, '--out', at('report.json'))).code).toBe(0);
      expect(fs.readFileSync(at('report.json'), 'utf8')).toContain('{"code":"TABLE_ROW_MALFORMED","count":1}');

      const told = (await ours('build', 'status', ended.build_id, '--json')).json as { issues: Issue[] };
      expect(told.issues).toMatchObject([
        {
          severity: 'WARNING',
          code: 'KRS_V3_TABLE_ROW_MALFORMED',
          details: { doc_id: expect.stringMatching(/x\.csv$/), row: 3, start_char: 28, end_char: 52 },
        },
      ]);
      expect(rows.slice(28, 52)).toBe('Monaco,Q235,2.02,surplus');
      const shown = (await ours('build', 'status', ended.build_id)).stdout;
      expect(shown).toMatch(/WARNING KRS_V3_TABLE_ROW_MALFORMED {2}\S*x\.csv row 3, characters 28 to 52/);
    });

    describe('under a mandate that is no good', () => {
      refuses([
        ['that is not there', 'INPUT_UNREADABLE', () => start(world.reader, '--mandate', at('nowhere'))],
        ['that is a folder', 'INPUT_UNREADABLE', () => start(world.reader, '--mandate', world.reader)],
        ['that is no JSON', 'MANDATE_INVALID', () => start(world.reader, '--mandate', file('grounded, please'))],
      ]);

      const good = canonicalBytes(mandates.grounded);
      /** A mandate file with a signature beside it. */
      const signedBy = async (tenant: string, role: string, bytes = good, signed = good): Promise<string> => {
        const signer = await Keyring.open(keysDir(world.orgo.home)).signer(tenant, role);
        const sig = toBase64(signer.sign(pae(payloadTypes.mandate, signed)));
        return beside(bytes, {
          payloadType: payloadTypes.mandate,
          payload: toBase64(bytes),
          signatures: [{ keyid: signer.key_id, sig }],
        });
      };
      const beside = (bytes: Uint8Array, signature: unknown): string => {
        const name = file(bytes);
        fs.writeFileSync(`${name}.dsse`, typeof signature === 'string' ? signature : canonicalBytes(signature));
        return name;
      };
      const unsigned = { payloadType: payloadTypes.mandate, payload: toBase64(good), signatures: [] };
      const bad: [string, ReasonCode, () => Promise<string> | string][] = [
        ['that is no bundle', 'MANDATE_INVALID', () => file('{"a":1}')],
        ['that is a list', 'MANDATE_INVALID', () => file('[]')],
        [
          'whose id is not its content',
          'MANDATE_INVALID',
          () => file(JSON.stringify({ ...mandates.grounded, bundle_id: 'mine' })),
        ],
        ['that nobody signed', 'MANDATE_SIGNATURE_INVALID', () => beside(good, unsigned)],
        ['whose signature is none', 'MANDATE_SIGNATURE_INVALID', () => beside(good, 'signed: me')],
        ['that another tenant signed', 'MANDATE_SIGNATURE_INVALID', () => signedBy(world.theirs.tenant, 'operator')],
        ['that another role signed', 'MANDATE_SIGNATURE_INVALID', () => signedBy(world.ours.tenant, 'release')],
        [
          'that was changed after it was signed',
          'MANDATE_SIGNATURE_INVALID',
          () => signedBy(world.ours.tenant, 'operator', canonicalBytes(mandates.strict), good),
        ],
      ];
      it.concurrent.each(bad)('%s: the build ends FAILED with %s, and no stage ran', async (what, code, name) => {
        // Each of documents of its own, as above.
        const documents = folder({ 'a.md': `A mandate ${what} admits nothing.` });
        expect((await fails(code, documents, '--mandate', await name())).stages).toEqual([]);
      });

      it('and runs under the same mandate, well signed', async () => {
        const name = await signedBy(world.ours.tenant, 'operator');
        expect(await ours('build', 'start', world.reader, '--mandate', name, '--wait', '--json')).toMatchObject({
          code: 0,
        });
      });
    });
  });
