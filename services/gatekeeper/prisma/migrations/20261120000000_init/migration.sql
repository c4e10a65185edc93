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

-- Gates of builds.
CREATE TABLE "gate" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gate_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "gate_phase_check" CHECK ("phase" IN ('NEW', 'OPEN', 'BLOCKED', 'PASSED', 'STOPPED', 'CLOSING', 'CLOSED'))
) WITH (fillfactor = 70);

-- Gates of releases.
CREATE TABLE "release_gate" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "release_gate_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "release_gate_phase_check" CHECK ("phase" IN ('NEW', 'AUTHORIZED', 'REFUSED', 'ENDED'))
) WITH (fillfactor = 70);

-- Nodes whose key a sealed decision enrolled.
CREATE TABLE "enrolled_node" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "enrolled_node_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "enrolled_node_phase_check" CHECK ("phase" IN ('UNKNOWN', 'ENROLLED'))
) WITH (fillfactor = 70);

-- Nonces of decided node reports: each is used once.
CREATE TABLE "node_nonce" (
    "tenant_id" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "used_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "node_nonce_pkey" PRIMARY KEY ("tenant_id", "instance_id", "nonce")
);

-- The one accepted decision of a stage.
CREATE TABLE "accepted_decision" (
    "tenant_id" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "verdict" TEXT NOT NULL,
    "digest" TEXT NOT NULL,

    CONSTRAINT "accepted_decision_pkey" PRIMARY KEY ("tenant_id", "build_id", "stage"),
    CONSTRAINT "accepted_decision_verdict_check" CHECK ("verdict" IN ('PASS', 'FAIL'))
);

-- Replies below "epoch" are refused. It only rises.
CREATE TABLE "fence" (
    "tenant_id" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,

    CONSTRAINT "fence_pkey" PRIMARY KEY ("tenant_id", "build_id", "stage")
);

-- Decisions as they were signed, in the order in which they were given.
CREATE TABLE "decision" (
    "seq" BIGSERIAL NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "verdict" TEXT NOT NULL,
    "stage" TEXT,
    "payload" TEXT NOT NULL,
    "proof" JSONB NOT NULL,
    "authorizations" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "decision_pkey" PRIMARY KEY ("tenant_id", "digest")
);
CREATE INDEX "decision_build_idx" ON "decision"("tenant_id", "build_id", "seq");

-- Pipeline snapshots by digest: gates name them.
CREATE TABLE "pipeline" (
    "ref" TEXT NOT NULL,
    "definition" JSONB NOT NULL,

    CONSTRAINT "pipeline_pkey" PRIMARY KEY ("ref")
);
