import fs from 'node:fs';
import path from 'node:path';
import { channelIndexPath, packManifestPath, type ReasonCode } from '@orgo/contracts';
import { placesIn, realWorld } from '@orgo/konnaxion-node';
import { Updater } from 'tuf-js';
import { channel, type NodeInstance, startNodeInstance } from '../integration/konnaxion-node-instance.ts';
import { packIdOf, type TestPack } from '../integration/konnaxion-node-packs.ts';

/** What somebody who was told of metadata made of it: took the newest release, found nothing new, or refused. */
export type Verdict = { said: 'follows' | 'nothing' } | { said: 'refuses'; why: string; code: ReasonCode | null };

/**
 * An unmodified TUF client and a node before the same server, each with what it trusts in a folder of its own. Both run the first release when it begins, and a
 * second one is published that neither has seen.
 */
export async function startDuel(packs: readonly TestPack[]) {
  const [first, second] = packs as [TestPack, TestPack];
  const node: NodeInstance = await startNodeInstance();
  await node.join();
  const folder = path.join(node.home, 'client');
  const metadata = path.join(folder, 'metadata');
  fs.mkdirSync(path.join(folder, 'targets'), { recursive: true });
  fs.mkdirSync(metadata);
  fs.writeFileSync(path.join(metadata, 'root.json'), node.repo.read('metadata/1.root.json') as Uint8Array);
  const base = `${node.road.url}/v1/tenants/${node.repo.tenant}/tuf`;

  /** The client as it comes, as a program that has just started runs it. It keeps to the pace of the node, and asks once. */
  const update = async (): Promise<string | null> => {
    const updater = new Updater({
      metadataDir: metadata,
      metadataBaseUrl: `${base}/metadata`,
      targetDir: path.join(folder, 'targets'),
      targetBaseUrl: `${base}/targets`,
      config: { fetchRetry: 0, fetchTimeout: node.world.transfer.metadataMs },
    });
    const download = async (name: string): Promise<Buffer | null> => {
      const info = await updater.getTargetInfo(name);
      return info === undefined ? null : fs.readFileSync(await updater.downloadTarget(info));
    };
    await updater.refresh();
    const bytes = await download(channelIndexPath(channel));
    if (bytes === null) return null;
    const { pack_id } = (JSON.parse(bytes.toString()) as { current: { pack_id: string } }).current;
    return (await download(packManifestPath(channel, pack_id))) === null ? null : pack_id;
  };
  const verdictOf = (taken: string | null | undefined, before: string): Verdict => ({
    said: taken == null || taken === before ? 'nothing' : 'follows',
  });
  let clientRuns = packIdOf(first);
  const trustedIn = (dir: string): Record<string, string> =>
    Object.fromEntries(
      fs
        .readdirSync(dir)
        .filter((name) => name.endsWith('.json'))
        .map((name) => [name, fs.readFileSync(path.join(dir, name), 'utf8')]),
    );

  const duel = {
    repo: node.repo,
    road: node.road,
    world: node.world,
    packs,
    /** Serves something else than what lies at a path below the repository. */
    serve(name: string, trick: ReturnType<NodeInstance['road']['trick']>): void {
      const others = node.road.trick;
      node.road.trick = (asked, bytes) => (asked === `tuf/${name}` ? trick : others(asked, bytes));
    },
    /** Serves the target of that name otherwise; its path has a hash in it. */
    serveTarget(name: string, trick: ReturnType<NodeInstance['road']['trick']>): void {
      const others = node.road.trick;
      node.road.trick = (asked, bytes) =>
        asked.startsWith('tuf/targets/') && asked.endsWith(name) ? trick : others(asked, bytes);
    },
    /** Downloads of metadata are given up after a moment. */
    impatient(): void {
      node.world.transfer = { ...node.world.transfer, metadataMs: 300 };
    },
    /** Both look, at what is there. */
    async meet(): Promise<void> {
      await duel.client();
      await duel.node();
    },
    async client(): Promise<Verdict> {
      try {
        const taken = await update();
        const verdict = verdictOf(taken, clientRuns);
        clientRuns = taken ?? clientRuns;
        return verdict;
      } catch (error) {
        return { said: 'refuses', why: error instanceof Error ? error.message : String(error), code: null };
      }
    },
    async node(): Promise<Verdict> {
      const before = (await node.state()).active?.pack_id ?? '';
      node.lines.length = 0;
      try {
        const { active } = await node.look();
        const refused = node.lines.find(({ error_code }) => error_code !== undefined);
        if (refused === undefined) return verdictOf(active?.pack_id, before);
        return { said: 'refuses', why: String(refused.detail), code: refused.error_code as ReasonCode };
      } catch (error) {
        if (!(error instanceof Error && error.name === 'NodeError')) throw error;
        return { said: 'refuses', why: error.message, code: (error as Error & { code: ReasonCode }).code };
      }
    },
    /** What each of them trusts after that, file by file. */
    trusted: () => ({ client: trustedIn(metadata), node: trustedIn(path.join(placesIn(node.dir).tuf, 'metadata')) }),
    /** The pack that the node serves from. */
    runs: async (): Promise<string | undefined> => (await node.state()).active?.pack_id,
    stop: node.stop,
  };
  await node.publish(first);
  await duel.meet();
  /** Every file as it was at the first release. */
  const before = new Map(node.repo.files);
  await node.publish(second);
  const putBack = node.repo.remember();
  const [folders, copies] = [[node.dir, folder], path.join(node.home, 'copies')];
  for (const [at, of] of folders.entries()) fs.cpSync(of, path.join(copies, `${at}`), { recursive: true });
  return {
    ...duel,
    before,
    /** Everything is as it was when it began. */
    again(): void {
      putBack();
      node.road.clear();
      Object.assign(node.world, realWorld);
      clientRuns = packIdOf(first);
      for (const [at, of] of folders.entries()) {
        fs.rmSync(of, { recursive: true });
        fs.cpSync(path.join(copies, `${at}`), of, { recursive: true });
      }
    },
  };
}
export type Duel = Awaited<ReturnType<typeof startDuel>>;
