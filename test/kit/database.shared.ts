import { SHARED_DATABASE } from '@orgo/infra/test-servers';

/** PostgreSQL of the whole run, for tests that leave it up and stay in a schema of their own. */
export function sharedDatabaseUrl(): string {
  const url = process.env[SHARED_DATABASE];
  if (!url) throw new Error('no shared PostgreSQL: run this through vitest from the repository root');
  return url;
}
