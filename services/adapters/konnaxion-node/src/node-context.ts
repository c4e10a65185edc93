import { type NodeConfig, type NodeKey, readConfig, readKey } from './folder.ts';
import type { NodeLog, NodeWorld } from './world.ts';

/** What one look of a node is taken with. */
export type NodeContext = {
  dir: string;
  config: NodeConfig;
  key: NodeKey;
  world: NodeWorld;
  log: NodeLog;
  signal: AbortSignal | undefined;
  /** How many packs that served before the last known good one stay. */
  keep: number;
};

/** The clock of a node, in RFC 3339. */
export const clockOf = (world: NodeWorld): string => new Date(world.now()).toISOString();

/** Reads who a node is from its folder, anew: joining again may have given it another address to ask. @throws NodeError */
export const openContext = async (
  dir: string,
  of: Omit<NodeContext, 'dir' | 'config' | 'key'>,
): Promise<NodeContext> => ({ dir, config: await readConfig(dir), key: await readKey(dir), ...of });
