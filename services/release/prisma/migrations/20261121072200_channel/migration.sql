-- Channels as they are kept from now on: one row each, and the releases they were made of as its history.
CREATE TABLE "channel" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channel_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "channel_phase_check" CHECK ("phase" IN ('OPEN', 'FROZEN'))
) WITH (fillfactor = 70);
-- Packs by their ids: whose files nodes may read.
CREATE INDEX "channel_offers_idx" ON "channel" USING gin (("state" -> 'offers') jsonb_path_ops);

-- What was published before: every release held, as far as the channel knew. The numbers go on above all that clients have seen.
INSERT INTO "event" ("tenant_id", "machine", "id", "seq", "type", "data")
SELECT c."tenant_id", 'channel', c."channel", 1, 'ChannelImported', jsonb_build_object(
    'type', 'ChannelImported',
    'at', to_char(max(c."published_at") AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'opened_at', to_char(min(c."published_at") AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'index_seq', max(c."publication") + 1,
    'offers', jsonb_agg(jsonb_build_object(
        'release_id', c."release_id",
        'release_seq', c."release_seq",
        'pack_seq', (SELECT min(f."release_seq") FROM "channel_release" f
            WHERE f."tenant_id" = c."tenant_id" AND f."channel" = c."channel" AND f."pack_id" = c."pack_id"),
        'pack_id', c."pack_id",
        'kristal_id', c."kristal_id",
        'manifest', c."manifest_ref",
        'manifest_size', c."manifest_size",
        'at', to_char(c."published_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'confirmed_at', to_char(r."updated_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'withdrawn_at', NULL
    ) ORDER BY c."release_seq"))
FROM "channel_release" c
LEFT JOIN "release" r ON r."tenant_id" = c."tenant_id" AND r."id" = c."release_id" AND r."phase" = 'RELEASED'
GROUP BY c."tenant_id", c."channel";

INSERT INTO "channel" ("tenant_id", "id", "version", "phase", "state")
SELECT e."tenant_id", e."id", 1, 'OPEN', jsonb_build_object(
    'phase', 'OPEN',
    'tenant_id', e."tenant_id",
    'channel', e."id",
    'opened_at', e."data" -> 'opened_at',
    'changed_at', e."data" -> 'at',
    'index_seq', e."data" -> 'index_seq',
    'release_seq', (SELECT max((o ->> 'release_seq')::bigint) FROM jsonb_array_elements(e."data" -> 'offers') o),
    'pack_seq', (SELECT max((o ->> 'pack_seq')::bigint) FROM jsonb_array_elements(e."data" -> 'offers') o),
    'current', (e."data" -> 'offers' -> -1) - 'at' - 'confirmed_at' - 'withdrawn_at',
    'candidate', NULL,
    'floor', jsonb_build_object('pack_seq', 0, 'set', NULL),
    'pin', NULL,
    'frozen', NULL,
    'revoked', '[]'::jsonb,
    'quarantined', '[]'::jsonb,
    'offers', e."data" -> 'offers',
    'rollback', NULL,
    'asked', '[]'::jsonb,
    'waiting', '[]'::jsonb)
FROM "event" e WHERE e."machine" = 'channel';

DROP TABLE "channel_release";
