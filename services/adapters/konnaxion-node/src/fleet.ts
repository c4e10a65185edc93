import fs from 'node:fs';
import path from 'node:path';
import { type KonnaxionNode, type NodeLog, startNode } from './node.ts';

/** Nodes that run in this process. */
export type Fleet = { stop(): Promise<void> };

/**
 * Runs every node below `<root>/<tenant>/<instance>`, and those that join later: `node.json` is written last, and its folder is watched.
 * A node that cannot start is logged and left alone; the others go on.
 */
export function startFleet(root: string, options: { pollMs: number; log: NodeLog }): Fleet {
  const nodes = new Map<string, Promise<KonnaxionNode | null>>();
  const watchers: fs.FSWatcher[] = [];
  let stopped = false;

  const look = (dir: string): void => {
    if (stopped || nodes.has(dir) || !fs.existsSync(path.join(dir, 'node.json'))) return;
    nodes.set(
      dir,
      startNode(dir, options).catch((e) => {
        options.log('node.start_failed', { dir, error_message: e instanceof Error ? e.message : String(e) });
        // Whatever changes in its folder next is a reason to try again.
        nodes.delete(dir);
        return null;
      }),
    );
  };
  const watch = (dir: string, onEntry: (entry: string) => void): void => {
    fs.mkdirSync(dir, { recursive: true });
    watchers.push(fs.watch(dir, () => scan(dir, onEntry)));
    scan(dir, onEntry);
  };
  const scan = (dir: string, onEntry: (entry: string) => void): void => {
    if (stopped) return;
    for (const entry of fs.readdirSync(dir, { withFileTypes: true }))
      if (entry.isDirectory()) onEntry(path.join(dir, entry.name));
  };
  const watched = new Set<string>();
  const once = (dir: string, run: () => void): void => {
    if (watched.has(dir)) return;
    watched.add(dir);
    run();
  };
  watch(root, (tenant) =>
    once(tenant, () =>
      watch(tenant, (instance) =>
        once(instance, () => {
          watchers.push(fs.watch(instance, () => look(instance)));
          look(instance);
        }),
      ),
    ),
  );
  return {
    async stop() {
      stopped = true;
      for (const watcher of watchers) watcher.close();
      for (const node of await Promise.all(nodes.values())) await node?.stop();
    },
  };
}
