import type { Knex } from 'knex'

/** The archive of old slots, which only figures and checks read. */
export function up(knex: Knex) {
	return knex.raw(`
		CREATE TABLE archived_slots (
			doctor_id      bigint NOT NULL REFERENCES doctors (id),
			starts_at      timestamptz NOT NULL,
			ends_at        timestamptz NOT NULL,
			appointment_id bigint REFERENCES appointments (id),
			is_blocked     boolean NOT NULL,
			archived_at    timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (doctor_id, starts_at)
		)
	`)
}

/** Moves the archived slots back to the calendar. */
export function down(knex: Knex) {
	return knex.raw(`
		INSERT INTO appointment_slots (doctor_id, starts_at, ends_at, appointment_id, is_blocked)
		SELECT doctor_id, starts_at, ends_at, appointment_id, is_blocked FROM archived_slots
		ON CONFLICT DO NOTHING;
		DROP TABLE archived_slots;
	`)
}
