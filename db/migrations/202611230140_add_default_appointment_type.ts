import type { Knex } from 'knex'

/** Every appointment has a type, so a clinic that has not set up types yet needs this one. */
export function up(knex: Knex) {
	return knex.raw(`INSERT INTO appointment_types (name, minutes, position) VALUES ('Consultation', 15, 0) ON CONFLICT (name) DO NOTHING`)
}

export function down(knex: Knex) {
	return knex.raw(`
		DELETE FROM appointment_types t
		WHERE name = 'Consultation' AND NOT EXISTS (SELECT FROM appointments WHERE type_id = t.id)
	`)
}
