import type { CommandItem } from '@orgo/contracts';
import { digestOfBytes, type ReasonCode, utf8 } from '@orgo/core';
import { type Check, must } from '../check.ts';
import { someDigest } from '../sealed-command.ts';
import type { Stand } from '../stand.ts';

/** Sends a command that may not run, and holds its refusal against the code. */
const mustRefuse = async (stand: Stand, command: CommandItem, code: ReasonCode, what: string): Promise<void> => {
  await stand.send(command);
  const reply = await stand.replyTo(command);
  must(reply.status === 'refused', code, `${what}, and answered ${reply.status} ${reply.reason_codes.join(' ')}`);
  must(reply.reason_codes[0] === code, code, `${what}: refused as ${reply.reason_codes.join(' ')} in place of ${code}`);
  const digest = digestOfBytes(utf8(command.command.payload));
  must(
    reply.command_digest === digest,
    'REPLY_CORRELATION_MISMATCH',
    `the refusal quotes ${reply.command_digest}; the command is ${digest}`,
  );
  must(reply.outputs.length === 0, code, `${what}: the refusal has outputs`);
};

type Row = { id: string; title: string; code: ReasonCode; forge(stand: Stand): CommandItem };

const otherBuild = 'bld_0190a1b2-c3d4-7e5f-8a6b-ffffffffffff';

const rows: readonly Row[] = [
  {
    id: 'no-authorization',
    title: 'a command without authorization',
    code: 'COMMAND_AUTHORIZATION_MISSING',
    forge: (stand) => stand.command({ forge: { item: (item) => ({ ...item, authorization: null }) } }),
  },
  {
    id: 'unsealed',
    title: 'an authorization without a seal',
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
    forge: (stand) => stand.command({ forge: { item: (item) => ({ ...item, seal: null }) } }),
  },
  {
    id: 'undecided',
    title: 'an authorization that the sealed decision does not give',
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
    forge: (stand) =>
      stand.command({ forge: { decision: (value) => ({ ...value, authorizations: [someDigest('another')] }) } }),
  },
  {
    id: 'failed-decision',
    title: 'an authorization under a decision that says FAIL',
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
    forge: (stand) => stand.command({ forge: { decision: (value) => ({ ...value, verdict: 'FAIL' }) } }),
  },
  {
    id: 'other-log',
    title: 'a seal by a key that is not of the tenant’s log',
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
    forge: (stand) => stand.command({}, { ...stand.signers, log: stand.strangers.log }),
  },
  {
    id: 'other-log-origin',
    title: 'a seal of another log',
    code: 'COMMAND_AUTHORIZATION_UNSEALED',
    forge: (stand) => stand.command({ forge: { origin: `${stand.root.log.origin}-other` } }),
  },
  {
    id: 'other-inputs',
    title: 'inputs that are not the authorized ones',
    code: 'COMMAND_INPUTS_MISMATCH',
    forge: (stand) =>
      stand.command({
        forge: {
          command: (value) => ({
            ...value,
            inputs: [{ kind: 'other', ref: someDigest('other'), media_type: 'text/plain', size: 1 }],
          }),
        },
      }),
  },
  {
    id: 'other-build',
    title: 'another build than the authorized one',
    code: 'COMMAND_BUILD_MISMATCH',
    forge: (stand) => stand.command({ forge: { command: (value) => ({ ...value, build_id: otherBuild }) } }),
  },
  {
    id: 'other-stage',
    title: 'another stage than the authorized one',
    code: 'COMMAND_BUILD_MISMATCH',
    forge: (stand) => stand.command({ forge: { command: (value) => ({ ...value, stage: 'another-stage' }) } }),
  },
  {
    id: 'other-adapter',
    title: 'a command for another adapter',
    code: 'COMMAND_BUILD_MISMATCH',
    forge: (stand) => stand.command({ forge: { command: (value) => ({ ...value, adapter: 'another-adapter' }) } }),
  },
  {
    id: 'other-authorization',
    title: 'a command that names another authorization',
    code: 'COMMAND_PAYLOAD_MISMATCH',
    forge: (stand) =>
      stand.command({
        forge: { command: (value) => ({ ...value, authorization_digest: someDigest('another') }) },
      }),
  },
  {
    id: 'unauthorized-as-of',
    title: 'another as_of than the authorized one',
    code: 'COMMAND_PAYLOAD_MISMATCH',
    forge: (stand) =>
      stand.command({ forge: { command: (value) => ({ ...value, as_of: '2031-05-06T07:08:09.011Z' }) } }),
  },
  {
    id: 'untrusted-commander',
    title: 'a command signed by a key outside the tenant',
    code: 'COMMAND_SIGNER_UNTRUSTED',
    forge: (stand) =>
      stand.command(
        {},
        { ...stand.signers, orchestrator: { ...stand.strangers.orchestrator, tenant_id: stand.tenant } },
      ),
  },
  {
    id: 'wrong-role',
    title: 'a command signed by the gatekeeper',
    code: 'COMMAND_SIGNER_UNTRUSTED',
    forge: (stand) =>
      stand.command({}, { ...stand.signers, orchestrator: { ...stand.signers.gatekeeper, role: 'orchestrator' } }),
  },
  {
    id: 'untrusted-authorizer',
    title: 'an authorization signed by a key outside the tenant',
    code: 'COMMAND_SIGNER_UNTRUSTED',
    forge: (stand) =>
      stand.command({}, { ...stand.signers, gatekeeper: { ...stand.strangers.gatekeeper, tenant_id: stand.tenant } }),
  },
  {
    id: 'changed-after-signing',
    title: 'a command that was changed after it was signed',
    code: 'COMMAND_SIGNER_UNTRUSTED',
    forge: (stand) =>
      stand.command({
        forge: {
          item: (item) => ({
            ...item,
            command: { ...item.command, payload: item.command.payload.replace('"attempt":1', '"attempt":2') },
          }),
        },
      }),
  },
  {
    id: 'malformed-command',
    title: 'a signed command with a member too many',
    code: 'COMMAND_MALFORMED',
    forge: (stand) => stand.command({ forge: { command: (value) => ({ ...value, also: 1 }) } }),
  },
  {
    id: 'lease-over',
    title: 'a command whose lease is over',
    code: 'COMMAND_LEASE_EXPIRED',
    forge: (stand) => stand.command({ not_after: '2020-01-01T00:00:00.000Z' }),
  },
];

/** Commands that may not run (GT-05): each is refused by its own code, signed, and quotes the command. */
export const refusalChecks: readonly Check[] = rows.map(({ id, title, code, forge }) => ({
  id: `refuses-${id}`,
  title: `refuses ${title}`,
  run: (stand) => mustRefuse(stand, forge(stand), code, `was sent ${title}`),
}));
