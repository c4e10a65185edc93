// The login role of each service, and the URL it connects with.
import fs from 'node:fs';
import type pg from 'pg';
import { InfraFailure } from '../failure.mjs';
import { derive } from '../servers/home.ts';
import { SERVICES, type Service } from './migration-folder.ts';

const ROLES_SQL = new URL('../postgres/roles.sql', import.meta.url);
/** What a concurrent change of the same role, from another database of the server, is answered with. */
const CONCURRENT_UPDATE = /tuple concurrently updated|duplicate key value/;

/**
 * The URL with which each service connects: its own role, the admin's server and database.
 * Passwords are derived from the admin's, or from `secret` where the operator wants them unrelated to it.
 * @throws InfraFailure DATABASE_SECRET_MISSING when there is neither
 */
export function serviceUrls(adminUrl: string, secret: string = passwordOf(adminUrl)): Record<Service, string> {
  if (secret === '')
    throw new InfraFailure(
      'DATABASE_SECRET_MISSING',
      'DATABASE_URL holds no password: set ORGO_DATABASE_SECRET to a long random text.',
    );
  const url = (service: Service): string => {
    const own = new URL(adminUrl);
    own.username = `orgo_${service}`;
    own.password = derive(secret, `role/${service}`);
    return own.toString();
  };
  return Object.fromEntries(SERVICES.map((service) => [service, url(service)])) as Record<Service, string>;
}

/** Makes or repairs schemas, roles, passwords and grants. Idempotent. */
export async function ensureRoles(
  client: pg.Client,
  urls: Readonly<Record<string, string>>,
  attempts = 5,
): Promise<void> {
  const passwords = Object.fromEntries(Object.entries(urls).map(([service, url]) => [service, passwordOf(url)]));
  try {
    await client.query('SELECT set_config($1, $2, false)', ['orgo.role_passwords', JSON.stringify(passwords)]);
    await client.query(fs.readFileSync(ROLES_SQL, 'utf8'));
  } catch (error) {
    if (attempts <= 1 || !(error instanceof Error && CONCURRENT_UPDATE.test(error.message))) throw error;
    await ensureRoles(client, urls, attempts - 1);
  }
}

const passwordOf = (url: string): string => decodeURIComponent(new URL(url).password);
