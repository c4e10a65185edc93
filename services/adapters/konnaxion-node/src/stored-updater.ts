import { Updater } from 'tuf-js';
import type { MetadataFiles } from './trusted-metadata.ts';

type Options = ConstructorParameters<typeof Updater>[0];
/** What the client does for others, and where it reads and writes metadata, which it does not tell its types. */
type Client = Pick<Updater, 'refresh' | 'getTargetInfo'>;
type Storage = {
  loadLocalMetadata(name: string): Buffer;
  persistMetadata(name: string, bytes: Buffer): void;
};

/**
 * A TUF client whose trusted metadata lies in memory, and which is otherwise as it comes: what it believes, and in what order, is its own.
 * @throws the client's error where it cannot read the root
 */
export function openStoredUpdater(files: MetadataFiles, options: Omit<Options, 'metadataDir'>): Client {
  const Base = Updater as unknown as new (options: Options) => Client & Storage;
  const nameOf = (role: string): string => `${encodeURIComponent(role)}.json`;
  class StoredUpdater extends Base {
    // The client reads its root before it is made: what it reads from is not a member.
    override loadLocalMetadata(role: string): Buffer {
      const bytes = files.get(nameOf(role));
      if (bytes === undefined) throw new Error(`no ${role} is trusted yet`);
      return bytes;
    }
    override persistMetadata(role: string, bytes: Buffer): void {
      files.set(nameOf(role), bytes);
    }
  }
  return new StoredUpdater({ ...options, metadataDir: '' });
}
