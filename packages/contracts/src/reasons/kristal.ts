import { breach, type ReasonRow, refusal, usage } from './row.ts';

/** Kristal artifacts: packs and their query contract. Validation issue codes (KRS_V3_…) are the report's own vocabulary. */
export const kristalReasons = {
  FILE_MISSING: breach('A file of the pack manifest is absent', 'Fetch the pack again.'),
  FILE_UNDECLARED: breach('A file that the pack manifest does not name', 'Fetch the pack again.'),
  FILE_HASH_MISMATCH: breach('A pack file whose bytes differ from the manifest', 'Fetch the pack again.'),
  FILE_SIZE_MISMATCH: breach('A pack file whose size differs from the manifest', 'Fetch the pack again.'),
  PATH_UNSAFE: breach('A path that leaves its folder or collides', 'Drop the pack; look who made it.'),
  MANIFEST_SCHEMA_INVALID: breach('A pack manifest that does not match its contract', 'Drop the pack.'),
  MANIFEST_ID_MISMATCH: breach('A pack id that is not the digest of its projection', 'Drop the pack.'),
  EXCHANGE_ID_MISMATCH: breach('A kristal_id that is not the digest of its Exchange', 'Drop the Exchange.'),
  EXCHANGE_SCHEMA_INVALID: breach('An Exchange that does not match its contract', 'Drop the Exchange.'),
  EXCHANGE_MANIFEST_MISMATCH: breach(
    'An Exchange manifest that does not belong to its Exchange',
    'Drop both; look who made them.',
  ),
  SCHEMA_OFFICIAL_MISMATCH: refusal(
    'An output that matches our contract and not the official schema of its kind',
    'The detail names path and keyword; compare the schema in KRISTAL_SCHEMA_DIR with what the stage writes.',
  ),
  SCHEMA_SET_INVALID: usage(
    'A folder of official schemas that cannot be used',
    'The detail names the file: only .json schemas of draft 2020-12 that need nothing outside their folder.',
  ),
  SCHEMA_SET_MISMATCH: refusal(
    'Other official schemas than those that are pinned',
    'Compare KRISTAL_SCHEMA_DIGEST, the mandate’s rule, and the set that the build was admitted under.',
  ),
  SCHEMA_SET_MISSING: refusal(
    'Official schemas are demanded and the gatekeeper does not have them',
    'Set KRISTAL_SCHEMA_DIR and KRISTAL_SCHEMA_DIGEST for the gatekeeper, or change the mandate.',
  ),
  PACK_POLICY_UNSUPPORTED: refusal(
    'A pack policy that the compiler cannot honour or the manifest cannot say',
    'Change the pack policy of the mandate.',
  ),
  PACK_QUERY_INVALID: usage('A query the contract does not know', 'One triple pattern: any of s, p, o bound.'),
  PACK_CURSOR_INVALID: usage('A cursor of another pack or query', 'Start the query again.'),
  PACK_PAGE_TOO_LARGE: usage('A page over the declared maximum', 'Ask for fewer rows.'),
  PACK_FEATURE_UNSUPPORTED: usage(
    'A projection, shape or paging mode the pack does not offer',
    'See query/capabilities.json.',
  ),
  PACK_INDEX_INVALID: breach(
    'An index or filter of a pack that is malformed or contradicts its tables',
    'Drop the pack; look who made it.',
  ),
} as const satisfies Record<string, ReasonRow>;
