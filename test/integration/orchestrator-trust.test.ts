import type { ReceiptItem } from '@orgo/contracts';
import type { Receipt } from '@orgo/orchestrator/domain';
import { createKey } from '@orgo/runtime/signer';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Orchestrator, soon, startOrchestrator, tenant } from './orchestrator-instance.ts';

let orc: Orchestrator;
let build_id: string;
/** The receipt that would pass the first stage. */
let receipt: Receipt;

beforeEach(async () => {
  orc = await startOrchestrator();
  orc.peers.answering = () => null;
  build_id = (await orc.started()).build_id;
  await expect.poll(() => orc.peers.commands.length, soon).toBe(1);
  const [{ command }] = orc.peers.commands as [Orchestrator['peers']['commands'][0]];
  receipt = orc.peers.gateOf(build_id).reply(command, 'ok')[0] as Receipt;
});
afterEach(() => orc.stop());

const versionOf = async (): Promise<number> => (await orc.rows('SELECT version::int AS version FROM build'))[0].version;

/** What is sent is refused with a code, and moves nothing. */
async function refused(item: ReceiptItem, code: string): Promise<void> {
  const before = await versionOf();
  expect(await orc.peers.send([item])).toEqual([{ outcome: 'refused', code }]);
  expect(await versionOf()).toBe(before);
  expect(orc.peers.commands).toHaveLength(1);
}

test('a decision by another key than the gatekeeper’s is refused', async () => {
  const stranger = await createKey(`${orc.instance.home}/strangers`, tenant, 'gatekeeper');
  await refused(await orc.peers.sealed(receipt, { decision: stranger }), 'KEY_UNKNOWN');
});

test('a decision by a trusted key of another role is refused', async () => {
  const adapter = await orc.platform.keyring.signer(tenant, 'adapter.echo');
  await refused(await orc.peers.sealed(receipt, { decision: adapter }), 'KEY_NOT_TRUSTED_FOR_ROLE');
});

test('a decision under a checkpoint that the log did not sign is refused', async () => {
  const gatekeeper = await orc.platform.keyring.signer(tenant, 'gatekeeper');
  await refused(await orc.peers.sealed(receipt, { log: gatekeeper }), 'CHECKPOINT_SIGNATURE_INVALID');
});

test('a decision with the seal of another one is refused', async () => {
  const sealed = await orc.peers.sealed(receipt);
  const other = await orc.peers.sealed({ ...receipt, decision: { ...receipt.decision, attempt: 9 } });
  await refused({ ...sealed, seal: other.seal }, 'PROOF_INVALID');
});

test('a decision that was edited after it was signed is refused', async () => {
  const sealed = await orc.peers.sealed(receipt);
  const payload = sealed.decision.payload.replace('"verdict":"PASS"', '"verdict":"FAIL"');
  await refused({ ...sealed, decision: { ...sealed.decision, payload } }, 'SIGNATURE_INVALID');
});

test('an authorization that the gatekeeper did not sign is refused with its decision', async () => {
  const sealed = await orc.peers.sealed(receipt);
  const [authorization] = sealed.authorizations as [ReceiptItem['decision']];
  const payload = authorization.payload.replace('"stage":"echo-2"', '"stage":"echo-8"');
  await refused({ ...sealed, authorizations: [{ ...authorization, payload }] }, 'SIGNATURE_INVALID');
});

test('the good one among bad ones is folded once, however often it comes', async () => {
  const good = await orc.peers.sealed(receipt);
  const bad = { ...good, decision: { ...good.decision, payload: '{}' } };
  const answers = await orc.peers.send([bad, good, good]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted', 'duplicate']);
  expect(await orc.peers.send([good])).toEqual([{ outcome: 'duplicate', code: null }]);
  await expect.poll(() => orc.peers.commands.length, soon).toBe(2);
  expect(orc.peers.commands[1]?.command.stage).toBe('echo-2');
});

test('what happened only grows: the service’s own role cannot edit it', async () => {
  const client = new pg.Client({ connectionString: orc.instance.serviceUrls.orchestrator });
  await client.connect();
  try {
    for (const sql of [
      'DELETE FROM build',
      'DELETE FROM event',
      "UPDATE event SET type = 'x'",
      "UPDATE evidence SET items = ''",
      'DELETE FROM evidence',
      "UPDATE pipeline SET definition = '{}'",
    ]) {
      await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    }
    await expect(client.query('SELECT * FROM gatekeeper.inbox')).rejects.toMatchObject({
      code: expect.stringMatching(/^42(501|P01)$/),
    });
  } finally {
    await client.end();
  }
});
