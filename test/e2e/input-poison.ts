import fs from 'node:fs';
import path from 'node:path';
import type { BuildRecord, CaseView, DeadLetterView, Digest } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { type BuildResult, outputOf } from '../kit/story.ts';
import { accountOf, build, fails, folder, input, mandateOf, refused, stored, text } from './input-world.ts';

const many = (n: number, open: string, close: string): string => open.repeat(n) + close.repeat(n);
/** What ingest cannot read, by name. */
const poison = {
  'half-a-character.md': new Uint8Array([0x61, 0xe2, 0x82]),
  'overlong-nul.md': new Uint8Array([0xc0, 0x80]),
  'surrogate.md': new Uint8Array([0xed, 0xa0, 0x80]),
  'utf16.md': Buffer.from('\ufeffabc', 'utf16le'),
  'latin1.md': Buffer.from('Caf\xe9', 'latin1'),
  'deep.json': many(100_000, '[', ']'),
  'key-twice.json': '{"a":1,"\\u0061":2}',
  'prototype.json': '{"__proto__":{"a":1}}',
  'number.json': '[9007199254740993]',
  'marked.json': '\ufeff{}',
  'picture.png': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]),
  'picture.md': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0xff]),
};
const large = `${text} ${'x'.repeat(3000)}`;
const rich = 'Ada Lovelace was born in 1815. Ada Lovelace died in 1852. Charles Babbage was born in 1791.';
const files = { ...poison, 'good.md': text, 'large.md': large, 'rich.md': rich };
const names = Object.keys(poison).sort();
const refOf = (name: keyof typeof files): Digest => {
  const content: string | Uint8Array = files[name];
  return digestOfBytes(typeof content === 'string' ? utf8(content) : new Uint8Array(content));
};

const list = async (...args: string[]): Promise<DeadLetterView[]> =>
  ((await input.cli('deadletter', 'list', '--json', ...args)).json as { items: DeadLetterView[] }).items;
const say = (act: 'requeue' | 'drop', ref: string) =>
  input.cli('deadletter', act, ref, '--reason', 'as the test says', '--json');
const limited = (more: { [name: string]: string | number } = {}): string =>
  mandateOf({ on_poison: 'dead_letter', max_document_bytes: 250_000, max_document_claims: 2, ...more });

