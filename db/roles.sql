-- Grants the server its rights: it may use the tables, while only their owner may change the schema. The owner runs this after every
-- migration; a server with MIGRATION_DATABASE_URL does so itself. May be run any number of times.
--
-- Run once, with the right to create roles:
--   CREATE ROLE liveslot_app NOLOGIN;
--   CREATE ROLE liveslot_owner LOGIN PASSWORD '…';                    -- MIGRATION_DATABASE_URL
--   CREATE ROLE liveslot_server LOGIN PASSWORD '…' IN ROLE liveslot_app; -- DATABASE_URL
--   CREATE DATABASE liveslot OWNER liveslot_owner;
GRANT USAGE ON SCHEMA public TO liveslot_app;
REVOKE CREATE ON SCHEMA public FROM liveslot_app, PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO liveslot_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO liveslot_app;

-- Append-only. Only a function deletes old entries, and keeps recent ones: see the migration make_audit_append_only.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM liveslot_app;
GRANT EXECUTE ON FUNCTION forget_audit TO liveslot_app;

-- Only the owner records migrations.
REVOKE INSERT, UPDATE, DELETE ON migrations, migrations_lock FROM liveslot_app;
