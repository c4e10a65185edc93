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

-- Head of each tenant's log: what appending needs of it. One row per tenant; whoever appends holds its lock.
CREATE TABLE "log" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "log_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "log_phase_check" CHECK ("phase" IN ('OPEN'))
) WITH (fillfactor = 50);

-- Entries. "leaf" is the text of the decision, as it was signed; the other columns find it again or came with it.
CREATE TABLE "log_leaf" (
    "tenant_id" TEXT NOT NULL,
    "idx" BIGINT NOT NULL,
    "leaf" BYTEA NOT NULL,
    "leaf_hash" BYTEA NOT NULL,
    "decision_digest" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "stage" TEXT,
    "kind" TEXT NOT NULL,
    "proof" JSONB NOT NULL,
    "authorizations" JSONB NOT NULL,
    "reply_to" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "log_leaf_pkey" PRIMARY KEY ("tenant_id", "idx"),
    CONSTRAINT "log_leaf_decision_key" UNIQUE ("tenant_id", "decision_digest"),
    CONSTRAINT "log_leaf_idx_check" CHECK ("idx" >= 0),
    CONSTRAINT "log_leaf_hash_check" CHECK (length("leaf_hash") = 32),
    CONSTRAINT "log_leaf_size_check" CHECK (length("leaf") <= 65535)
);
CREATE INDEX "log_leaf_build_idx" ON "log_leaf"("tenant_id", "build_id", "idx");

-- Roots of complete subtrees of 16, 256, 4096 … leaves (levels 4, 8, 12 …), so that a proof reads few rows of any log.
CREATE TABLE "log_node" (
    "tenant_id" TEXT NOT NULL,
    "level" SMALLINT NOT NULL,
    "idx" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "log_node_pkey" PRIMARY KEY ("tenant_id", "level", "idx"),
    CONSTRAINT "log_node_hash_check" CHECK (length("hash") = 32)
);

-- One signed checkpoint per batch of entries.
CREATE TABLE "log_checkpoint" (
    "tenant_id" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "root" BYTEA NOT NULL,
    "note" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "log_checkpoint_pkey" PRIMARY KEY ("tenant_id", "size"),
    CONSTRAINT "log_checkpoint_root_check" CHECK (length("root") = 32)
);

-- What is sealed stays, whoever asks and whatever grants say. This stops accidents; who owns the server is caught by checkpoints kept elsewhere.
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'AUDIT_APPEND_ONLY: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER "log_leaf_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "log_leaf" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "log_node_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "log_node" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "log_checkpoint_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "log_checkpoint" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
