export { sha256, sha256Hex, sha256HexOfParts } from '#sha256';
export { compareRefs, sameRefs, sortRefs } from './artifact-refs.ts';
export { backoffMs } from './backoff.ts';
export { type Base64Alphabet, fromBase64, toBase64, toBase64Url } from './base64.ts';
export {
  type BatchProof,
  batchStatement,
  maxBatchSize,
  type SignedItem,
  type StatementCache,
  signBatch,
  type VerifiedItem,
  verifyItem,
} from './batch.ts';
export { batchLeaf } from './batch-leaf.ts';
export { blankClaim } from './blank-claim.ts';
export { authorizationOf, blankDecision } from './blank-decision.ts';
export { concatBytes, equalBytes } from './bytes.ts';
export { CanonicalError, canonical, canonicalBytes } from './canonical.ts';
export { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
export { type CohortMember, cohortPlace, isInCohort, percentSelector, selects } from './cohort.ts';
export {
  type Cosignature,
  cosign,
  cosignerKeyId,
  formatWitnessKey,
  parseWitnessKey,
  verifyCosignatures,
} from './cosignature.ts';
export { derivedId } from './derived-id.ts';
export { type Digest, digestHex, digestOf, digestOfBytes, digestOfNothing, digestOfText, isDigest } from './digest.ts';
export { type DsseEnvelope, verifyDsse } from './dsse.ts';
export { type Appended, appendLeaves, emptyFrontier, type Frontier, frontierRoot } from './frontier.ts';
export { fromHex, toHex } from './hex.ts';
export { defaultLimits, depthCeiling, type JsonLimits, type JsonValue } from './json-limits.ts';
export { keyIdOf, keyIdOfP256 } from './key-id.ts';
export { verifyLogNote, verifyQuorum } from './log-note.ts';
export { consistencyPath, inclusionPath, rootOf } from './merkle.ts';
export { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';
export { rootFromPath, verifyConsistency, verifyInclusion } from './merkle-verify.ts';
export { signNote, verifyNote } from './note.ts';
export { formatVkey, type NoteKey, parseVkey, signedNoteKeyId } from './note-key.ts';
export type { Outcome } from './outcome.ts';
export { pae } from './pae.ts';
export { releaseStepHash } from './release-step.ts';
export { type Ok, ok, type ReasonCode, type Refusal, type Result, refuse } from './result.ts';
export { keyIdentity, type TrustedKey, type VerifySignature } from './signature.ts';
export { parseStrict } from './strict-json.ts';
export { mermaid, next, reachable, type TransitionTable, tableFaults } from './table.ts';
export { compareText, fromUtf8, utf8, utf8Length } from './text.ts';
export { createTileWriter, type TileFile, type TileWriter, verifyTileLog } from './tile-log.ts';
export {
  decodeEntries,
  encodeEntries,
  hashOfTile,
  hasTile,
  maxEntryBytes,
  parseTilePath,
  type TileId,
  tileBytes,
  tilePath,
  tilesOf,
  tileWidth,
} from './tiles.ts';
export { after, epochMs, epochMsOfDay, timeOf } from './time.ts';
export { parsePolicy, type TlogPolicy } from './tlog-policy.ts';
export {
  formatGrowth,
  formatTlogProof,
  type Growth,
  parseGrowth,
  parseTlogProof,
  type TlogProof,
} from './tlog-proof.ts';
export { type TufKey, tufKeyOf } from './tuf-key.ts';
