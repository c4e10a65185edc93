import fs from 'node:fs';
import path from 'node:path';
import type { HttpServer } from '@orgo/runtime/http';
import { CliError } from '../cli-error.ts';
import { setting } from '../settings.ts';

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port < 65_536;

/** ORGO_PORT, where it is set. @throws CliError CONFIG_INVALID */
export function portSetting(): number | undefined {
  const given = setting('ORGO_PORT');
  if (given === undefined) return undefined;
  if (!isPort(Number(given))) throw new CliError('CONFIG_INVALID', `ORGO_PORT: ${given} is no port`);
  return Number(given);
}

/** A port as it was typed. @throws CliError USAGE_INVALID */
export function portArgument(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (!isPort(Number(given))) throw new CliError('USAGE_INVALID', `--port: ${given} is no port`);
  return Number(given);
}

/**
 * Lets the API listen on the given port, else where this home's API listened last, else on a free one. Nodes keep the address they joined
 * at, so an instance that starts again should be found there.
 */
export async function listenAgain(front: HttpServer, home: string, given: number | undefined): Promise<string> {
  const file = path.join(home, 'api-port');
  const last = given === undefined ? lastPort(file) : undefined;
  const url =
    last === undefined ? await front.listen(given ?? 0) : await front.listen(last).catch(() => front.listen(0));
  fs.writeFileSync(file, new URL(url).port);
  return url;
}

function lastPort(file: string): number | undefined {
  if (!fs.existsSync(file)) return undefined;
  const port = Number(fs.readFileSync(file, 'utf8'));
  return isPort(port) && port > 0 ? port : undefined;
}
