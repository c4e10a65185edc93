-- The role that reads are served by sees the rows of the tenant that its transaction names (orgo.tenant), and none where it names none. The ring's
-- role acts on the tenant of the message it was given, for all tenants in one transaction, and is bound by nothing here.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['gate', 'release_gate', 'enrolled_node', 'node_nonce', 'confirmed_release', 'channel_gate', 'accepted_decision', 'fence', 'decision', 'trust_root', 'outbox', 'alarm', 'event'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY ring ON %I TO orgo_gatekeeper USING (true)', name);
    EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO orgo_gatekeeper_read USING (tenant_id = current_setting(''orgo.tenant'', true))', name);
  END LOOP;
END
$$;
-- The gatekeeper serves no reads: its reading role may read nothing yet.
