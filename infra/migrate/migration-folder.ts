// The migrations of one service, as Prisma lays them out: prisma/migrations/<14 digits>_<name>/migration.sql.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../bootstrap/paths.mjs';

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** Hex SHA-256 of the file's bytes, as Prisma records it. */
  readonly checksum: string;
}

export interface ServiceMigrations {
  readonly service: string;
  /** In the order in which they are applied. */
  readonly migrations: readonly Migration[];
  /** prisma/grants.sql, if the service has one: run after every migration, so it must be idempotent. */
  readonly grants: string | undefined;
}

/** Services that own a Postgres schema, which has the service's name. */
export const SERVICES = ['orchestrator', 'gatekeeper', 'audit', 'release'] as const;
export type Service = (typeof SERVICES)[number];

/** A service without a migrations folder has none to apply. */
export function readMigrations(service: Service, checkout: string = root): ServiceMigrations {
  const folder = path.join(checkout, 'services', service, 'prisma');
  const migrations = path.join(folder, 'migrations');
  const names = fs.existsSync(migrations)
    ? fs
        .readdirSync(migrations)
        .filter((name) => /^\d{14}_/.test(name))
        .sort()
    : [];
  const grants = path.join(folder, 'grants.sql');
  return {
    service,
    migrations: names.map((name) => {
      const bytes = fs.readFileSync(path.join(migrations, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
    }),
    grants: fs.existsSync(grants) ? fs.readFileSync(grants, 'utf8') : undefined,
  };
}
