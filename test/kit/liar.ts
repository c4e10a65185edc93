import { connect, type MsgHdrs, type NatsConnection, headers as newHeaders } from '@nats-io/transport-node';
import type { SignedItemWire } from '@orgo/contracts';
import { canonical, type JsonValue, signBatch } from '@orgo/core';
import type { Signer } from '@orgo/runtime/signer';
import { Overhearing } from './overhear.ts';

/** What a receiver says to a message: a row per item, or the fault it named. */
export type Said = { rows: { outcome: string; code: string | null }[] } | { fault: string };

/** A peer that reaches the bus as any other does, hears everything, and says whatever it likes. It holds no key but those a test gives it. */
export class Liar {
  readonly ear: Overhearing;
  readonly #nats: NatsConnection;

  private constructor(nats: NatsConnection, ear: Overhearing) {
    this.#nats = nats;
    this.ear = ear;
  }

  static async open(url: string): Promise<Liar> {
    const { username, password, host } = new URL(url);
    const nats = await connect({ servers: host, user: username, pass: decodeURIComponent(password) });
    return new Liar(nats, await Overhearing.open(url, 'orgo.v1.>'));
  }

  /** Says something and hears what its receiver answers. */
  async ask(subject: string, bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
    const answer = await this.#nats.request(subject, bytes, { timeout: 20_000, headers: headersOf(headers) });
    if (answer.data.length === 0) return { fault: answer.headers?.get('Orgo-Fault') ?? 'nothing' };
    return { rows: (answer.json() as { results: { outcome: string; code: string | null }[] }).results };
  }

