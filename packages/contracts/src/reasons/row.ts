/**
 * A reason code: `AREA_NOUN_STATE`, append-only, never renamed or reused.
 * refusal = the rules said no (a value, audited) · fault = the world failed (retried) · breach = integrity violated (stops and pages).
 */
export type ReasonRow = {
  title: string;
  class: 'refusal' | 'fault' | 'breach';
  retry: 'never' | 'later' | 'after-change';
  http: number;
  /** CLI exit: 2 usage, 3 refusal, 4 fault, 5 breach. */
  exit: 2 | 3 | 4 | 5;
  since: string;
  /** The operator's next step. */
  help: string;
};

const row =
  (cls: ReasonRow['class'], retry: ReasonRow['retry'], http: number, exit: ReasonRow['exit']) =>
  (title: string, help: string): ReasonRow => ({ title, class: cls, retry, http, exit, since: '0.1.0', help });

/** The rules said no; a change of input or policy may make it a yes. */
export const refusal = row('refusal', 'after-change', 409, 3);
/** Malformed input at the door. */
export const malformed = row('refusal', 'after-change', 400, 2);
/** Asked for by a wrong call of the command line or the API. */
export const usage = row('refusal', 'after-change', 422, 2);
/** Absent or not visible: the same answer for both (TN-05). */
export const absent = row('refusal', 'after-change', 404, 3);
/** Never right, however often it is sent. */
export const forbidden = row('refusal', 'never', 403, 3);
/** The world failed; try again. */
export const fault = row('fault', 'later', 503, 4);
/** Integrity violated: the work stops and a person looks. */
export const breach = row('breach', 'never', 500, 5);
