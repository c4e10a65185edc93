import path from 'node:path';
import { homeDir } from './home.ts';

/** Where the nodes of this home live; `orgo up` runs every node it finds here. */
export const nodeFolder = (tenant: string, instance: string): string => path.join(homeDir(), 'nodes', tenant, instance);
