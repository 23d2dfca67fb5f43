-- What the server may do, as opposed to the owner of the tables, who changes the schema. Run by the owner after every migration:
-- the server does so itself when it is given MIGRATION_DATABASE_URL. May be run any number of times.
--
-- Once, as someone who may create roles:
--   CREATE ROLE liveslot_app NOLOGIN;
--   CREATE ROLE liveslot_owner LOGIN PASSWORD '…';                    -- MIGRATION_DATABASE_URL
--   CREATE ROLE liveslot_server LOGIN PASSWORD '…' IN ROLE liveslot_app; -- DATABASE_URL
--   CREATE DATABASE liveslot OWNER liveslot_owner;
GRANT USAGE ON SCHEMA public TO liveslot_app;
REVOKE CREATE ON SCHEMA public FROM liveslot_app, PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO liveslot_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO liveslot_app;

-- Append-only. Old entries leave through a function that keeps the young ones, see the migration that made it.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM liveslot_app;
GRANT EXECUTE ON FUNCTION forget_audit TO liveslot_app;

-- Which migrations ran is for the owner to say.
REVOKE INSERT, UPDATE, DELETE ON migrations, migrations_lock FROM liveslot_app;
