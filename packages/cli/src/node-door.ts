import fs from 'node:fs';
import path from 'node:path';
import { isReasonCode } from '@orgo/contracts';
import { type Door, doorFile, doorSchema } from '@orgo/konnaxion-node';
import { CliError } from './cli-error.ts';
import { homeDir } from './home.ts';

/** The door of the nodes of this home. @throws CliError SERVICE_UNAVAILABLE where none is open */
function readDoor(): Door {
  const file = path.join(homeDir(), 'nodes', doorFile);
  try {
    return doorSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    throw new CliError('SERVICE_UNAVAILABLE', `no process runs the nodes of ${homeDir()}: start \`orgo up\``);
  }
}

/**
 * Asks a running node at its own door.
 * @throws CliError with the code of the answer, SERVICE_UNAVAILABLE where nobody answers
 */
export async function askNode<T>(
  of: { tenant: string; instance: string },
  method: 'GET' | 'POST',
  operation: string,
  body?: unknown,
): Promise<T> {
  const { url, token } = readDoor();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const answer = await fetch(`${url}/v1/${of.tenant}/${of.instance}/${operation}`, request).catch(() => {
    throw new CliError('SERVICE_UNAVAILABLE', `the door at ${url} does not answer`);
  });
  const said = (await answer.json()) as { code?: string; detail?: string };
  if (answer.ok) return said as T;
  throw new CliError(
    isReasonCode(said.code ?? '') ? (said.code as 'INTERNAL_ERROR') : 'INTERNAL_ERROR',
    said.detail ?? '',
  );
}
