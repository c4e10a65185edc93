-- The tables of @orgo/store, in the schema of each service.

-- Messages that were dealt with. A message whose row is here has had its effect and is answered as a duplicate.
CREATE TABLE "inbox" (
    "message_id" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("message_id"),
    CONSTRAINT "inbox_message_id_check" CHECK (length("message_id") BETWEEN 1 AND 128)
);

-- Messages to say, in the order of "id" per aggregate. The relay deletes a row when its receiver has it durably.
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "aggregate" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "transport" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "item" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "outbox_transport_check" CHECK ("transport" IN ('work-queue', 'request', 'event', 'local'))
);

-- Deadlines by the clock of this database. "fired_at" marks a row that a sweep has claimed and not yet finished.
CREATE TABLE "alarm" (
    "tenant_id" TEXT NOT NULL,
    "machine" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "alarm_id" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    "kind" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "traceparent" TEXT,
    "fired_at" TIMESTAMPTZ(6),

    CONSTRAINT "alarm_pkey" PRIMARY KEY ("tenant_id", "machine", "id", "alarm_id")
);
CREATE INDEX "alarm_due_at_idx" ON "alarm"("due_at");

-- What happened to each aggregate: folding the events of an id in the order of "seq" gives its state. "seq" has no gaps.
CREATE TABLE "event" (
    "tenant_id" TEXT NOT NULL,
    "machine" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("tenant_id", "machine", "id", "seq")
);

-- Rows of these two come and go all day: vacuum by their number, not by a share of the table.
ALTER TABLE "outbox" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
ALTER TABLE "alarm" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);

CREATE TABLE "release" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "channel" TEXT NOT NULL GENERATED ALWAYS AS ("state" ->> 'channel') STORED,
    "build_id" TEXT NOT NULL GENERATED ALWAYS AS ("state" ->> 'build_id') STORED,
    "request_key" TEXT GENERATED ALWAYS AS ("state" -> 'request' ->> 'key') STORED,

    CONSTRAINT "release_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "release_phase_check" CHECK ("phase" IN ('DRAFT', 'QUEUED', 'VERIFYING', 'VERIFIED', 'RELEASING', 'RELEASED', 'PAUSED', 'ROLLED_BACK', 'FAILED', 'CANCELED'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX "release_request_key" ON "release"("tenant_id", "request_key") WHERE "request_key" IS NOT NULL;

CREATE TABLE "node" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "channel" TEXT GENERATED ALWAYS AS ("state" -> 'identity' ->> 'channel') STORED,

    CONSTRAINT "node_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "node_phase_check" CHECK ("phase" IN ('JOINING', 'ENROLLED', 'REFUSED'))
) WITH (fillfactor = 70);
CREATE INDEX "node_channel_idx" ON "node"("tenant_id", "channel") WHERE "phase" = 'ENROLLED';

-- Nonces given to nodes. "used_by" is the digest of the one report that a nonce was taken by.
CREATE TABLE "nonce" (
    "tenant_id" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "used_by" TEXT,

    CONSTRAINT "nonce_pkey" PRIMARY KEY ("tenant_id", "instance_id", "nonce"),
    CONSTRAINT "nonce_check" CHECK ("nonce" ~ '^[0-9a-f]{64}$')
);

-- When the tenant's channel root was made: everything in it follows from this and the keys.
CREATE TABLE "channel_root" (
    "tenant_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "channel_root_pkey" PRIMARY KEY ("tenant_id")
);

-- What was published, in the one order of the tenant and of each channel. The channel metadata is rendered from these rows alone.
CREATE TABLE "channel_release" (
    "tenant_id" TEXT NOT NULL,
    "publication" BIGINT NOT NULL,
    "channel" TEXT NOT NULL,
    "release_seq" BIGINT NOT NULL,
    "release_id" TEXT NOT NULL,
    "kristal_id" TEXT NOT NULL,
    "pack_id" TEXT NOT NULL,
    "manifest_ref" TEXT NOT NULL,
    "manifest_size" BIGINT NOT NULL,
    "published_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "channel_release_pkey" PRIMARY KEY ("tenant_id", "publication"),
    CONSTRAINT "channel_release_publication_check" CHECK ("publication" > 0),
    CONSTRAINT "channel_release_release_seq_check" CHECK ("release_seq" > 0)
);
CREATE UNIQUE INDEX "channel_release_release_id_key" ON "channel_release"("tenant_id", "release_id");
CREATE UNIQUE INDEX "channel_release_seq_key" ON "channel_release"("tenant_id", "channel", "release_seq");
CREATE INDEX "channel_release_pack_id_idx" ON "channel_release"("tenant_id", "pack_id");
