import type { Root } from '@orgo/core/trust-root';

/** What is known of who signed, where it is no gatekeeper: the word for a refusal, and nothing else. */
export function codeOfSigner(
  keyids: readonly string[],
  root: Root,
): 'KEY_REVOKED' | 'KEY_NOT_TRUSTED_FOR_ROLE' | 'KEY_UNKNOWN' {
  if (keyids.some((keyid) => root.history?.dropped('gatekeeper', keyid) ?? false)) return 'KEY_REVOKED';
  const listed = new Set(root.roles.flatMap((role) => root.keysOf(role).map((key) => key.keyid)));
  return keyids.some((keyid) => listed.has(keyid)) ? 'KEY_NOT_TRUSTED_FOR_ROLE' : 'KEY_UNKNOWN';
}
