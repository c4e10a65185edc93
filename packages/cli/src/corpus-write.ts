import fs from 'node:fs';
import path from 'node:path';
import { type CorpusName, corpus } from '@orgo/corpora';

/** Writes a shipped corpus as plain files with its `corpus.json`, so that it can be read, edited and built like any other folder. */
export function writeCorpus(name: CorpusName, folder: string): string {
  const { files, license, title } = corpus(name);
  for (const file of files) {
    const target = path.join(folder, file.path);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, file.bytes);
  }
  const manifest = {
    title,
    license,
    files: files.map(({ path: p, media_type, source }) => ({ path: p, media_type, source })),
  };
  fs.writeFileSync(path.join(folder, 'corpus.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return folder;
}
