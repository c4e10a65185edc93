import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryIsTold, watchMemory } from '../kit/memory.ts';
import { artifactFile } from '../kit/story.ts';
import { accountOf, build, folder, input, mandateOf, refused, text } from './input-world.ts';

/** Documents of the many-files test: all that the contract profile allows in the long lane, a tenth of it otherwise. */
const long = process.env.ORGO_TEST_LONG === '1';
const count = long ? 10_000 : 1_000;
/** How much any process of the instance may grow while it takes large input, MiB. */
const mostMib = 600;

/** Much input: a code that names the limit, or a build; and no process grows by more than it may. */
export const describeLarge = (): void =>
  void describe('much', () => {
    const bounded = async (work: () => Promise<void>): Promise<void> => {
      const memory = memoryIsTold() ? watchMemory(input.orgo.up.pid as number) : null;
      if (memory === null) console.warn('memory is not watched: this system has no /proc/<pid>/clear_refs');
      await work();
      expect(memory?.grown().filter(({ mib }) => mib > mostMib) ?? []).toEqual([]);
    };
    /** 200 MB of text, of which the disk holds nothing. */
    const huge = (): string => {
      const root = folder({ 'a.md': text });
      fs.writeFileSync(path.join(root, 'huge.txt'), '');
      fs.truncateSync(path.join(root, 'huge.txt'), 200_000_000);
      return root;
    };

    it('a file of 200 MB is refused before it is uploaded', async () => {
      const { stderr } = await refused('INGEST_DOCUMENT_TOO_LARGE', huge());
      expect(stderr).toContain('huge.txt: 200000000 bytes; max_document_bytes is 67108864');
      const kept = fs.globSync('**', { cwd: path.join(input.orgo.home, 'artifacts'), withFileTypes: true });
      expect(kept.filter((file) => fs.statSync(path.join(file.parentPath, file.name)).size > 100_000_000)).toEqual([]);
    });

    it('or streamed, put aside unread and kept, where the mandate says so', () =>
      bounded(async () => {
        const ended = await build(huge(), '--mandate', mandateOf({ on_poison: 'dead_letter' }));
        expect(ended.status).toBe('COMPLETED');
        const { taken, aside } = await accountOf(ended);
        expect([taken, aside]).toEqual([['a.md'], [{ path: 'huge.txt', code: 'INGEST_DOCUMENT_TOO_LARGE' }]]);
        const letters = (await input.cli('deadletter', 'list', '--json')).json as {
          items: { path: string; ref: string }[];
        };
        const kept = letters.items.find(({ path }) => path === 'huge.txt')?.ref as string;
        expect(fs.statSync(artifactFile(input.orgo.home, input.tenant, kept)).size).toBe(200_000_000);
      }));

    it('a document just within the limit is taken, in bounded memory', () =>
      bounded(async () => {
        const root = folder({ 'a.md': text });
        fs.writeFileSync(path.join(root, 'line.txt'), 'word '.repeat(13_000_000));
        const ended = await build(root);
        expect([ended.status, ...ended.reason_codes]).toEqual(['COMPLETED']);
        expect((await accountOf(ended)).taken).toEqual(['a.md', 'line.txt']);
      }));

    it(`${count} documents are all taken`, () =>
      bounded(async () => {
        const root = folder(
          Object.fromEntries(
            Array.from({ length: count }, (_, n) => [`${n}.md`, `---\ntitle: Note ${n}\n---\n${text}`]),
          ),
        );
        const ended = await build(root);
        expect([ended.status, ...ended.reason_codes]).toEqual(['COMPLETED']);
        expect((await accountOf(ended)).taken).toHaveLength(count);
      }));

    it('one document more than the profile allows is refused before anything is uploaded', async (context) => {
      if (!long) return context.skip('of the long lane: set ORGO_TEST_LONG=1');
      const root = folder(Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`${n}.md`, ''])));
      const { stderr } = await refused('INGEST_CORPUS_TOO_LARGE', root);
      expect(stderr).toContain('10001 documents; max_documents is 10000');
    });
  });
