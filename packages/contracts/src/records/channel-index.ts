import { z } from 'zod';
import { digestSchema, hex64Schema, nameSchema, releaseIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { dsseEnvelopeSchema } from './trust-root.ts';

/**
 * Whom a cohort takes, as a node can judge it about itself. `hash` takes the nodes whose `sha256(release_id|instance_id)` is at most `through`
 * (RR-23): the server freezes the order and names the last one that fits.
 */
export const cohortSelectorSchema = z
  .discriminatedUnion('by', [
    z.strictObject({ by: z.literal('all') }),
    z.strictObject({ by: z.literal('ids'), ids: z.array(nameSchema).min(1).max(4096) }),
    z.strictObject({ by: z.literal('labels'), labels: z.record(nameSchema, z.string().max(64)) }),
    z.strictObject({ by: z.literal('hash'), through: hex64Schema }),
  ])
  .meta({ id: 'CohortSelector' });
export type CohortSelector = z.infer<typeof cohortSelectorSchema>;

/** A cohort whose turn has come. Who enrolled after `enrolled_through` is a late joiner and waits for the tail. */
export const openCohortSchema = z.strictObject({
  selector: cohortSelectorSchema,
  enrolled_through: z.int().min(0).meta({ description: 'Highest enrollment number the frozen membership knows' }),
});
export type OpenCohort = z.infer<typeof openCohortSchema>;

/**
 * A pack in its channel. `release_seq` is the offer's place in the channel's one order (C-12) and always grows; `pack_seq` is the number under which
 * this pack first came to the channel and never changes. An offer whose `pack_seq` is below what a node has activated is a rollback.
 */
export const offerSchema = z
  .strictObject({
    release_id: releaseIdSchema,
    release_seq: z.int().min(1),
    pack_seq: z.int().min(1),
    pack_id: hex64Schema,
    kristal_id: digestSchema,
    manifest: digestSchema,
    manifest_size: z.int().min(1),
  })
  .meta({ id: 'Offer' });
export type Offer = z.infer<typeof offerSchema>;

/**
 * What a channel says to its nodes: a target of the channel's own TUF role, so length, hash, version and expiry are TUF's. It is the whole control surface (RO-11):
 * nothing that a node does follows from anything else.
 */
export const channelIndexSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    channel: nameSchema,
    index_seq: z.int().min(1).meta({ description: 'Grows by one with every change of the channel' }),
    current: offerSchema.nullable().meta({ description: 'What every node of the channel runs that no cohort takes' }),
    candidate: z
      .strictObject({
        offer: offerSchema,
        cohorts: z.array(openCohortSchema).max(64),
        prefetch: z
          .boolean()
          .meta({ description: 'Every node brings and verifies the pack; being brought activates nothing (RR-17)' }),
      })
      .nullable(),
    floor: z.strictObject({ pack_seq: z.int().min(0) }).meta({ description: 'Nothing below is activated, ever' }),
    revoked_packs: z.array(hex64Schema).max(4096),
    frozen: z.boolean().meta({ description: 'No promotion while true; rollbacks go on' }),
    rollback: dsseEnvelopeSchema.nullable().meta({
      description: 'The gatekeeper’s authorization, where `current` is an older pack than was offered before',
    }),
  })
  .meta({ id: 'ChannelIndex' });
export type ChannelIndex = z.infer<typeof channelIndexSchema>;

/** Name of the target that is a channel's index. */
export const channelIndexPath = (channel: string): string => `${channel}/channel.json`;
/** Name of the target that is the manifest of a pack the channel offers. */
export const packManifestPath = (channel: string, packId: string): string => `${channel}/${packId}.pack-manifest.json`;

/**
 * Name of the target that is the gatekeeper's authorization of a release: its sealed RELEASE decision, as it lies in the tenant's log, with the proof of
 * its place there. A node takes no pack that it does not name.
 */
export const authorizationPath = (channel: string, releaseId: string): string =>
  `${channel}/${releaseId}.authorization.json`;

/**
 * Name of the target that is a version of the tenant's trust root from the second on: how nodes hear of rotated and revoked keys. It is believed
 * for its chain from the fingerprint a node was given, not for where it came from.
 */
export const trustRootPath = (version: number): string => `trust/${version}.root.json`;
/** Name of the target that is a trust root's entry in the log: by its place nodes judge what the keys that it dropped had signed before. */
export const trustSealPath = (version: number): string => `trust/${version}.sealed.json`;

/** What made a rollback be asked for. */
export const rollbackTriggers = ['analysis', 'integrity', 'deadline', 'operator', 'emergency', 'drill'] as const;
/** How its target was chosen: the pack an operator or the release named, or the last one that nodes confirmed. */
export const rollbackModes = ['pinned', 'last_known_good'] as const;

/** What a rollback leads away from, and to. */
export const rolledFromSchema = z.strictObject({
  release_seq: z.int().min(1),
  pack_seq: z.int().min(1),
  pack_id: hex64Schema,
});
export const rolledToSchema = z.strictObject({
  release_id: releaseIdSchema,
  pack_seq: z.int().min(1),
  pack_id: hex64Schema,
  kristal_id: digestSchema,
});

/**
 * The gatekeeper's leave to activate an older pack, DSSE-signed with its key (RO-26). A node takes an offer of a lower `pack_seq` only under one that
 * names tenant, channel and pack, is in its window by the channel's time, and says `from` no later than the offer.
 */
export const rollbackAuthorizationSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    channel: nameSchema,
    release_id: releaseIdSchema.meta({ description: 'The release that is rolled back' }),
    from: rolledFromSchema,
    to: rolledToSchema,
    trigger: z.enum(rollbackTriggers),
    mode: z.enum(rollbackModes),
    reason: z.string().max(500),
    actor: z.string().min(1).max(200),
    issued_at: timeSchema,
    expires_at: timeSchema,
  })
  .meta({ id: 'RollbackAuthorization' });
export type RollbackAuthorization = z.infer<typeof rollbackAuthorizationSchema>;
