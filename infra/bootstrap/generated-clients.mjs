// The Prisma client of each service: generated, not committed, and made again when its schema changes.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { InfraFailure } from '../failure.mjs';
import { say } from './narration.mjs';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** @param {NodeJS.ProcessEnv} env */
export function ensureGeneratedClients(env) {
  const services = path.join(root, 'services');
  if (!fs.existsSync(services)) return;
  for (const service of fs.readdirSync(services)) generate(path.join(services, service), service, env);
}

/** @param {string} folder @param {string} service @param {NodeJS.ProcessEnv} env */
function generate(folder, service, env) {
  const schema = path.join(folder, 'prisma/schema.prisma');
  if (!fs.existsSync(schema)) return;
  const prisma = path.join(folder, 'node_modules/.bin/prisma');
  const version = fs.readFileSync(path.join(folder, 'node_modules/prisma/package.json'));
  const wanted = createHash('sha256').update(fs.readFileSync(schema)).update(version).digest('hex');
  const output = path.join(folder, 'src/generated');
  const stamp = path.join(output, '.stamp');
  const client = path.join(output, 'prisma/client.ts');
  if (fs.existsSync(client) && fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  say(`generating the database client of ${service}`);
  const done = run(prisma, ['generate'], { cwd: folder, env, quiet: true });
  if (!done.ok)
    throw new InfraFailure('SETUP_FAILED', `could not generate the database client of ${service}: ${done.detail}`);
  fs.writeFileSync(stamp, wanted);
}
