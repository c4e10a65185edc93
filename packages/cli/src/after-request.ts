import type { AfterRequest } from '@orgo/kristal';

/** Cards in their one kind and template. */
export const cardRequest = {
  render_kind: 'card',
  template: { id: 'card', version: '1.0.0' },
  projection: 'full',
} as const satisfies Partial<AfterRequest['render']>;

/** The tasks that follow a release when nobody says otherwise: does the pack answer with evidence, and does it contradict itself? */
export const defaultTasks: AfterRequest['tasks'] = [
  {
    task_id: 'smoke',
    type: 'pack-smoke',
    version: '1.0.0',
    budget: { rows: 1_000, milliseconds: 1_000, bytes: 16_777_216 },
    queries: [
      { id: 'first-rows', query: { limit: 100 }, expect: { min_rows: 1, evidence: true } },
      {
        id: 'nothing',
        query: { s: 'Q9007199254740991', limit: 1 },
        expect: { min_rows: 0, max_rows: 0, evidence: true },
      },
    ],
  },
  {
    task_id: 'contradictions',
    type: 'contradiction-scan',
    version: '1.0.0',
    budget: { rows: 500_000, milliseconds: 30_000, bytes: 268_435_456 },
  },
];
