import { z } from 'zod';

/**
 * Identifiers and primitives that every message and record shares.
 * Authority-bearing names are ASCII only, so that no look-alike can stand for another (integrity list 12, 79).
 */

/** Isolation key. It is a token of every subject and every primary key, never part of a content id (TN-04). */
export const tenantIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,30}$/)
  .meta({ id: 'TenantId', description: 'Isolation key: lowercase ASCII letters, digits and dashes' });
export type TenantId = z.infer<typeof tenantIdSchema>;

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** A build: minted once at admission, constant across stages and retries (OB-03). */
export const buildIdSchema = z
  .string()
  .regex(new RegExp(`^bld_${uuid}$`))
  .meta({ id: 'BuildId' });
/** A release of one sealed, COMPLETED build. */
export const releaseIdSchema = z
  .string()
  .regex(new RegExp(`^rel_${uuid}$`))
  .meta({ id: 'ReleaseId' });
/** A Case opened for a person. */
export const caseIdSchema = z
  .string()
  .regex(new RegExp(`^case_${uuid}$`))
  .meta({ id: 'CaseId' });
/** What a gate decides about: a build, a release, a trust root, or a change of a channel. */
export const subjectIdSchema = z
  .string()
  .regex(new RegExp(`^(bld|rel|root|chg)_${uuid}$`))
  .meta({ id: 'SubjectId' });

/** Stage, adapter, channel, role and node names. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)
  .meta({ id: 'Name', description: 'ASCII name: lowercase letters, digits, dot, dash, underscore' });

/** Content id: SHA-256 over the stored bytes, `sha256:` and 64 lowercase hex digits (BR-03, IN-13). */
export const digestSchema = z
  .templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)])
  .meta({ id: 'Digest', description: 'sha256: and 64 lowercase hex digits over the stored bytes' });
export type Digest = `sha256:${string}`;

/** 64 lowercase hex digits, for hashes inside proofs. */
export const hex64Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Hex64' });

/** RFC 3339 in UTC with milliseconds, as the database clock gives it. */
export const timeSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .meta({ id: 'Time', description: 'RFC 3339, UTC, milliseconds' });

/** W3C trace context of the span that caused a message; kept in the body because a server may alter headers. */
export const traceparentSchema = z
  .string()
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
  .meta({ id: 'Traceparent' });

/** A content-addressed artifact: what it is, where its bytes are, how many there are. */
export const artifactRefSchema = z
  .strictObject({
    kind: nameSchema,
    ref: digestSchema,
    media_type: z.string().min(1).max(127),
    size: z.int().min(0),
  })
  .meta({ id: 'ArtifactRef' });
export type ArtifactRef = { kind: string; ref: Digest; media_type: string; size: number };
