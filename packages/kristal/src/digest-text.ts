import { z } from 'zod';

const hex64 = '[0-9a-f]{64}';

/** A content id as a Kristal document writes it: `sha256:` and 64 lowercase hex digits. */
export const DigestTextSchema = z.string().regex(new RegExp(`^sha256:${hex64}$`));

/** The 64 lowercase hex digits alone, where a document names the hash beside them or needs none. */
export const Hex64Schema = z.string().regex(new RegExp(`^${hex64}$`));
