import { fault, type ReasonRow, refusal, usage } from './row.ts';

/** Programs behind the exec host, and the conformance kit for adapters. */
export const programReasons = {
  EXEC_PROGRAM_MISSING: fault(
    'The program of a stage cannot be started',
    'Install it where the adapter runs, or fix `command` in its adapter.json.',
  ),
  EXEC_PROGRAM_CRASHED: fault(
    'The program of a stage ended with a failure',
    'The detail has its last line on standard error; the adapter’s log has all of them.',
  ),
  EXEC_ANSWER_INVALID: fault(
    'The program’s standard output is not one JSON answer',
    'Print the answer and nothing else there; logs go to standard error.',
  ),
  EXEC_ANSWER_TOO_LARGE: fault(
    'The program wrote too much on standard output',
    'Write data into files of the output folder and name them.',
  ),
  EXEC_OUTPUT_MISSING: fault(
    'A declared or named output was not written',
    'Fix the program, or what adapter.json declares.',
  ),
  EXEC_OUTPUT_UNDECLARED: fault(
    'The program wrote what adapter.json does not declare',
    'Declare the output, or do not write it; working files belong into the working folder.',
  ),
  EXEC_OUTPUT_PATH_INVALID: fault(
    'The program named an output outside its folder, a link, or no file',
    'Name regular files by paths relative to the output folder.',
  ),
  EXEC_OUTPUT_INVALID: fault(
    'An output that says it is JSON is none',
    'Write strict JSON: UTF-8, no duplicate keys, no NaN.',
  ),
  CONFORMANCE_FAILED: refusal('An adapter does not do what an adapter must', 'Each failed check says what was seen.'),
  CONFORMANCE_CASE_INVALID: usage(
    'The conformance kit cannot use this case',
    'See docs/adapters.md for the shape of a case.',
  ),
} as const satisfies Record<string, ReasonRow>;
