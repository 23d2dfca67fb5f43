import type { Knex } from 'knex'

/** Every appointment has a type, so a clinic that has set up none yet needs this one. */
export const up = (knex: Knex) =>
	knex.raw(`INSERT INTO appointment_types (name, minutes, position) VALUES ('Consultation', 15, 0) ON CONFLICT (name) DO NOTHING`)

export const down = (knex: Knex) =>
	knex.raw(`
		DELETE FROM appointment_types t
		WHERE name = 'Consultation' AND NOT EXISTS (SELECT FROM appointments WHERE type_id = t.id)
	`)
