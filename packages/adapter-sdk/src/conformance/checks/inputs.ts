import fs from 'node:fs';
import path from 'node:path';
import type { ArtifactRef } from '@orgo/contracts';
import { digestHex, digestOfBytes, utf8 } from '@orgo/core';
import { type Check, must, NotApplicable } from '../check.ts';
import type { Stand } from '../stand.ts';

/** Artifacts that hold a case's inputs and a line of their own, so that nobody has read them before. */
const fresh = async (stand: Stand, mark: string): Promise<ArtifactRef[]> => {
  if (stand.inputs.length === 0) throw new NotApplicable('the case has no inputs');
  return Promise.all(
    stand.work.inputs.map(({ kind, media_type, bytes }) =>
      stand.artifacts.put(stand.tenant, kind, media_type, Buffer.concat([bytes, utf8(`\n${mark}`)])),
    ),
  );
};

const fileOf = (stand: Stand, { ref }: ArtifactRef): string => {
  const hex = digestHex(ref as `sha256:${string}`);
  return path.join(stand.artifactsDir, 'sha256', hex.slice(0, 2), hex);
};

const mustNotWork = async (stand: Stand, inputs: ArtifactRef[], codes: readonly string[], what: string) => {
  const reply = await stand.ask({ inputs });
  const said = `${reply.status} ${reply.reason_codes.join(' ')}: ${reply.detail}`;
  must(reply.status !== 'ok', codes[0] as 'HASH_MISMATCH', `${what}, and the answer is ok`);
  must(
    codes.includes(reply.reason_codes[0] ?? ''),
    codes[0] as 'HASH_MISMATCH',
    `${what}; the answer is ${said} in place of ${codes.join(' or ')}`,
  );
};

/** Inputs that are not what the command says. */
export const inputChecks: readonly Check[] = [
  {
    id: 'flipped-input',
    title: 'reads no input of which a byte was flipped',
    async run(stand) {
      const inputs = await fresh(stand, 'flipped');
      for (const input of inputs) {
        const file = fileOf(stand, input);
        const bytes = fs.readFileSync(file);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        // The damage is done as a disk would do it: in place.
        fs.chmodSync(file, 0o600);
        fs.writeFileSync(file, bytes);
      }
      await mustNotWork(stand, inputs, ['HASH_MISMATCH'], 'one byte of each input was flipped in the store');
    },
  },
  {
    id: 'other-size',
    title: 'reads no input of another size than the command says',
    async run(stand) {
      const inputs = (await fresh(stand, 'sized')).map((input) => ({ ...input, size: input.size + 1 }));
      await mustNotWork(stand, inputs, ['SIZE_MISMATCH', 'HASH_MISMATCH'], 'each input is said to be one byte longer');
    },
  },
  {
    id: 'absent-input',
    title: 'says which input is absent',
    async run(stand) {
      if (stand.inputs.length === 0) throw new NotApplicable('the case has no inputs');
      const inputs = stand.inputs.map((input, i) => ({ ...input, ref: digestOfBytes(utf8(`absent ${i}`)) }));
      await mustNotWork(stand, inputs, ['ARTIFACT_NOT_FOUND'], 'no input is in the store');
    },
  },
];
