import { readFileSync } from 'node:fs';
import { parsePolicy, type TlogPolicy } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';

/** The witnesses of a C2SP tlog-policy file; null where no file is named. @throws Refused CONFIG_INVALID, INPUT_UNREADABLE */
export function readPolicy(file: string | undefined): TlogPolicy | null {
  if (file === undefined) return null;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Refused('CONFIG_INVALID', { detail: `ORGO_WITNESS_POLICY: ${file} cannot be read`, cause });
  }
  const policy = parsePolicy(text);
  if (!policy.ok) throw Refused.from(policy);
  return policy.value;
}
