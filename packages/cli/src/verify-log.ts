import { decisionSchema, type GateDecision } from '@orgo/contracts';
import {
  type Checkpoint,
  type Cosignature,
  fromUtf8,
  leafHash,
  parseGrowth,
  parseStrict,
  parseTlogProof,
  type Result,
  type TlogPolicy,
  toHex,
  verifyConsistency,
  verifyInclusion,
  verifyLogNote,
  verifyQuorum,
  verifyTileLog,
} from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { CliError } from './cli-error.ts';
import { logOf } from './log-trust.ts';

/** What a person says is to be believed. */
export type Believed = { root: string | undefined; policy: TlogPolicy | null };

const held = <T>(result: Result<T>): T => {
  if (!result.ok) throw new CliError(result.code, result.detail);
  return result.value;
};

type Verified = Checkpoint & { cosigned: Cosignature[] };

const checkpointOf = async (note: string, { root, policy }: Believed): Promise<Verified> =>
  held(verifyLogNote(note, { log: await logOf(note, root), policy, verify: verifySignature }));

/** Who of a policy's witnesses cosigned a checkpoint that was verified otherwise; nobody where there is no policy. */
export const cosignersOf = (note: string, policy: TlogPolicy | null): string[] =>
  policy === null ? [] : held(verifyQuorum(note, policy, verifySignature)).map(({ name }) => name);

/** What every kind of proof says of its checkpoint. */
const said = ({ origin, size, root, cosigned }: Verified) => ({
  ok: true,
  origin,
  tree_size: size,
  root_hash: toHex(root),
  cosigned: cosigned.map(({ name, timestamp }) => ({ name, at: new Date(timestamp * 1000).toISOString() })),
});

/** An inclusion proof with the entry in its `extra` line: the entry is in the log of a checkpoint that is believed. */
export async function verifyProofText(text: string, believed: Believed) {
  const { index, extra, path, checkpoint } = held(parseTlogProof(text));
  if (extra === null) throw new CliError('PROOF_INVALID', 'the proof does not hold the entry (an extra line)');
  const signed = await checkpointOf(checkpoint, believed);
  const { size, root } = signed;
  held(verifyInclusion({ index, size, leafHash: leafHash(extra), path, root }));
  return { kind: 'inclusion' as const, ...said(signed), index, decision: decisionIn(extra) };
}

/** An entry is a decision, but who has another log may prove its entries, too. */
function decisionIn(entry: Uint8Array): Pick<GateDecision, 'build_id' | 'kind' | 'verdict' | 'stage'> | null {
  const text = fromUtf8(entry);
  const json = text.ok ? parseStrict(text.value) : text;
  const parsed = decisionSchema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success) return null;
  const { build_id, kind, verdict, stage } = parsed.data as GateDecision;
  return { build_id, kind, verdict, stage };
}

/** A consistency proof: the log of a checkpoint that is believed begins with the log of an earlier one, which the reader kept. */
export async function verifyGrowthText(text: string, before: string, believed: Believed) {
  const { old, path, checkpoint } = held(parseGrowth(text));
  const signed = await checkpointOf(checkpoint, believed);
  const earlier = await checkpointOf(before, { ...believed, policy: null });
  if (earlier.size !== old)
    throw new CliError(
      'PROOF_INVALID',
      `the proof starts at ${old} entries, the earlier checkpoint has ${earlier.size}`,
    );
  held(verifyConsistency({ size1: old, size2: signed.size, root1: earlier.root, root2: signed.root, path }));
  return { kind: 'consistency' as const, ...said(signed), from: old };
}

/** A static log: every tile, every entry and the checkpoint over them. */
export async function verifyLogFiles(read: (path: string) => Uint8Array | undefined, believed: Believed) {
  const note = fromUtf8(read('checkpoint') ?? new Uint8Array());
  const signed = await checkpointOf(note.ok ? note.value : '', believed);
  const { tiles } = held(verifyTileLog(signed, read));
  return { kind: 'log' as const, ...said(signed), tiles };
}