  /** The answer to a question, as it is. */
  async hear(subject: string, bytes: Uint8Array): Promise<unknown> {
    return (await this.#nats.request(subject, bytes, { timeout: 20_000 })).json();
  }

  /** Says something that is answered elsewhere, or nowhere. */
  async say(subject: string, bytes: Uint8Array): Promise<void> {
    this.#nats.publish(subject, bytes);
    await this.#nats.flush();
  }

  async close(): Promise<void> {
    await this.ear.close();
    await this.#nats.close();
  }
}

const headersOf = (from: Readonly<Record<string, string>>): MsgHdrs => {
  const to = newHeaders();
  for (const [name, value] of Object.entries(from)) to.set(name, value);
  return to;
};

/** Keys that a liar may have got hold of. */
export type Stolen = {
  /** Whose word it would be. */
  rightful: Signer;
  /** In no root. */
  stranger: Signer;
  /** Of another stage of the same tenant. */
  thief: Signer;
  /** Of the same role in another tenant. */
  foreign: Signer;
};

/** What is wrong with a lie, in the order in which it is looked at. */
export type Fault = 'type' | 'role' | 'tenant' | 'path' | 'key' | 'signature' | 'form' | 'body';
export type Lie = { lie: string; fault: Fault; tell(truth: JsonValue, type: string, keys: Stolen): SignedItemWire };

type Name = Partial<Pick<Signer, 'role' | 'tenant_id' | 'key_id'>>;

/** Signs between two others, so that there is a path to lie about; `name` is what the signer calls itself. */
export function signAs(signer: Signer, type: string, value: JsonValue, name: Name = {}): SignedItemWire {
  const { role, tenant_id, key_id } = { ...signer, ...name };
  const others = ['"before"', '"after"'].map((payload) => ({ type, payload }));
  const items = [others[0], { type, payload: canonical(value) }, others[1]] as { type: string; payload: string }[];
  return signBatch(items, { role, tenant_id, key_id }, signer.sign)[1] as SignedItemWire;
}

const flipHex = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
const proof = (item: SignedItemWire, change: Partial<SignedItemWire['proof']>): SignedItemWire => ({
  ...item,
  proof: { ...item.proof, ...change },
});
const right = (value: JsonValue, type: string, keys: Stolen): SignedItemWire => signAs(keys.rightful, type, value);
const inName = ({ rightful }: Stolen): Name => ({ role: rightful.role, tenant_id: rightful.tenant_id });

/** Every lie about who says something, and in what form; each differs from the truth in that alone. */
export const signatureLies: readonly Lie[] = [
  {
    lie: 'a key of nobody, under its own id',
    fault: 'key',
    tell: (v, type, keys) => signAs(keys.stranger, type, v, inName(keys)),
  },
  {
    lie: 'a key of nobody, under the id of the right one',
    fault: 'signature',
    tell: (v, type, keys) => signAs(keys.stranger, type, v, { ...inName(keys), key_id: keys.rightful.key_id }),
  },
  {
    lie: 'the key of another stage, in the name of the right role',
    fault: 'key',
    tell: (v, type, keys) => signAs(keys.thief, type, v, inName(keys)),
  },
  {
    lie: 'the key of another stage, in its own name',
    fault: 'role',
    tell: (v, type, keys) => signAs(keys.thief, type, v),
  },
  {
    lie: 'the other tenant’s key, in the name of this tenant',
    fault: 'key',
    tell: (v, type, keys) => signAs(keys.foreign, type, v, inName(keys)),
  },
  {
    lie: 'the other tenant’s key, in its own name',
    fault: 'tenant',
    tell: (v, type, keys) => signAs(keys.foreign, type, v),
  },
  {
    lie: 'a word that was changed',
    fault: 'signature',
    tell(v, type, keys) {
      const item = right(v, type, keys);
      return { ...item, payload: item.payload.replace('"v":1', '"v":2') };
    },
  },
  {
    lie: 'a signature that was made for another kind',
    fault: 'signature',
    tell: (v, type, keys) => ({ ...right(v, 'application/vnd.orgo.other.v1+json', keys), type }),
  },
  {
    lie: 'another kind',
    fault: 'type',
    tell: (v, type, keys) => ({ ...right(v, type, keys), type: 'application/vnd.orgo.other.v1+json' }),
  },
  {
    lie: 'a flipped bit of the signature',
    fault: 'signature',
    tell(v, type, keys) {
      const item = right(v, type, keys);
      return proof(item, { sig: (item.proof.sig.startsWith('A') ? 'B' : 'A') + item.proof.sig.slice(1) });
    },
  },
  {
    lie: 'another step of the batch path',
    fault: 'signature',
    tell(v, type, keys) {
      const item = right(v, type, keys);
      return proof(item, { path: item.proof.path.map((hash, at) => (at === 0 ? flipHex(hash) : hash)) });
    },
  },
  {
    lie: 'a step of the batch path too many',
    fault: 'path',
    tell(v, type, keys) {
      const item = right(v, type, keys);
      return proof(item, { path: [...item.proof.path, '0'.repeat(64)] });
    },
  },
  {
    lie: 'a step of the batch path too few',
    fault: 'path',
    tell(v, type, keys) {
      const item = right(v, type, keys);
      return proof(item, { path: item.proof.path.slice(1) });
    },
  },
  {
    lie: 'the place of its neighbour in the batch',
    fault: 'signature',
    tell: (v, type, keys) => proof(right(v, type, keys), { index: 0 }),
  },
  {
    lie: 'a place beyond the batch',
    fault: 'path',
    tell: (v, type, keys) => proof(right(v, type, keys), { index: 3 }),
  },
  {
    lie: 'a larger batch',
    fault: 'signature',
    tell: (v, type, keys) => proof(right(v, type, keys), { size: 4 }),
  },
  { lie: 'no form, by the right key', fault: 'form', tell: (_, type, keys) => right({ v: 1 }, type, keys) },
  {
    lie: 'a member too many, by the right key',
    fault: 'form',
    tell: (v, type, keys) => right({ ...(v as object), more: true }, type, keys),
  },
  {
    lie: 'another tenant in its body, by the right key',
    fault: 'body',
    tell: (v, type, keys) => right({ ...(v as object), tenant_id: keys.foreign.tenant_id }, type, keys),
  },
];
