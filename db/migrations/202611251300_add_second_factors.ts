import type { Knex } from 'knex'

export function up(knex: Knex) {
	return knex.raw(`
		-- A row without confirmed_at is one that is being set up, and asks nobody for anything yet.
		CREATE TABLE second_factors (
			user_id      bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
			secret       bytea NOT NULL,
			created_at   timestamptz NOT NULL DEFAULT now(),
			confirmed_at timestamptz,
			last_step    integer,
			failures     integer NOT NULL DEFAULT 0
		);

		CREATE TABLE recovery_codes (
			user_id   bigint NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
			code_hash bytea NOT NULL,
			used_at   timestamptz,
			PRIMARY KEY (user_id, code_hash)
		);

		CREATE TABLE sign_in_challenges (
			token_hash bytea PRIMARY KEY,
			user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
			tries      integer NOT NULL DEFAULT 0,
			expires_at timestamptz NOT NULL
		);
		CREATE INDEX sign_in_challenges_of_user ON sign_in_challenges (user_id);

		-- When the session began. Its first tokens are swept away in time.
		ALTER TABLE refresh_tokens ADD COLUMN session_started_at timestamptz NOT NULL DEFAULT now();
		UPDATE refresh_tokens t SET session_started_at = family.began
		FROM (SELECT family_id, min(created_at) AS began FROM refresh_tokens GROUP BY family_id) AS family
		WHERE family.family_id = t.family_id;
	`)
}

export function down(knex: Knex) {
	return knex.raw(`
		ALTER TABLE refresh_tokens DROP COLUMN session_started_at;
		DROP TABLE sign_in_challenges, recovery_codes, second_factors;
	`)
}
