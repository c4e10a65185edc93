import koffi from 'koffi';

// PKCS #11 v2.40: the functions of CK_FUNCTION_LIST that are used here, by their places in it, and what they are given.
const signatures = {
  C_Initialize: [0, ['void *']],
  C_GetSlotList: [4, ['uint8_t', 'void *', 'void *']],
  C_GetTokenInfo: [6, ['ulong', 'void *']],
  C_OpenSession: [12, ['ulong', 'ulong', 'void *', 'void *', 'void *']],
  C_Login: [18, ['ulong', 'ulong', 'void *', 'ulong']],
  C_GetAttributeValue: [24, ['ulong', 'ulong', 'void *', 'ulong']],
  C_FindObjectsInit: [26, ['ulong', 'void *', 'ulong']],
  C_FindObjects: [27, ['ulong', 'void *', 'ulong', 'void *']],
  C_FindObjectsFinal: [28, ['ulong']],
  C_SignInit: [42, ['ulong', 'void *', 'ulong']],
  C_Sign: [43, ['ulong', 'void *', 'ulong', 'void *', 'void *']],
  C_GenerateKeyPair: [59, ['ulong', 'void *', 'void *', 'ulong', 'void *', 'ulong', 'void *', 'void *']],
} as const satisfies Record<string, readonly [number, readonly string[]]>;
export type CryptokiFunction = keyof typeof signatures;
const functionCount = 68;

/** A call that the module refused, with its return value (CKR_…). */
export class CryptokiError extends Error {
  readonly value: number;
  constructor(name: string, value: number) {
    super(`${name} gave 0x${value.toString(16)}`);
    this.value = value;
  }
}

/** Calls a function of the module. Numbers and buffers are given as they are; what it refuses throws, but for the values named. */
export type Call = (name: CryptokiFunction, args: readonly unknown[], accepted?: readonly number[]) => number;

/** Loads a PKCS #11 module into this process. @throws Error where it is none */
export function loadModule(path: string): Call {
  const list: unknown[] = [null];
  const get = koffi.load(path).func('C_GetFunctionList', 'ulong', [koffi.out(koffi.pointer('void *', 2))]);
  const got = Number(get(list));
  if (got !== 0) throw new CryptokiError('C_GetFunctionList', got);
  // A version of two bytes, then the functions, aligned as pointers are.
  const functions = koffi.decode(list[0], 8, koffi.array('void *', functionCount)) as unknown[];
  const protos = new Map(
    Object.entries(signatures).map(([name, [place, args]]) => [
      name,
      { pointer: functions[place], proto: koffi.proto(name, 'ulong', [...args]) },
    ]),
  );
  return (name, args, accepted = []) => {
    const { pointer, proto } = protos.get(name) as { pointer: unknown; proto: unknown };
    const value = Number(koffi.call(pointer, proto as never, ...args));
    if (value !== 0 && !accepted.includes(value)) throw new CryptokiError(name, value);
    return value;
  };
}

/** A CK_ULONG of a 64-bit Unix. */
export const ulong = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
export const readUlong = (bytes: Buffer, at = 0): number => Number(bytes.readBigUInt64LE(at));

/** Values whose addresses the module was given: the collector must not take them while it may read or write them. */
let lent: Buffer[] = [];
/** What was lent for earlier calls may go. */
export const takeBack = (): void => {
  lent = [];
};

/** An array of CK_ATTRIBUTE, or a CK_MECHANISM: a number, an address, a length each. The values are lent until `takeBack`. */
export const template = (entries: readonly (readonly [type: number, value: Buffer])[]): Buffer =>
  Buffer.concat(
    entries.map(([type, value]) => {
      lent.push(value);
      const entry = Buffer.alloc(24);
      entry.writeBigUInt64LE(BigInt(type));
      entry.writeBigUInt64LE(value.length === 0 ? 0n : BigInt(koffi.address(value) as bigint), 8);
      entry.writeBigUInt64LE(BigInt(value.length), 16);
      return entry;
    }),
  );
/** The length that C_GetAttributeValue wrote into entry `at`. */
export const lengthIn = (entries: Buffer, at = 0): number => readUlong(entries, at * 24 + 16);
