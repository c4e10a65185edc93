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
});

/** Where the nodes are. */
export const nodesFolder = ({ ORGO_NODES, ORGO_HOME }: z.output<typeof nodeSettings>): string =>
  path.resolve(ORGO_NODES ?? path.join(ORGO_HOME, 'nodes'));
