import { type ReasonRow, refusal } from './row.ts';

/** Cards made of released packs, their check, and governed tasks. The first six are the names that the rendering contract gives them. */
export const renderReasons = {
  UNVERIFIED_INPUT: refusal(
    'A pack that does not verify, or another than the request names',
    'Release the pack again, or name the right one.',
  ),
  MISSING_TRACE_IDS: refusal(
    'Something said without a statement or evidence behind it',
    'Drop the output; look at the pack’s evidence and who rendered it.',
  ),
  AMBIGUOUS_INPUT: refusal('A name that fits more than one subject', 'Name the subject by its id.'),
  UNSUPPORTED_RENDER_KIND: refusal(
    'A kind, template or language that cannot be rendered',
    'See docs/render.md for what there is.',
  ),
  PROJECTION_MISMATCH: refusal('A projection that the pack does not offer', 'Ask for the projection of the pack.'),
  POLICY_VIOLATION_NEW_FACT_RISK: refusal(
    'An output that says what the pack does not, or leaves out what it says',
    'Drop the output; look who rendered it.',
  ),
  RENDER_TRACE_INVALID: refusal(
    'A trace map that does not cover its output byte by byte',
    'Drop the output; look who rendered it.',
  ),
  RENDER_SUBJECT_UNKNOWN: refusal('A subject that the pack says nothing of', 'Name a subject of the pack.'),
  TASK_NOT_READY: refusal('A task whose gates are not all open', 'The detail names the gates; see docs/render.md.'),
  TASK_BUDGET_EXHAUSTED: refusal(
    'A task that was cut where its budget ended',
    'Give it a larger budget, within the pipeline’s ceiling.',
  ),
  TASK_FINDING_REPORTED: refusal('A task that found something to look at', 'Read its signals.'),
} as const satisfies Record<string, ReasonRow>;
