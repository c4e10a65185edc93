-- The number of a pack in its channel, by the decision that opened the first step of it there. A pack has one number for good, and a number one pack.
CREATE TABLE "pack_number" (
    "tenant_id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "pack_id" TEXT NOT NULL,
    "pack_seq" BIGINT NOT NULL,
    "release_id" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pack_number_pkey" PRIMARY KEY ("tenant_id", "channel", "pack_id")
);
CREATE UNIQUE INDEX "pack_number_tenant_id_channel_pack_seq_key" ON "pack_number"("tenant_id", "channel", "pack_seq");

ALTER TABLE "pack_number" ENABLE ROW LEVEL SECURITY;
CREATE POLICY ring ON "pack_number" TO orgo_gatekeeper USING (true);
CREATE POLICY tenant ON "pack_number" FOR SELECT TO orgo_gatekeeper_read USING (tenant_id = current_setting('orgo.tenant', true));
