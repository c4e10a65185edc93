import fs from 'node:fs';
import path from 'node:path';
import { watchFolders } from './folder-watch.ts';
import { createHints } from './hints.ts';
import { type KonnaxionNode, type NodeOptions, startNode } from './node.ts';
import { codeOfError, messageOf, NodeError } from './node-error.ts';
import { sharedFetch } from './sim/shared-fetch.ts';
import { readTrouble, troubledWorld } from './sim/trouble.ts';
import { type NodeWorld, realWorld } from './world.ts';

/** Nodes that run in this process. */
export type Fleet = {
  /** A node that runs here, by its folder; null where none does. */
  node(dir: string): Promise<KonnaxionNode | null>;
  stop(): Promise<void>;
};

export type FleetOptions = Omit<NodeOptions, 'world'> & {
  /** Whether folders may say what is wrong with their nodes (`trouble.json`), and all of them share one road. */
  simulated?: boolean;
};

/**
 * Runs every node below `<root>/<tenant>/<instance>`, and those that join later: `node.json` appears last and whole, and its folder is
 * watched before it is looked for. A node that cannot start is logged and left alone until something changes in its folder; one whose
 * folder is taken away is stopped. The others go on.
 * @throws NodeError CONFIG_INVALID; the system's error where the root cannot be made
 */
export function startFleet(root: string, options: FleetOptions): Fleet {
  const { pollMs, log, simulated = false } = options;
  if (!(pollMs >= 1)) throw new NodeError('CONFIG_INVALID', `a node cannot look every ${pollMs} ms`);
  const shared = simulated ? sharedFetch() : realWorld.fetch;
  const world: NodeWorld = { ...realWorld, fetch: shared, rest: createHints(pollMs, shared).rest };
  const worldOf = (dir: string): NodeWorld => (simulated ? troubledWorld(world, () => readTrouble(dir)) : world);
  const nodes = new Map<string, Promise<KonnaxionNode | null>>();
  const ending = new Set<Promise<unknown>>();
  /** Changes per folder, and how many there had been when its node last failed to start. */
  const changes = new Map<string, number>();
  const failedAt = new Map<string, number>();
  let stopped = false;
  let looking = false;

  const failed = (dir: string, error: unknown): void =>
    log('node.start_failed', { dir, error_code: codeOfError(error), error_message: messageOf(error) });

  /** Events come in bursts; one look serves all that came before it. */
  const lookSoon = (): void => {
    if (looking || stopped) return;
    looking = true;
    setImmediate(() => {
      looking = false;
      if (!stopped) look();
    });
  };
  const folders = watchFolders((folder) => {
    changes.set(folder, changesIn(folder) + 1);
    lookSoon();
  }, failed);
  const changesIn = (folder: string): number => changes.get(folder) ?? 0;

  const foldersIn = (folder: string): string[] => {
    try {
      return folders.foldersIn(folder);
    } catch (error) {
      failed(folder, error);
      return [];
    }
  };

  const look = (): void => {
    const tenants = foldersIn(root);
    const instances = tenants.flatMap(foldersIn);
    const there = new Set([root, ...tenants, ...instances]);
    folders.only(there);
    for (const dir of [...nodes.keys()]) if (!there.has(dir)) end(dir);
    for (const dir of instances) if (!nodes.has(dir) && failedAt.get(dir) !== changesIn(dir)) start(dir);
  };

  const start = (dir: string): void => {
    folders.watch(dir);
    if (!fs.existsSync(path.join(dir, 'node.json'))) return;
    const before = changesIn(dir);
    const starting = startNode(dir, { ...options, world: worldOf(dir) }).then(
      (node) => {
        // From here on the node changes its folder itself; that it is taken away is seen one folder up.
        folders.unwatch(dir);
        return node;
      },
      (error: unknown) => {
        failed(dir, error);
        failedAt.set(dir, before);
        if (nodes.get(dir) === starting) nodes.delete(dir);
        lookSoon();
        return null;
      },
    );
    nodes.set(dir, starting);
  };

  const end = (dir: string): void => {
    const ended = nodes.get(dir)?.then((node) => node?.stop());
    nodes.delete(dir);
    failedAt.delete(dir);
    if (ended) ending.add(ended.finally(() => ending.delete(ended)));
  };

  fs.mkdirSync(root, { recursive: true });
  look();
  return {
    node: async (dir) => (await nodes.get(dir)) ?? null,
    async stop() {
      stopped = true;
      folders.only(new Set());
      for (const dir of [...nodes.keys()]) end(dir);
      await Promise.all(ending);
    },
  };
}
