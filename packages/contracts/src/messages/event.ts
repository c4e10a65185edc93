import { z } from 'zod';
import { eventSubject } from '../channels.ts';
import { buildIdSchema, digestSchema, releaseIdSchema, tenantIdSchema, timeSchema, traceparentSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { buildPhases, releasePhases } from '../states.ts';

/**
 * CloudEvents 1.0 in structured JSON, with the distributed tracing extension. The same event has the same `id`; members of
 * `data` may be added.
 */
const cloudEvent = <T extends z.ZodType>(noun: string, data: T) =>
  z.object({
    specversion: z.literal('1.0'),
    id: z.string().min(1).max(128),
    source: z.string().min(1).max(200),
    type: z.string().regex(new RegExp(`^orgo\\.${noun}\\.[a-z_]+\\.v1$`)),
    subject: z.string().max(64),
    time: timeSchema,
    datacontenttype: z.literal('application/json'),
    traceparent: traceparentSchema.optional(),
    data,
  });

/** What a build came to. Told after the commit, at most once per change of phase; losing it loses no state. */
export const buildEventSchema = cloudEvent(
  'build',
  z.object({
    build_id: buildIdSchema,
    tenant_id: tenantIdSchema,
    status: z.enum(buildPhases),
    reason_codes: z.array(reasonCodeSchema),
    kristal_id: digestSchema.nullable(),
    pack_id: z.string().nullable(),
    record_ref: digestSchema.nullable(),
  }),
).meta({ id: 'BuildEvent' });

/** What a release came to. */
export const releaseEventSchema = cloudEvent(
  'release',
  z.object({ release_id: releaseIdSchema, tenant_id: tenantIdSchema, status: z.enum(releasePhases) }),
).meta({ id: 'ReleaseEvent' });

/** Public events by noun: what upstream systems may listen to, on the stream that `eventStream` names. */
export const publicEvents = {
  build: { subject: 'orgo.v1.{tenant}.evt.build.{phase}', schema: buildEventSchema, title: 'A build came to a phase' },
  release: {
    subject: 'orgo.v1.{tenant}.evt.release.{phase}',
    schema: releaseEventSchema,
    title: 'A release came to a phase',
  },
} as const;

/**
 * Public events that a part of Orgo hears itself. They are neither signed nor sent again for it: losing one delays and changes no outcome, and a false one
 * costs the attempts it names, and those after them, their lease.
 */
export const heardEvents = {
  buildCancelled: {
    noun: 'build',
    event: 'cancelled',
    from: 'orchestrator',
    to: 'adapter',
    title: 'What still works for this build stops',
  },
} as const satisfies Record<
  string,
  { noun: keyof typeof publicEvents; event: string; from: string; to: string; title: string }
>;

/** Where a heard event is listened to: of one tenant, or of all with `*`. */
export const heardSubject = (name: keyof typeof heardEvents, tenant = '*'): string =>
  eventSubject(tenant, heardEvents[name].noun, heardEvents[name].event);