/** Documents that cannot be taken: they stop the build, or are put aside where the mandate lets them. None is lost, and none comes back by itself. */
export const describePoison = (): void => {
  describe('under a mandate that says stop', () => {
    it.concurrent.each(['half-a-character.md', 'deep.json', 'picture.png'] as const)(
      '%s ends the build, and says so',
      async (name) => {
        const ended = await fails('INGEST_PARSE_ERROR', folder({ 'good.md': text, [name]: files[name] }));
        expect(ended.stages.map(({ stage, status }) => `${stage} ${status}`)).toEqual(['pin PASS', 'ingest FAIL']);
      },
    );

    it('a document that gives too much ends the build where it is read', async () => {
      const strict = mandateOf({ max_document_claims: 2 });
      const ended = await fails(
        'STAGE_LIMIT_EXCEEDED',
        folder({ 'good.md': text, 'rich.md': rich }),
        '--mandate',
        strict,
      );
      expect(ended.stages.at(-1)).toMatchObject({ stage: 'extract', status: 'FAIL' });
    });

    it('limits are told before anything is uploaded, with the word that sets them', async () => {
      const root = folder({ 'a.md': text, 'b.md': text.repeat(2) });
      for (const [word, most, code] of [
        ['max_document_bytes', 40, 'INGEST_DOCUMENT_TOO_LARGE'],
        ['max_documents', 1, 'INGEST_CORPUS_TOO_LARGE'],
        ['max_corpus_bytes', 80, 'INGEST_CORPUS_TOO_LARGE'],
      ] as const) {
        const { stderr } = await refused(code, root, '--mandate', mandateOf({ [word]: most }));
        expect(stderr).toContain(`${word} is ${most}`);
      }
    });
  });

  describe('under a mandate that lets documents be put aside', () => {
    let root: string;
    let first: BuildResult;

    it('the build goes on without them, and each is on record with its code', async () => {
      root = folder(files);
      first = await build(root, '--mandate', limited({ max_document_bytes: 2000 }));
      expect([first.status, ...first.reason_codes]).toEqual(['COMPLETED']);
      const { taken, aside } = await accountOf(first);
      // 200,000 brackets are over the limit of bytes as well: the size is judged first.
      const code = (path: string) =>
        path === 'deep.json' || path === 'large.md' ? 'INGEST_DOCUMENT_TOO_LARGE' : 'INGEST_PARSE_ERROR';
      expect(aside).toEqual([...names, 'large.md'].sort().map((path) => ({ path, code: code(path) })));
      expect(taken).toEqual(['good.md', 'rich.md']);
      // Sealed: the decisions of both stages name their letters, and so does the Build Record.
      const record = (await input.cli('record', 'show', first.build_id, '--json')).json as BuildRecord;
      for (const [stage, count] of [
        ['ingest', names.length + 1],
        ['extract', 1],
      ] as const) {
        const { ref } = outputOf(first, stage, 'dead-letters');
        expect(stored<{ letters: unknown[] }>(ref).letters).toHaveLength(count);
        expect(record.stages.find((done) => done.stage === stage)?.outputs.map((output) => output.ref)).toContain(ref);
        const report = record.stages.find((done) => done.stage === stage)?.report?.ref as string;
        expect(
          fs.readFileSync(
            path.join(input.orgo.home, 'artifacts', input.tenant, 'sha256', report.slice(7, 9), report.slice(7)),
            'utf8',
          ),
        ).toContain(`{"code":"DEAD_LETTERED","count":${count}}`);
      }
    });

    it('a person sees them: in the list, by stage and code, and as a Case each stage', async () => {
      await expect.poll(async () => (await list()).length, { timeout: 60_000 }).toBe(names.length + 2);
      const letters = await list();
      expect(letters.map(({ path }) => path).sort()).toEqual([...names, 'large.md', 'rich.md'].sort());
      expect(letters.find(({ path }) => path === 'rich.md')).toMatchObject({
        ref: refOf('rich.md'),
        stage: 'extract',
        code: 'STAGE_LIMIT_EXCEEDED',
        status: 'OPEN',
        build_id: first.build_id,
        marked: null,
        detail: 'rich.md: 3 claims; max_document_claims is 2',
      });
      const { items } = (await input.cli('case', 'list', '--json')).json as { items: CaseView[] };
      const about = items.filter(({ build_id }) => build_id === first.build_id);
      expect(about.map(({ type, reason_codes }) => [type, ...reason_codes])).toEqual(
        Array(2).fill(['dead-letter', 'DEAD_LETTERED']),
      );
      const people = await input.cli('deadletter', 'list');
      expect(people.stdout).toContain('INGEST_DOCUMENT_TOO_LARGE');
    });

    it('the next build leaves them out unread, and makes no second letter', async () => {
      fs.writeFileSync(path.join(root, 'more.md'), 'Paris is the capital of France.');
      const next = await build(root, '--mandate', limited());
      expect(next.status).toBe('COMPLETED');
      const { taken, aside } = await accountOf(next);
      expect(taken).toEqual(['good.md', 'more.md']);
      expect(new Set(aside.map(({ code }) => code))).toEqual(new Set(['DEAD_LETTERED']));
      expect(next.stages.flatMap(({ outputs }) => outputs).map(({ kind }) => kind)).not.toContain('dead-letters');
    });

    it('what is requeued is taken again by the next build, what is dropped is not', async () => {
      const dropped = await say('drop', refOf('latin1.md'));
      expect(dropped.json).toMatchObject({
        items: [{ path: 'latin1.md', status: 'DROPPED', marked: { reason: 'as the test says' } }],
      });
      for (const name of ['large.md', 'picture.png', 'rich.md'] as const)
        expect((await say('requeue', refOf(name))).json).toMatchObject({ items: [{ path: name, status: 'REQUEUED' }] });
      const before = (await list('--all')).length;
      // The limits are higher now: two of the three go through, the third is as it was.
      const next = await build(root, '--mandate', limited({ max_document_claims: 3 }));
      expect(next.status).toBe('COMPLETED');
      const { taken, aside } = await accountOf(next);
      expect(taken).toEqual(['good.md', 'large.md', 'more.md', 'rich.md']);
      expect(aside.filter(({ code }) => code !== 'DEAD_LETTERED')).toEqual([
        { path: 'picture.png', code: 'INGEST_PARSE_ERROR' },
      ]);
      await expect.poll(async () => (await list('--all')).length, { timeout: 60_000 }).toBe(before + 1);
      expect((await list('--all')).filter(({ path }) => path === 'picture.png').map(({ status }) => status)).toEqual([
        'OPEN',
        'REQUEUED',
      ]);
      expect((await list()).map(({ path }) => path)).not.toContain('latin1.md');
    });

    it('a build of nothing but poison fails', async () => {
      const root = folder({ 'a.md': new Uint8Array([0xff]) });
      await fails('INGEST_CORPUS_EMPTY', root, '--mandate', limited());
    });

    it('a letter that is none is not found, in our words and in nobody else’s tenant', async () => {
      for (const ref of [digestOfBytes(utf8('nothing')), 'sha256:x', '../../builds']) {
        const result = await say('requeue', ref);
        expect([result.code, result.json]).toMatchObject([3, { error: { code: 'DEADLETTER_NOT_FOUND' } }]);
      }
    });
  });
};
