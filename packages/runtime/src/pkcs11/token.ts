import { createHash, randomBytes } from 'node:crypto';
import { type Call, lengthIn, loadModule, readUlong, takeBack, template, ulong } from './cryptoki.ts';

// Numbers of PKCS #11 v2.40 and, for Edwards curves, v3.0.
const cko = { public: 2, private: 3 } as const;
const cka = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const;
const ckr = { ok: 0, userAlreadyLoggedIn: 0x100, alreadyInitialized: 0x191 } as const;
const ckuUser = 1;
const rwSession = 0x2 | 0x4;
const labelBytes = 32;

export type TokenAlg = 'ed25519' | 'ecdsa-p256-sha256';
const algs = {
  'ecdsa-p256-sha256': {
    keyType: 0x3,
    generate: 0x1040,
    sign: 0x1041,
    params: Buffer.from('06082a8648ce3d030107', 'hex'),
    pointBytes: 65,
    prefix: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
  },
  ed25519: {
    keyType: 0x40,
    generate: 0x1055,
    sign: 0x1057,
    params: Buffer.from('130c656477617264733235353139', 'hex'),
    pointBytes: 32,
    prefix: Buffer.alloc(0),
  },
} as const;

/** A key pair of a token: its CKA_ID, and the public half as trust roots hold it (raw Ed25519, or SPKI DER), in base64. */
export type TokenKey = { id: string; alg: TokenAlg; public: string };
export type Token = {
  /** The pairs of a label. */
  list(label: string): TokenKey[];
  /** Makes a pair whose private half never leaves the token. */
  create(label: string, alg: TokenAlg): TokenKey;
  /** Ed25519 over the message, or ECDSA over its SHA-256; raw `r || s`. */
  sign(label: string, key: Pick<TokenKey, 'id' | 'alg'>, message: Uint8Array): Uint8Array;
};

const yes = Buffer.from([1]);
const no = Buffer.from([0]);
type Template = (readonly [number, Buffer])[];

/** The slot whose token has the label. */
function slotOf(call: Call, label: string): number {
  const count = ulong(0);
  call('C_GetSlotList', [1, null, count]);
  const slots = Buffer.alloc(8 * readUlong(count));
  call('C_GetSlotList', [1, slots, count]);
  for (let at = 0; at < readUlong(count); at++) {
    const info = Buffer.alloc(1024);
    const slot = readUlong(slots, at * 8);
    call('C_GetTokenInfo', [slot, info]);
    if (info.subarray(0, labelBytes).toString('utf8').trimEnd() === label) return slot;
  }
  throw new Error(`no token ${label}`);
}

/**
 * Opens a token of a module in this process and logs in. Calls block for as long as the device takes, so this belongs into a process of its own.
 * @throws Error with the function and what it gave
 */
export function openToken(options: { module: string; token: string; pin: string }): Token {
  const call = loadModule(options.module);
  call('C_Initialize', [null], [ckr.alreadyInitialized]);
  const opened = ulong(0);
  call('C_OpenSession', [slotOf(call, options.token), rwSession, null, null, opened]);
  const session = readUlong(opened);
  const pin = Buffer.from(options.pin, 'utf8');
  call('C_Login', [session, ckuUser, pin, pin.length], [ckr.userAlreadyLoggedIn]);

  const find = (wanted: Template): number[] => {
    const found: number[] = [];
    call('C_FindObjectsInit', [session, template(wanted), wanted.length]);
    try {
      const [handle, count] = [ulong(0), ulong(1)];
      for (;;) {
        call('C_FindObjects', [session, handle, 1, count]);
        if (readUlong(count) === 0) return found;
        found.push(readUlong(handle));
      }
    } finally {
      call('C_FindObjectsFinal', [session]);
    }
  };
  const read = (object: number, type: number): Buffer => {
    const asked = template([[type, Buffer.alloc(0)]]);
    call('C_GetAttributeValue', [session, object, asked, 1]);
    const value = Buffer.alloc(lengthIn(asked));
    const filled = template([[type, value]]);
    call('C_GetAttributeValue', [session, object, filled, 1]);
    return value;
  };
  const named = (kind: keyof typeof cko, label: string): Template => [
    [cka.class, ulong(cko[kind])],
    [cka.label, Buffer.from(label, 'utf8')],
  ];

  const keyOf = (object: number): TokenKey | null => {
    const type = readUlong(read(object, cka.keyType));
    const alg = (Object.keys(algs) as TokenAlg[]).find((name) => algs[name].keyType === type);
    if (alg === undefined) return null;
    const { pointBytes, prefix } = algs[alg];
    // A DER octet string by the standard; some modules give the bare point.
    const point = read(object, cka.ecPoint).subarray(-pointBytes);
    const material = Buffer.concat([prefix, point]).toString('base64');
    return { id: read(object, cka.id).toString('hex'), alg, public: material };
  };

  return {
    list(label) {
      takeBack();
      return find(named('public', label)).flatMap((object) => keyOf(object) ?? []);
    },
    create(label, alg) {
      takeBack();
      const { generate, params } = algs[alg];
      const id = randomBytes(16);
      const both: Template = [
        [cka.token, yes],
        [cka.label, Buffer.from(label, 'utf8')],
        [cka.id, id],
      ];
      const publicHalf: Template = [...both, [cka.verify, yes], [cka.ecParams, params]];
      const privateHalf: Template = [
        ...both,
        [cka.private, yes],
        [cka.sensitive, yes],
        [cka.extractable, no],
        [cka.sign, yes],
      ];
      const [publicHandle, privateHandle] = [ulong(0), ulong(0)];
      call('C_GenerateKeyPair', [
        session,
        template([[generate, Buffer.alloc(0)]]),
        template(publicHalf),
        publicHalf.length,
        template(privateHalf),
        privateHalf.length,
        publicHandle,
        privateHandle,
      ]);
      return keyOf(readUlong(publicHandle)) as TokenKey;
    },
    sign(label, { id, alg }, message) {
      takeBack();
      const [object] = find([...named('private', label), [cka.id, Buffer.from(id, 'hex')]]);
      if (object === undefined) throw new Error(`no private key ${id} of ${label}`);
      const data = alg === 'ed25519' ? Buffer.from(message) : createHash('sha256').update(message).digest();
      call('C_SignInit', [session, template([[algs[alg].sign, Buffer.alloc(0)]]), object]);
      const [signature, length] = [Buffer.alloc(64), ulong(64)];
      call('C_Sign', [session, data, data.length, signature, length]);
      if (readUlong(length) !== 64) throw new Error('C_Sign gave no signature of 64 bytes');
      return new Uint8Array(signature);
    },
  };
}
