import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isJournal, isWritten, type JournalEntry, journalDir, readJournal, syncAll } from './artifacts.journal.ts';
import { isAbsent, readDirIfAny } from './durable-file.ts';

/**
 * Takes over the journals of processes that are no more: `restore` gives each entry its file again where the disk has lost it, then everything is made
 * durable and the journal goes. Several processes may do this at once. A journal that cannot be settled now is left for the next start.
 */
export async function settleJournals(dir: string, restore: (entry: JournalEntry) => void): Promise<void> {
  const names = await readDirIfAny(journalDir(dir));
  const left = names.filter((name) => isJournal(name) && !isWritten(name)).map((name) => join(journalDir(dir), name));
  if (left.length === 0) return;
  for (const path of left) {
    const journal = await readFile(path).catch((error) => {
      if (isAbsent(error)) return Buffer.alloc(0);
      throw error;
    });
    for (const entry of readJournal(journal)) restore(entry);
  }
  const synced = await syncAll(dir).then(
    () => true,
    () => false,
  );
  // crash: if we die here the journals are settled once more, and all is found in place
  if (synced) for (const path of left) await unlink(path).catch(() => undefined);
}
