-- One schema and one login role for each service; a role reads and writes its own schema and nothing else. Reads are served by
-- a second role, orgo_<service>_read, that nobody logs in with: row policies show it one tenant at a time. What it may read its migrations grant.
-- Run by infra/migrate.ts as the admin role before the migrations, on every start. Idempotent.
-- The session setting orgo.role_passwords is a JSON object: service name → password of orgo_<service>.
DO $$
DECLARE
  service text;
  password text;
  role text;
  reader text;
  admin text := current_user;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  REVOKE ALL ON SCHEMA public FROM PUBLIC;

  FOR service, password IN SELECT * FROM json_each_text(current_setting('orgo.role_passwords')::json) LOOP
    role := 'orgo_' || service;
    -- Roles belong to the whole server: another database of it may have made this one already.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', role, password);
    EXECUTE format('ALTER ROLE %I SET search_path = %I', role, service);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);

    reader := role || '_read';
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', reader);
    END IF;
    -- To be taken on, not to be had: with the policies of both, each statement of the ring would be planned for both.
    EXECUTE format('GRANT %I TO %I', reader, role)
      || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;

    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', service);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', service, role, reader);
    -- Tables stay the admin's, so that a service can neither alter its schema nor grant it on. What migrations make
    -- later is covered; a migration that wants less for a table (audit: no update, no delete) revokes it explicitly.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', admin, service, role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I', admin, service, role);
  END LOOP;
END
$$;
