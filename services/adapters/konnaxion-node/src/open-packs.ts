import { ok, type Result } from '@orgo/core';
import type { Pack } from '@orgo/kristal';
import { placesIn } from './folder.ts';
import { openPackFolder } from './pack-folder.ts';

/** Packs that were verified to the last byte and are held open, the ones used last. What is read is what was verified, whatever becomes of the disk. */
export type OpenPacks = { open(dir: string, packId: string): Promise<Result<Pack>> };

export function createOpenPacks(max = 8): OpenPacks {
  const held = new Map<string, Pack>();
  return {
    async open(dir, packId) {
      const folder = placesIn(dir).pack(packId);
      const known = held.get(folder);
      held.delete(folder);
      if (known !== undefined) {
        held.set(folder, known);
        return ok(known);
      }
      const opened = await openPackFolder(folder, packId);
      if (!opened.ok) return opened;
      held.set(folder, opened.value.pack);
      for (const oldest of held.keys()) if (held.size > max) held.delete(oldest);
      return ok(opened.value.pack);
    },
  };
}
