import type { Knex } from 'knex'

/**
 * Changes of calendars that do not come through their doctors' queues, written with what changes them, until they are told:
 * slots by their starts, or the whole calendar where those are null.
 */
export function up(knex: Knex) {
	return knex.raw(`
		CREATE TABLE calendar_announcements (
			id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			doctor_id   bigint NOT NULL REFERENCES doctors (id),
			slot_starts timestamptz[],
			written_at  timestamptz NOT NULL DEFAULT now()
		)
	`)
}

export const down = (knex: Knex) => knex.raw('DROP TABLE calendar_announcements')
