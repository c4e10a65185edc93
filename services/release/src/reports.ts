import { dsseEnvelopeSchema, type NodeReport, nodeReportSchema, payloadTypes } from '@orgo/contracts';
import { type DsseEnvelope, digestOfBytes, type JsonValue, parseStrict, sha256Hex, verifyDsse } from '@orgo/core';
import { Fault, Refused } from '@orgo/runtime/errors';
import { collect } from '@orgo/runtime/http';
import { verifySignature } from '@orgo/runtime/signer';
import type { Turns } from '@orgo/store/turns';
import type { Identity, NodeInput, NodeState } from './domain/index.ts';
import type { Nonces } from './nonces.ts';
import type { Reads } from './reads.ts';

export type ReportDeps = { nodes: Turns<NodeInput>; reads: Reads; nonces: Nonces };

/** A report has some 800 bytes; its claim must fit into a log entry. */
const maxReportBytes = 16_384;

const malformed = (why: string): Refused => new Refused('REPORT_MALFORMED', why);

type Enrolled = NodeState & { identity: Identity };

/** @throws Refused NODE_NOT_FOUND for every node that is not enrolled, whatever the reason */
async function enrolledNode(reads: Reads, tenant: string, instance: string): Promise<Enrolled> {
  const node = await reads.node(tenant, instance);
  if (node?.phase !== 'ENROLLED' || node.identity === null)
    throw new Refused('NODE_NOT_FOUND', 'no such node is visible');
  return node as Enrolled;
}

/** A nonce for the node's next report. @throws Refused NODE_NOT_FOUND */
export async function getNonce({ reads, nonces }: ReportDeps, tenant: string, instance: string): Promise<string> {
  await enrolledNode(reads, tenant, instance);
  return nonces.mint(tenant, instance);
}

function readEnvelope(bytes: Uint8Array): { json: JsonValue; envelope: DsseEnvelope } {
  const json = parseStrict(bytes);
  if (!json.ok) throw Refused.from(json);
  const envelope = dsseEnvelopeSchema.safeParse(json.value);
  if (!envelope.success) throw malformed('not a DSSE envelope');
  return { json: json.value, envelope: envelope.data };
}

/** The report under a signature of the enrolled key. What is not signed by the node is worth no claim: the door is open to anyone. */
function readReport(envelope: DsseEnvelope, { identity }: Enrolled): { report: NodeReport; payload: Uint8Array } {
  const { key_id: keyid, public_key } = identity;
  const signed = verifyDsse(envelope, {
    payloadType: payloadTypes.nodeReport,
    keys: [{ keyid, alg: 'ed25519', public: public_key }],
    threshold: 1,
    verify: verifySignature,
  });
  if (!signed.ok) throw Refused.from(signed);
  const { payload } = signed.value;
  const json = parseStrict(payload);
  const report = nodeReportSchema.safeParse(json.ok ? json.value : undefined);
  if (!report.success) throw malformed(report.error.issues[0]?.message ?? 'not a report');
  return { report: report.data, payload };
}

/**
 * Takes a node's report: of the right form, signed by the enrolled key, under a nonce that was given to it. Returns when the claim that
 * carries it to the gatekeeper is durable; who judges it is the gatekeeper. The same report again is taken again and counts once.
 * @throws Refused ARTIFACT_TOO_LARGE, JSON_…, REPORT_MALFORMED, SIGNATURE_INVALID and other codes of `verifyDsse`, REPORT_REPLAYED,
 * NODE_NOT_FOUND; Fault when nothing is known to have happened
 */
export async function takeReport(
  deps: ReportDeps,
  of: { tenant: string; instance: string; body: AsyncIterable<Uint8Array>; traceparent: string | null },
): Promise<void> {
  const { tenant: tenant_id, instance: instance_id, traceparent } = of;
  const node = await enrolledNode(deps.reads, tenant_id, instance_id);
  const { json, envelope } = readEnvelope(await collect(of.body, maxReportBytes));
  const { report, payload } = readReport(envelope, node);
  if (report.tenant_id !== tenant_id || report.instance_id !== instance_id)
    throw malformed('the report speaks of another tenant or node');
  const { nonce, release_id } = report;
  if (!(await deps.nonces.take(tenant_id, instance_id, nonce, digestOfBytes(payload))))
    throw new Refused(
      'REPORT_REPLAYED',
      'the nonce was not given to this node, is over, was used, or is older than one that was used',
    );
  const input: NodeInput = { type: 'report', tenant_id, instance_id, release_id, nonce, envelope: json };
  const message_id = `report:${sha256Hex(`${tenant_id} ${instance_id} ${nonce}`)}`;
  const [result] = await deps.nodes.take([{ message_id, input, traceparent }]);
  if (result?.outcome === 'refused') throw new Refused(result.code ?? 'REPORT_NOT_ENROLLED', 'the report is not taken');
  if (result === undefined || result.outcome === 'later')
    throw new Fault(result?.code ?? 'STATE_CONFLICT', 'the report is not kept yet; send it again');
}
