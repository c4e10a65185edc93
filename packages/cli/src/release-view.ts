import type { ReleaseStatus } from '@orgo/contracts';
import { colors as pc } from './colors.ts';
import { shortDigest, status, table } from './output.ts';

/** A release for a person: where it stands, and each node. */
export function describeRelease(r: ReleaseStatus): string[] {
  return [
    `${pc.bold(r.release_id)}  ${status(r.status)}  ${pc.dim(`channel ${r.channel}${r.release_seq === null ? '' : ` #${r.release_seq}`}, build ${r.build_id}, pack ${shortDigest(r.pack_id)}`)}`,
    ...(r.nodes.length
      ? table(
          ['NODE', 'STATE', 'ACTIVE PACK', 'CODE'],
          r.nodes.map((n) => [n.instance_id, n.state, shortDigest(n.active_pack_id), n.reason_code ?? '–']),
        )
      : []),
    ...(r.reason_codes.length ? [`${pc.dim('codes')}    ${r.reason_codes.join(', ')}`] : []),
    ...(r.waiting_for ? [`${pc.dim('waiting')}  ${r.waiting_for}`] : []),
  ];
}
