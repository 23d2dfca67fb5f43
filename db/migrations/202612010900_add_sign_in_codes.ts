import type { Knex } from 'knex'

/**
 * Codes by mail, with which people sign in or open an account. The address itself is not kept: it may belong to a person who never
 * asked for a code. A new code replaces the one before.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE sign_in_codes (
			address_mark text PRIMARY KEY,
			code_hash    bytea NOT NULL,
			tries        integer NOT NULL DEFAULT 0,
			expires_at   timestamptz NOT NULL
		);
		CREATE INDEX sign_in_codes_by_expiry ON sign_in_codes (expires_at);
	`)

export const down = (knex: Knex) => knex.raw('DROP TABLE sign_in_codes')
