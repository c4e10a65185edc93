import { contradictionScan } from './contradiction-scan.ts';
import { packSmoke } from './pack-smoke.ts';
import type { Task } from './task.ts';

/** Tasks by name and version. */
export const tasks: Readonly<Record<string, Task>> = {
  'pack-smoke@1.0.0': packSmoke,
  'contradiction-scan@1.0.0': contradictionScan,
};
