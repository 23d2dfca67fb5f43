import type { Knex } from 'knex'

export const survives = {
	'constraint patients.patients_erasure_asked_by_fkey is new or different':
		'The version before leaves the column empty, and removes no accounts',
}

/**
 * A requested erasure is recorded first, so that it is finished after any crash. `erasure_asked_by` is kept, because visits are
 * cancelled in the name of that account; `erased_at` tells that the erasure is done.
 */
export function up(knex: Knex) {
	return knex.raw(`
		ALTER TABLE patients
			ADD COLUMN erasure_asked_at timestamptz,
			ADD COLUMN erasure_asked_by bigint REFERENCES users (id),
			ADD COLUMN erased_at timestamptz;
		CREATE INDEX patients_to_erase ON patients (erasure_asked_at) WHERE erasure_asked_at IS NOT NULL;
	`)
}

export function down(knex: Knex) {
	return knex.raw(`ALTER TABLE patients DROP COLUMN erasure_asked_at, DROP COLUMN erasure_asked_by, DROP COLUMN erased_at`)
}
