-- The role that reads are served by sees the rows of the tenant that its transaction names (orgo.tenant), and none where it names none. The ring's
-- role acts on the tenant of the message it was given, for all tenants in one transaction, and is bound by nothing here.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['build', 'case', 'evidence', 'outbox', 'alarm', 'event'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY ring ON %I TO orgo_orchestrator USING (true)', name);
    EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO orgo_orchestrator_read USING (tenant_id = current_setting(''orgo.tenant'', true))', name);
  END LOOP;
END
$$;
GRANT SELECT ON "build", "case" TO orgo_orchestrator_read;
