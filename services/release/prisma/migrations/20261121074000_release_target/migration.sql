-- The ledger: how far each node is with each release. Written with the node's row; a release reads counts of it and no row.
CREATE TABLE "release_target" (
    "tenant_id" TEXT NOT NULL,
    "release_id" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "late" BOOLEAN NOT NULL DEFAULT false,
    "state" TEXT NOT NULL DEFAULT 'PENDING',
    "reason_code" TEXT,
    "active_pack_id" TEXT,
    "metrics" JSONB NOT NULL DEFAULT '[]',
    "decision" TEXT,
    "offered_at" TIMESTAMPTZ(3),
    "verified_at" TIMESTAMPTZ(3),
    "activated_at" TIMESTAMPTZ(3),
    "confirmed_at" TIMESTAMPTZ(3),
    "reverted_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "release_target_pkey" PRIMARY KEY ("tenant_id", "release_id", "instance_id"),
    CONSTRAINT "release_target_state_check" CHECK ("state" IN ('PENDING', 'OFFERED', 'VERIFIED', 'ACTIVATED', 'CONFIRMED', 'FAILED', 'TIMED_OUT', 'OFFLINE_EXCLUDED', 'ROLLED_BACK', 'DRIFTED'))
) WITH (fillfactor = 70);
CREATE INDEX "release_target_node_idx" ON "release_target"("tenant_id", "instance_id");
-- Releases that other releases wait for are told by what they are.
CREATE INDEX "release_in_flight_idx" ON "release"("tenant_id", "channel") WHERE "phase" IN ('VERIFYING', 'VERIFIED', 'RELEASING', 'PAUSED');
