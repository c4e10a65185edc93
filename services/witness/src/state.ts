import { join } from 'node:path';
import { type Checkpoint, fromUtf8, type NoteKey, parseCheckpoint, sha256Hex, verifyCosignatures } from '@orgo/core';
import { readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';

/** What a witness has seen: per log the newest checkpoint that it cosigned, as it cosigned it. */
export type State = {
  /** @throws Breach CHECKPOINT_SIGNATURE_INVALID when the file is not what this witness wrote: it cosigns nothing of that log then */
  seen(origin: string): Promise<Checkpoint | null>;
  /** Durable on return. */
  remember(origin: string, cosigned: string): Promise<void>;
};

export function openState(dir: string, key: NoteKey): State {
  const fileOf = (origin: string): string => join(dir, 'seen', sha256Hex(origin));
  return {
    async seen(origin) {
      const bytes = await readFileIfAny(fileOf(origin));
      if (bytes === undefined) return null;
      const text = fromUtf8(bytes);
      const mine = text.ok ? verifyCosignatures(text.value, [key], verifySignature) : text;
      const body = text.ok ? text.value.slice(0, text.value.lastIndexOf('\n\n') + 1) : '';
      const checkpoint = parseCheckpoint(body);
      if (!mine.ok || mine.value.length === 0 || !checkpoint.ok || checkpoint.value.origin !== origin)
        throw new Breach('CHECKPOINT_SIGNATURE_INVALID', `${fileOf(origin)} is not what this witness wrote`);
      return checkpoint.value;
    },
    // crash: if we die in it, the old checkpoint stands and nobody has the cosignature: the log asks again
    remember: (origin, cosigned) => replaceFile(fileOf(origin), cosigned, 0o600),
  };
}
