import fs from 'node:fs';
import path from 'node:path';

/** Watches folders and lists them; a folder is watched before it is listed, so that what appears between the two is an event. */
export type FolderWatch = {
  /** The folders in a folder; none where it is gone. @throws what else keeps it from being listed */
  foldersIn(folder: string): string[];
  /** Watches a folder, once; false where it is gone or cannot be watched. */
  watch(folder: string): boolean;
  /** Watches these no more. */
  only(folders: ReadonlySet<string>): void;
  unwatch(folder: string): void;
};

/** @param changed told of every folder in which something appeared, went or was replaced */
export function watchFolders(
  changed: (folder: string) => void,
  unwatchable: (folder: string, error: unknown) => void,
): FolderWatch {
  const watchers = new Map<string, fs.FSWatcher>();
  const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

  const unwatch = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const watch = (folder: string): boolean => {
    if (watchers.has(folder)) return true;
    try {
      const watcher = fs.watch(folder, () => changed(folder));
      watchers.set(folder, watcher);
      // A folder that was taken away is watched anew when it is found again.
      watcher.on('error', () => {
        unwatch(folder);
        changed(folder);
      });
      return true;
    } catch (error) {
      if (!isGone(error)) unwatchable(folder, error);
      return false;
    }
  };
  return {
    watch,
    unwatch,
    foldersIn(folder) {
      watch(folder);
      try {
        const entries = fs.readdirSync(folder, { withFileTypes: true });
        return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
      } catch (error) {
        if (isGone(error)) return [];
        throw error;
      }
    },
    only(folders) {
      for (const folder of [...watchers.keys()]) if (!folders.has(folder)) unwatch(folder);
    },
  };
}
