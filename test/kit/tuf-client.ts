import fs from 'node:fs';
import path from 'node:path';
import { type ChannelIndex, channelIndexPath, type Offer, packManifestPath } from '@orgo/contracts';
import { Updater } from 'tuf-js';
import type { TestChannels } from './channels.ts';

let clients = 0;

/** A TUF client as it comes, provisioned with the tenant's first root. Keeps what it trusts in a folder of its own. */
export async function tufClient(channels: TestChannels, channel = 'stable') {
  const folder = path.join(channels.home, `client-${++clients}`);
  const metadata = path.join(folder, 'metadata');
  fs.mkdirSync(metadata, { recursive: true });
  fs.mkdirSync(path.join(folder, 'targets'));
  const root = await fetch(`${channels.url}/metadata/1.root.json`);
  fs.writeFileSync(path.join(metadata, 'root.json'), Buffer.from(await root.arrayBuffer()));
  return {
    metadata,
    /** What the channel's nodes are to run, and its manifest; null where the channel says nothing. @throws what the client refuses */
    async update(): Promise<{ offer: Offer; manifest: Buffer } | null> {
      const updater = new Updater({
        metadataDir: metadata,
        metadataBaseUrl: `${channels.url}/metadata`,
        targetDir: path.join(folder, 'targets'),
        targetBaseUrl: `${channels.url}/targets`,
        config: { fetchRetry: false, fetchRetries: 0 },
      });
      await updater.refresh();
      const bytesOf = async (name: string): Promise<Buffer | null> => {
        const info = await updater.getTargetInfo(name);
        return info === undefined ? null : fs.readFileSync(await updater.downloadTarget(info));
      };
      const index = await bytesOf(channelIndexPath(channel));
      if (index === null) return null;
      const offer = (JSON.parse(index.toString('utf8')) as ChannelIndex).current as Offer;
      return { offer, manifest: (await bytesOf(packManifestPath(channel, offer.pack_id))) as Buffer };
    },
  };
}
export type TufClient = Awaited<ReturnType<typeof tufClient>>;
