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

-- Builds. Which keys a build has follows from its state, so no writer can store others.
CREATE TABLE "build" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "run_key" TEXT NOT NULL GENERATED ALWAYS AS ("state" ->> 'run_key') STORED,
    "subject_key" TEXT NOT NULL GENERATED ALWAYS AS ("state" ->> 'subject_key') STORED,
    "rerun_of" TEXT GENERATED ALWAYS AS ("state" ->> 'rerun_of') STORED,
    "request_key" TEXT GENERATED ALWAYS AS ("state" -> 'request' ->> 'key') STORED,

    CONSTRAINT "build_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "build_phase_check" CHECK ("phase" IN ('CREATED', 'RUNNING', 'PAUSED', 'BLOCKED', 'CLOSING', 'COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED', 'VOIDED'))
) WITH (fillfactor = 70);

-- One live build of a subject (ID-10).
CREATE UNIQUE INDEX "build_live_subject_key" ON "build"("tenant_id", "subject_key") WHERE "phase" NOT IN ('COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED', 'VOIDED');
-- One build that answers for a run (ID-11); a rerun is made for its own sake, and what was not settled by its content may be tried anew.
CREATE UNIQUE INDEX "build_run_key" ON "build"("tenant_id", "run_key") WHERE "rerun_of" IS NULL AND "phase" NOT IN ('FAILED', 'CANCELLED', 'VOIDED');
CREATE UNIQUE INDEX "build_request_key" ON "build"("tenant_id", "request_key") WHERE "request_key" IS NOT NULL;
-- Builds whose open command may have to be said again.
CREATE INDEX "build_open_idx" ON "build"("tenant_id", "id") WHERE "phase" IN ('RUNNING', 'PAUSED');

CREATE TABLE "case" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "build_id" TEXT GENERATED ALWAYS AS ("state" ->> 'build_id') STORED,

    CONSTRAINT "case_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE INDEX "case_build_idx" ON "case"("tenant_id", "build_id");

-- Pipeline snapshots by digest: a build names the one it was admitted with, so later edits never reach it.
CREATE TABLE "pipeline" (
    "ref" TEXT NOT NULL,
    "definition" JSONB NOT NULL,

    CONSTRAINT "pipeline_pkey" PRIMARY KEY ("ref")
);

-- The signed authorization, decision and seal that a stage's commands rest on: written once, one row and one key per stage.
CREATE TABLE "evidence" (
    "tenant_id" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "idem_key" TEXT NOT NULL,
    "items" TEXT NOT NULL,

    CONSTRAINT "evidence_pkey" PRIMARY KEY ("tenant_id", "build_id", "stage"),
    CONSTRAINT "evidence_idem_key" UNIQUE ("tenant_id", "build_id", "idem_key")
);

-- When the command stream was created that open commands were last said to: another time means that it lost them.
CREATE TABLE "road" (
    "stream" TEXT NOT NULL,
    "created" TEXT NOT NULL,

    CONSTRAINT "road_pkey" PRIMARY KEY ("stream")
);
