-- Signed channel metadata, as clients get it: every version of a root, the newest of everything else.
CREATE TABLE "tuf_metadata" (
    "tenant_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "content" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "renew_at" TIMESTAMPTZ(6) NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "tuf_metadata_pkey" PRIMARY KEY ("tenant_id", "role", "version")
);
-- Roots that lie as files only are taken over when their channels are next written.
DROP TABLE "channel_root";

-- Which trust roots were brought to the gatekeeper, to be put into the log.
CREATE TABLE "trust_root" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "phase" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "trust_root_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "trust_root_phase_check" CHECK ("phase" IN ('WATCHING', 'ASKED'))
) WITH (fillfactor = 70);
