import path from 'node:path';
import { z } from 'zod';

/** Settings of a process that runs nodes. What a node itself knows is in its folder. */
export const nodeSettings = z.object({
  ORGO_HOME: z
    .string()
    .default('.orgo/home')
    .meta({ description: 'Folder of the instance that the nodes belong to', example: '/var/lib/orgo' }),
  ORGO_NODES: z
    .string()
    .optional()
    .meta({ description: 'Folder of the nodes; by default `nodes` in the home', example: '/var/lib/konnaxion' }),
  ORGO_NODE_POLL_MS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1000)
    .meta({ description: 'How often a node looks at its channel, in milliseconds', example: '1000' }),
  ORGO_NODE_HEARTBEAT_MS: z.coerce.number().int().min(0).default(60_000).meta({
    description: 'How often a node reports how it is when nothing happens, in milliseconds; never, where it is 0',
    example: '60000',
  }),
  ORGO_NODE_KEEP: z.coerce.number().int().min(0).max(7).default(2).meta({
    description: 'How many packs that served before the last known good one a node keeps',
    example: '2',
  }),
  ORGO_NODES_SIMULATED: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .meta({
      description: 'Whether `trouble.json` in a node’s folder may break that node, for rehearsals',
      example: 'false',
    }),
});

/** How the nodes of a process are run. */
export const fleetOptions = (settings: z.output<typeof nodeSettings>) => ({
  pollMs: settings.ORGO_NODE_POLL_MS,
  heartbeatMs: settings.ORGO_NODE_HEARTBEAT_MS,
  keep: settings.ORGO_NODE_KEEP,
  simulated: settings.ORGO_NODES_SIMULATED,
});

/** Where the nodes are. */
export const nodesFolder = ({ ORGO_NODES, ORGO_HOME }: z.output<typeof nodeSettings>): string =>
  path.resolve(ORGO_NODES ?? path.join(ORGO_HOME, 'nodes'));
