import { breach, fault, forbidden, type ReasonRow, refusal } from './row.ts';

/** Keys, signatures, proofs and trust roots (IN-05, integrity list 21 to 32 and 69, 70, 88). */
export const trustReasons = {
  SIGNATURE_INVALID: forbidden(
    'A signature does not verify',
    'Look who sent it; the bytes or the key are not what they claim.',
  ),
  SIGNATURE_MISSING: forbidden(
    'A required signature is absent',
    'Sign it with a key of the role the trust root lists.',
  ),
  KEY_UNKNOWN: forbidden(
    'The key is in no role of the tenant’s trust root',
    'Add the key by a new root version, or find out who used it.',
  ),
  KEY_NOT_TRUSTED_FOR_ROLE: forbidden(
    'The key is known, but not for this role or tenant',
    'Use the key of the role; never share keys between roles.',
  ),
  PAYLOAD_TYPE_MISMATCH: forbidden('Signed as another kind of payload', 'Send the object under its own payload type.'),
  THRESHOLD_NOT_MET: forbidden('Fewer distinct keys signed than the role demands', 'Collect more signatures.'),
  ALG_MISMATCH: forbidden(
    'A key that is not of the algorithm its root lists',
    'Publish a root that lists the key as what it is.',
  ),
  TRUST_ROOT_MISSING: refusal(
    'No trust root to verify against',
    'Pass --root FILE, or verify in a home that pins the tenant’s root.',
  ),
  TRUST_ROOT_INVALID: breach(
    'The trust root is malformed or not what the pin names',
    'Restore the pinned root; do not edit it.',
  ),
  TRUST_ROOT_EXPIRED: refusal('The trust root is past its expiry', 'Publish the next root version.'),
  ROOT_VERSION_GAP: breach(
    'A trust root is not the version that comes next',
    'Put back the version that is missing: roots are taken one by one.',
  ),
  ROOT_CONTINUITY_FAILED: breach(
    'A trust root is not signed by enough root keys of the version before and of its own',
    'Sign it with the old and the new root keys; find out who wrote it if you did not.',
  ),
  KEY_REVOKED: forbidden(
    'The key was dropped from its role, and what it signed is not in the log below that',
    'Sign with the role’s present key; see `orgo trust show`.',
  ),
  ROOT_VERSION_UNKNOWN: fault(
    'A message needs a root version this process has not got',
    'Wait for the root to arrive, or publish it.',
  ),
  PROOF_INVALID: breach(
    'A Merkle proof does not lead to its root',
    'Run `orgo audit fsck`; somebody changed an entry or a proof.',
  ),
  CHECKPOINT_MALFORMED: breach(
    'A checkpoint is not a signed note of the expected form',
    'Fetch the checkpoint again; run `orgo audit fsck`.',
  ),
  CHECKPOINT_SIGNATURE_INVALID: breach(
    'A checkpoint’s signature by a known log key fails',
    'Treat the log as compromised until explained.',
  ),
  SIGNER_UNAVAILABLE: fault('The signing key cannot be used now', 'Check the keyring; nothing is ever sent unsigned.'),
} as const satisfies Record<string, ReasonRow>;
