-- Cases about documents that were put aside: asked for whenever a build starts, and few among all Cases.
CREATE INDEX "case_dead_letter_idx" ON "case"("tenant_id", "id") WHERE ("state" ->> 'type') = 'dead-letter';
