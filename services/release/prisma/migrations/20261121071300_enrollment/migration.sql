-- The place in the order in which a tenant's nodes were enrolled: whoever freezes a cohort names the highest one it knows.
ALTER TABLE "node" ADD COLUMN "enrollment" BIGINT;
CREATE INDEX "node_enrollment_idx" ON "node"("tenant_id", "enrollment" DESC NULLS LAST);
