import { createPublicKey } from 'node:crypto';
import type { ReasonCode } from '@orgo/contracts';
import { toBase64 } from '@orgo/core';
import type { Root as TrustRoot } from '@orgo/core/trust-root';
import { Metadata, MetadataKind, type Root } from '@tufjs/models';
import { messageOf, NodeError, noAnswer } from './node-error.ts';
import type { NodeWorld } from './world.ts';

type Place = { api: string; tenant_id: string };

/** Roots a tenant's channels may have had, and how long one may be (what the TUF client allows). */
const maxRoots = 256;
const maxBytes = 512_000;

async function fetchRoot({ api, tenant_id }: Place, version: number, fetch: NodeWorld['fetch']) {
  const url = `${api}/v1/tenants/${tenant_id}/tuf/metadata/${version}.root.json`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (answer.status === 404) return null;
    if (!answer.ok || !answer.body) throw new Error(`HTTP ${answer.status} from ${url}`);
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of answer.body) {
      total += chunk.length;
      if (total > maxBytes) throw new NodeError('METADATA_INVALID', `the channel root is over ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return new Uint8Array(Buffer.concat(chunks));
  } catch (error) {
    throw noAnswer('channel root', error);
  }
}

function readRoot(bytes: Uint8Array): Metadata<Root> {
  try {
    return Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw new NodeError('METADATA_INVALID', `the channel root: ${messageOf(error)}`, { cause: error });
  }
}

/** A key of TUF metadata as a trust root would list it; null for one of no algorithm of ours. */
function materialOf(key: { keyType: string; keyVal: { public?: string } } | undefined): string | null {
  const text = key?.keyVal.public ?? '';
  if (key?.keyType === 'ed25519')
    return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex').toString('base64') : null;
  try {
    return toBase64(new Uint8Array(createPublicKey(text).export({ type: 'spki', format: 'der' })));
  } catch {
    return null;
  }
}

/** Null where a root of channels may be believed under a trust root; otherwise why not. */
function whyNot(root: Metadata<Root>, trust: TrustRoot): { code: ReasonCode; detail: string } | null {
  const trusted = new Set(trust.keysOf('tuf-root').map((key) => key.public));
  const role = root.signed.roles.root;
  const named = new Set((role?.keyIDs ?? []).map((id) => materialOf(root.signed.keys[id])));
  if (role === undefined || [...named].some((key) => key === null || !trusted.has(key)))
    return {
      code: 'KEY_NOT_TRUSTED_FOR_ROLE',
      detail: 'the channel root names root keys that the tenant’s trust root does not',
    };
  const wanted = trust.threshold('tuf-root');
  if (role.threshold < wanted || named.size < wanted)
    return { code: 'THRESHOLD_NOT_MET', detail: `the channel root wants fewer than ${wanted} of its keys` };
  try {
    // A root vouches for itself: its own root keys must have signed it.
    root.verifyDelegate('root', root);
    return null;
  } catch (error) {
    return { code: 'SIGNATURE_INVALID', detail: `the channel root: ${messageOf(error)}` };
  }
}

/**
 * The root of a tenant's channels from which a node begins: the newest one for which the trust root vouches. Older ones may be signed by keys that were
 * dropped since; newer ones, by keys that this trust root does not know yet, are followed from there by the rules of TUF.
 * @throws NodeError METADATA_INVALID, SIGNATURE_INVALID, THRESHOLD_NOT_MET or KEY_NOT_TRUSTED_FOR_ROLE where there is none;
 * TENANT_NOT_FOUND, SERVICE_UNAVAILABLE
 */
export async function findChannelRoot(place: Place, trust: TrustRoot, fetch: NodeWorld['fetch']): Promise<Uint8Array> {
  let found: Uint8Array | null = null;
  let refused: ReturnType<typeof whyNot> = null;
  for (let version = 1; version <= maxRoots; version++) {
    const bytes = await fetchRoot(place, version, fetch);
    if (bytes === null) break;
    const root = readRoot(bytes);
    if (root.signed.version !== version) break;
    const no = whyNot(root, trust);
    if (no === null) found = bytes;
    else refused = no;
  }
  if (found !== null) return found;
  if (refused !== null) throw new NodeError(refused.code, refused.detail);
  throw new NodeError('TENANT_NOT_FOUND', `${place.api} has no channels of ${place.tenant_id}`);
}
