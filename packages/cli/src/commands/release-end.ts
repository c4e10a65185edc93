import { isReasonCode, type ReleaseStatus, reasons } from '@orgo/contracts';
import { CliError } from '../cli-error.ts';
import { measured } from '../release-view.ts';

/** Exit 3 with why, for a release that did not come to RELEASED. */
export function failUnlessReleased(r: ReleaseStatus): void {
  if (r.status === 'RELEASED') return;
  const [code = ''] = r.reason_codes;
  // Whatever stopped it: the command was refused what it asked for, and no world has failed.
  const told = isReasonCode(code) && reasons[code].exit === 3 ? code : 'RELEASE_NOT_COMPLETED';
  const why = [...r.reason_codes, ...(r.finding ? [measured(r.finding)] : [])].join(', ');
  throw new CliError(told, `${r.release_id} is ${r.status}${why === '' ? '' : `: ${why}`}`);
}
