/** Calls of a file, each by a piece of its line, and why no fault points stand around them. Points in backticks break the same moments from elsewhere. */
export type Pardon = { file: string; pieces: readonly string[]; why: string };

const pardon = (file: string, why: string, ...pieces: string[]): Pardon => ({ file, pieces, why });

const terminal = 'a command at a terminal: who started it starts it again, and a file that was not renamed is nobody’s';
const atSetup =
  'made before anything runs, and once: `test/integration/bootstrap-crash.test.ts` kills the setup; asking again finishes it';
const byNode =
  'a node dies before, in and behind each change of its disk in `test/integration/konnaxion-node.crash.test.ts`';
const ofStore =
  'it is called by others, whose points stand around the whole write; nobody has the reference before it answers';
const asked = 'a question that changes nothing here: what comes of the answer has points of its own';
const nodesRoot =
  'a file of a chain that is longer or shorter and holds either way; who gives roots gives all of them again';

export const pardons: readonly Pardon[] = [
  pardon(
    'packages/adapter-sdk/src/exec/program-process.ts',
    'a process and no file: nothing of it is durable, and nobody waits for it',
    'before the watcher has heard of it',
  ),
  pardon(
    'packages/adapter-sdk/src/exec/program-stage.ts',
    'a folder among temporary ones that nothing refers to',
    'the folder stays behind',
  ),
  pardon(
    'packages/adapter-sdk/src/reply-sender.ts',
    '`adapter.signed` is before it and `adapter.replySent` behind it, in serve.ts',
    "bus.request(subjectOf('reply'",
  ),
  pardon(
    'packages/adapter-sdk/src/serve.ts',
    'nothing was done for the message: if it is not heard, the message comes again and is looked at again',
    '      message.ack();\n      return;',
    'message.nak(',
  ),
  pardon(
    'packages/adapter-sdk/src/stage-context.ts',
    '`adapter.beforeStore` is before it and `adapter.stored` behind it, in run-stage.ts',
    'artifacts.put(tenant, kind',
  ),
  pardon(
    'packages/runtime/src/artifacts.files.ts',
    ofStore,
    'renameSync(temporary',
    'onDisk(rename(temporary',
    'the next process finds the bytes in the journal',
    'the name may be lost with the power',
  ),
  pardon(
    'packages/runtime/src/artifacts.journal.ts',
    ofStore,
    'the journal is settled by the next process',
    'the entries are durable, no file has them yet',
  ),
  pardon('packages/runtime/src/artifacts.settle.ts', ofStore, 'the journals are settled once more'),
  pardon(
    'packages/runtime/src/bus-pull.ts',
    'asking for messages and giving them back: a message that nobody acknowledged comes again by itself',
    'nc.publish(next',
    'message.nak(backoffMs(',
    '      message.nak(0);\n',
    'for (const message of running.keys()) message.nak(0);',
  ),
  pardon('packages/runtime/src/bus-requests.ts', 'the road itself: the points are around those who ask', 'nc.publish('),
  pardon('packages/runtime/src/bus.ts', 'the road itself: the points are around those who say it', 'nc.publish('),
  pardon(
    'packages/runtime/src/durable-file.ts',
    'the write itself: the points are around those who call it',
    'await link(',
    'await rename(',
  ),
  pardon('packages/runtime/src/key-files.ts', atSetup, 'await createFile(path'),
  pardon('packages/runtime/src/key-files.ts', terminal, 'await createFile(asideFile', 'await rename(wanted'),
  pardon(
    'packages/runtime/src/process-lock.ts',
    'a lock outlives no process: of whoever died in between, the next one that asks takes over',
    'await link(draft',
    'if we die from here on',
    'await rename(freed',
  ),
  pardon(
    'packages/runtime/src/tenants.ts',
    atSetup,
    'await replaceFile(pinsFile',
    'await createFile(file,',
    'if we die before the pin',
  ),
  pardon('packages/runtime/src/tenants.ts', terminal, 'await createFile(unsealedFile', 'await createFile(rootFile'),
  pardon(
    'packages/runtime/src/trust.ts',
    'the entry of a root comes in a receipt, which audit brings again until `release.folded` is behind it; the same entry is the same bytes',
    'await replaceFile(rootSealFile',
  ),
  pardon(
    'packages/store/src/alarm-rows.ts',
    '`alarm.claimed` is behind the first, `alarm.fired` and `alarm.deleted` are around the second and before the third, in alarms.ts',
    "name: 'alarm_claim'",
    "name: 'alarm_done'",
    "name: 'alarm_release'",
  ),
  pardon(
    'packages/store/src/db.ts',
    'the commit itself: the points are around those who open a transaction',
    'client.query<R',
    'nothing or everything is committed',
  ),
  pardon('packages/store/src/reading.ts', 'its transactions are READ ONLY', 'client.query(statement)'),
  pardon(
    'packages/store/src/relay/deliver.ts',
    '`relay.beforePublish` is before it and `relay.afterPublish` behind it, in relay.ts',
    'await bus.request(batch.subject',
    'road.bus.publishCommand(',
    'road.bus.publishEvent(',
  ),
  pardon(
    'packages/store/src/relay/rows.ts',
    '`relay.beforeMark` is before it and `relay.afterMark` behind it, in relay.ts',
    "name: 'outbox_delete'",
  ),
  pardon(
    'packages/store/src/snapshots.ts',
    'no build has the definition before `start.beforeCommit`: a row that nobody names',
    'await db.query(...inserting',
  ),
  pardon(
    'packages/store/src/transact.ts',
    'hands on the points that it was given',
    'const first = await transact(',
    'return first.concat(await transact(',
  ),
  pardon(
    'services/adapters/konnaxion-node/src/channel.ts',
    'what a target of the channel was before it is read again: bytes that are not of the listed digest are none',
    'a file that is not whole is none of that name',
  ),
  pardon('services/adapters/konnaxion-node/src/disk.ts', byNode, 'await fs.rename('),
  pardon(
    'services/adapters/konnaxion-node/src/fetch-pack.ts',
    byNode,
    'await disk.write(path.join(part, file.path)',
    'await disk.write(path.join(part, packManifestPath)',
    'await disk.syncTree(',
    'await fs.rename(part',
    'await disk.syncFolder(',
  ),
  pardon(
    'services/adapters/konnaxion-node/src/folder.ts',
    byNode,
    'disk.replace(placesIn(dir).config',
    'disk.replace(placesIn(dir).state',
    'disk.replace(placesIn(dir).key',
  ),
  pardon('services/adapters/konnaxion-node/src/join.ts', byNode, 'await world.disk.replace('),
  pardon(
    'services/adapters/konnaxion-node/src/operate.ts',
    'a person’s rollback at the node itself: the state before it is whole, and the channel’s rules go on from it',
    "before this the channel's offer",
  ),
  pardon(
    'services/adapters/konnaxion-node/src/report.ts',
    '`node.beforeReport` is before it and `node.reported` behind it, in step.ts',
    "method: 'POST'",
  ),
  pardon('services/adapters/konnaxion-node/src/sweep.ts', byNode, 'packs that are left over'),
  pardon(
    'services/adapters/konnaxion-node/src/trust.ts',
    nodesRoot,
    'await of.disk.replace(sealOf',
    'await disk.replace(fileOf',
  ),
  pardon('services/adapters/konnaxion-node/src/trusted-metadata.ts', byNode, 'await disk.replace('),
  pardon(
    'services/audit/src/records.ts',
    '`audit.recordStored` is behind it, in fold-question.ts; before it nothing of the record is anywhere',
    'deps.artifacts.put(',
  ),
  pardon(
    'services/audit/src/sealing.ts',
    'the options that it is given carry the points of transactions; `audit.sealed` is behind it',
    'await transact(db, logMachine',
  ),
  pardon('services/audit/src/witnesses.ts', asked, "method: 'POST'"),
  pardon(
    'services/audit/src/witnesses.ts',
    'asked again, witnesses give their cosignatures of the newest checkpoint again: an older file is behind for one look',
    'await replaceFile(cosignedFile',
  ),
  pardon('services/gatekeeper/src/facts/close-facts.ts', asked, 'await bus.request(foldSubject'),
  pardon(
    'services/gatekeeper/src/facts/close-facts.ts',
    '`gate.frozen` is before it and `gate.recordStored` behind it, in handlers.ts',
    'await deps.artifacts.put(',
  ),
  pardon(
    'services/gatekeeper/src/turns.ts',
    'the options that it is given carry the points of transactions',
    'transact(db, machine',
  ),
  pardon(
    'services/orchestrator/src/service.ts',
    'what people read of Cases: audit, whose receipt has `receipts.folded` behind it, the relay and a person’s mark under a key say it again',
    'transact(db, caseMachine',
  ),
  pardon(
    'services/orchestrator/src/requests.ts',
    'no build has the definition before `start.beforeCommit`: bytes that nobody names',
    "artifacts.put(tenant_id, 'pipeline'",
  ),
  pardon(
    'services/orchestrator/src/resend.ts',
    'a mark that all is said again; without it it is said once more, and the inbox knows it',
    'await db.query(store',
  ),
  pardon(
    'services/orchestrator/src/routes.ts',
    'an upload under the digest of its bytes: who has no answer uploads it again',
    'return artifacts.put(',
  ),
  pardon('services/release/src/evidence.ts', asked, 'await bus.request(sealedSubject'),
  pardon(
    'services/release/src/nonces.ts',
    'a nonce that nobody was given is over by itself; a node that has no answer asks for another one',
    "name: 'nonce_mint'",
    "name: 'nonce_add'",
  ),
  pardon(
    'services/release/src/tuf/repository.ts',
    'files that nothing names: a target or a version stands for one content, and is written again as it was',
    'await createFile(path',
  ),
  pardon(
    'services/release/src/tuf/repository.ts',
    'the alarm of a renewal that did not succeed: the one that rang is there until this is done, and rings again',
    'await db.tx(async (tx) => arm(',
  ),
  pardon(
    'services/witness/src/state.ts',
    'the witness answers nobody before it has written: without an answer the log asks again',
    'replaceFile(fileOf(origin)',
  ),
];
