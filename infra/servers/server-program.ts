import { howToBring, locate } from '../bootstrap/server-programs.mjs';
import { ServersFailure } from './failure.ts';

/** @throws ServersFailure SERVER_PROGRAM_MISSING with what to install or set */
export function serverProgram(name: 'nats-server' | 'redis-server'): { file: string; env: NodeJS.ProcessEnv } {
  const found = locate(name);
  if (!found) throw new ServersFailure('SERVER_PROGRAM_MISSING', howToBring([name]));
  return found;
}
