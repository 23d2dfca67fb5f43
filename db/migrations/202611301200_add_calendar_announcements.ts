import type { Knex } from 'knex'

/**
 * Changes of calendars that do not come through the doctors' mailboxes. Each is written in the transaction that makes the change, and
 * kept until watchers are told: slots by their starts, or the whole calendar where `slot_starts` is null.
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
