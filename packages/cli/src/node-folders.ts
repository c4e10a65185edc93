import fs from 'node:fs';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import { findInstance, homeDir } from './home.ts';
import { setting } from './settings.ts';

const root = (): string => path.join(homeDir(), 'nodes');

/** Where the nodes of this home live; `orgo up` runs every node it finds here. */
export const nodeFolder = (tenant: string, instance: string): string => path.join(root(), tenant, instance);

/** Tenants of this home that have a node of that name. */
function tenantsWith(instance: string): string[] {
  if (!fs.existsSync(root())) return [];
  return fs
    .readdirSync(root())
    .filter((tenant) => fs.existsSync(nodeFolder(tenant, instance)))
    .sort();
}

/** The tenant of a node: the one that is named, else the running instance's, else the one tenant of this home that has such a node. */
function tenantOf(instance: string, tenant: string | undefined): string {
  const named = tenant ?? setting('ORGO_TENANT');
  if (named !== undefined) return named;
  try {
    return findInstance().tenant;
  } catch (error) {
    const [only, ...others] = tenantsWith(instance);
    if (only === undefined) throw error;
    if (others.length > 0)
      throw new CliError('USAGE_INVALID', `${instance} is a node of ${[only, ...others].join(', ')}; say --tenant`);
    return only;
  }
}

/** A node of this home, by its name and perhaps its tenant. */
export const nodeOf = (instance: string, tenant: string | undefined): { tenant: string; instance: string } => ({
  tenant: tenantOf(instance, tenant),
  instance,
});

/** The folder of a node of this home. */
export const folderOf = (instance: string, tenant: string | undefined): string =>
  nodeFolder(tenantOf(instance, tenant), instance);
