export * from './bundle-layout.ts';
export { countKeyUses } from './key-uses.ts';
export { decideLog, evolveLog, type LogEvent, type SealInput, type SealSend } from './log.ts';
export { toPublicBuildRecord } from './projection.ts';
export {
  consistencyFromNodes,
  type NodeId,
  nodeKey,
  nodesOfConsistency,
  nodesOfPath,
  pathFromNodes,
} from './proof.ts';
export {
  closingOf,
  foldRecord,
  type RecordClosing,
  type RecordSource,
  recordText,
  type SealedLeaf,
  splitAtRecord,
} from './record.ts';
export { type ReadArtifact, recordReads, type Unreadable, unreadableOf } from './record-artifacts.ts';
export { envelopeHash, hashesHold, recordCore, recordHash } from './record-hash.ts';
export { initialLog, type LogState, logPhases } from './state.ts';
export { logTable } from './table.ts';
export { completedNodes, hashFromParts, storedParts, type TreeNode } from './tree-nodes.ts';
export { namedArtifacts } from './verify-artifacts.ts';
export { type VerifiedBundle, verifyBundle } from './verify-bundle.ts';
export type { BundleFiles, ReadRoot, Trust, VerifierRoot } from './verify-trust.ts';
