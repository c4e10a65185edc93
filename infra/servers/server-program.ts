import { howToBring, locate } from '../bootstrap/server-programs.mjs';
import { InfraFailure } from '../failure.mjs';

/** @throws InfraFailure SERVER_PROGRAM_MISSING with what to install or set */
export function serverProgram(
  name: 'nats-server' | 'redis-server',
  env: NodeJS.ProcessEnv,
): { file: string; env: NodeJS.ProcessEnv } {
  const found = locate(name, env);
  if (!found) throw new InfraFailure('SERVER_PROGRAM_MISSING', howToBring([name]));
  return found;
}
