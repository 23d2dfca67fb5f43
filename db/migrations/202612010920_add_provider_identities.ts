import type { Knex } from 'knex'

/** Which account a subject of the clinic's identity provider signs in to (OpenID Connect Core, section 5.7: issuer and subject). */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE provider_identities (
			issuer    text NOT NULL,
			subject   text NOT NULL,
			user_id   bigint NOT NULL REFERENCES users (id),
			linked_at timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (issuer, subject)
		);
		CREATE INDEX provider_identities_of_user ON provider_identities (user_id);
	`)

export const down = (knex: Knex) => knex.raw('DROP TABLE provider_identities')
