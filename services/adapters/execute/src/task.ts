import type { Pack, TaskFinding, TaskSpec } from '@orgo/kristal';
import type { Meter } from './meter.ts';

/** A governed task: reads a pack as far as its meter lets it, and says what it found. It has no other tool. */
export type Task = (pack: Pack, spec: TaskSpec, meter: Meter) => Promise<TaskFinding[]>;
