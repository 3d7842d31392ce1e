-- The database roles of Quayside and what they may do in the database this runs in. A superuser runs it once per
-- database, before the first migration; running it again changes nothing. Roles belong to the whole server.
--
--   quayside_owner   owns the schema: migrations and backups
--   quayside_app     the application: owns nothing, and row-level security binds it
--   quayside_search  owns the functions that search across rows; nobody signs in as it
--
-- Passwords are set apart: ALTER ROLE quayside_app PASSWORD '…'.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quayside_owner') THEN
        CREATE ROLE quayside_owner LOGIN NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quayside_app') THEN
        CREATE ROLE quayside_app LOGIN NOBYPASSRLS NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'quayside_search') THEN
        CREATE ROLE quayside_search NOLOGIN NOBYPASSRLS;
    END IF;
    -- The owner may hand functions to quayside_search, and does not see with its eyes.
    IF NOT pg_has_role('quayside_owner', 'quayside_search', 'SET') THEN
        GRANT quayside_search TO quayside_owner WITH INHERIT FALSE, SET TRUE;
    END IF;
    -- CREATE lets the owner install the trusted extensions; TEMPORARY lets an import COPY into a temporary table.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO quayside_owner', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO quayside_app', current_database());
END
$$;

ALTER SCHEMA public OWNER TO quayside_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO quayside_app, quayside_search;
