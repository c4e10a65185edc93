-- How far the trust roots of each tenant are on record.
CREATE TABLE "trust_root" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "trust_root_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "trust_root_phase_check" CHECK ("phase" IN ('FIRST', 'GROWN'))
) WITH (fillfactor = 70);
