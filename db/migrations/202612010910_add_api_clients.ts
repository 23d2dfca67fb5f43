import type { Knex } from 'knex'

/**
 * Programs with keys. Each has an account, so that what it books and reads can be told from what people do; nobody can sign in to it:
 * it has no password, and its address is of a domain that cannot exist (RFC 2606).
 */
export const up = (knex: Knex) =>
	knex.raw(`
		ALTER TABLE users ADD COLUMN is_program boolean NOT NULL DEFAULT false;

		CREATE TABLE api_clients (
			user_id            bigint PRIMARY KEY REFERENCES users (id),
			key_hash           bytea NOT NULL UNIQUE,
			former_key_hash    bytea UNIQUE,
			former_key_until   timestamptz,
			scopes             text[] NOT NULL CHECK (cardinality(scopes) > 0),
			created_by         bigint NOT NULL REFERENCES users (id),
			created_at         timestamptz NOT NULL DEFAULT now(),
			expires_at         timestamptz,
			last_used_at       timestamptz,
			revoked_at         timestamptz,
			CHECK ((former_key_hash IS NULL) = (former_key_until IS NULL))
		);
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP TABLE api_clients;
		ALTER TABLE users DROP COLUMN is_program;
	`)
