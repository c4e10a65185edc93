-- What a channel may do: its floor, its bans, its freeze. The gatekeeper's own word, which no other service can write.
CREATE TABLE "channel_gate" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channel_gate_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "channel_gate_phase_check" CHECK ("phase" IN ('OPEN', 'FROZEN'))
) WITH (fillfactor = 70);

-- Releases that a node proved to run, by the first decision that says so: where a channel can go back to.
CREATE TABLE "confirmed_release" (
    "tenant_id" TEXT NOT NULL,
    "release_id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "pack_id" TEXT NOT NULL,
    "pack_seq" BIGINT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "confirmed_release_pkey" PRIMARY KEY ("tenant_id", "release_id")
);
