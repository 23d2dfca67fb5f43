import type { Knex } from 'knex'

/**
 * Private calendar feeds. Calendars poll them, so what has changed for the owner of a feed is counted in a table of its own, in the
 * commit that changes it: rows are only added, because a counter would make bookings wait for each other.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE calendar_links (
			user_id     bigint PRIMARY KEY REFERENCES users (id),
			token_hash  bytea NOT NULL UNIQUE,
			names       boolean NOT NULL,
			created_at  timestamptz NOT NULL DEFAULT now(),
			read_at     timestamptz
		);

		CREATE TABLE calendar_changes (
			id       bigint GENERATED ALWAYS AS IDENTITY,
			user_id  bigint NOT NULL REFERENCES calendar_links (user_id) ON DELETE CASCADE,
			at       timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (user_id, id)
		);

		CREATE FUNCTION note_calendar_changes() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF NOT EXISTS (SELECT FROM calendar_links) THEN RETURN NULL; END IF;
			INSERT INTO calendar_changes (user_id)
			SELECT l.user_id FROM calendar_links l
			WHERE l.user_id IN (
				SELECT doctor_id FROM now_rows
				UNION ALL
				SELECT p.user_id FROM now_rows n JOIN patients p ON p.id = n.patient_id
			);
			IF TG_OP = 'UPDATE' THEN
				INSERT INTO calendar_changes (user_id)
				SELECT l.user_id FROM calendar_links l WHERE l.user_id IN (SELECT doctor_id FROM before_rows EXCEPT SELECT doctor_id FROM now_rows);
			END IF;
			RETURN NULL;
		END $$;

		CREATE TRIGGER calendars_of_bookings AFTER INSERT ON appointments
			REFERENCING NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_calendar_changes();
		CREATE TRIGGER calendars_of_changes AFTER UPDATE ON appointments
			REFERENCING OLD TABLE AS before_rows NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_calendar_changes();
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP TRIGGER calendars_of_bookings ON appointments;
		DROP TRIGGER calendars_of_changes ON appointments;
		DROP FUNCTION note_calendar_changes;
		DROP TABLE calendar_changes, calendar_links;
	`)

const onlyWrites = 'it writes only to the new table, and nothing without a link'

/** How the version before survives. */
export const survives = {
	'trigger appointments.calendars_of_bookings is new or different': onlyWrites,
	'trigger appointments.calendars_of_changes is new or different': onlyWrites,
}
