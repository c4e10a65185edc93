import type { System } from './system.ts';
import { bullmqSystem } from './system-bullmq.ts';
import { dbosSystem } from './system-dbos.ts';
import { restateSystem } from './system-restate.ts';

/** Every peer, by the name it has in the result. `_tuned` is the same peer in its best published tuning. */
export const peerSystems: Record<string, () => System> = {
  restate: () => restateSystem('default'),
  restate_tuned: () => restateSystem('tuned'),
  dbos: () => dbosSystem('default'),
  dbos_tuned: () => dbosSystem('tuned'),
  bullmq_always: () => bullmqSystem('always'),
  bullmq_everysec: () => bullmqSystem('everysec'),
};
