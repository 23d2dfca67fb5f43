import type { DbOrTx } from '../../server/platform/database/database.ts'

export const largeDoctors = 1000
export const largeSites = 50
export const doctorsAtSite = largeDoctors / largeSites

/** Fifty sites with twenty doctors each, who have hours there. */
export const aLargeClinic = async (db: DbOrTx): Promise<void> => {
	await db.raw(`
		INSERT INTO sites (name, time_zone, address)
		SELECT 'Site ' || to_char(i, 'FM000'), 'UTC',
			jsonb_build_object('line', i || ' High Street', 'city', 'City ' || to_char(i, 'FM00'), 'country', 'DE')
		FROM generate_series(1, ${largeSites}) i;

		WITH accounts AS (
			INSERT INTO users (email, full_name, role, status)
			SELECT 'd' || i || '@large.example', 'Doctor ' || to_char(i, 'FM0000'), 'doctor', 'active' FROM generate_series(0, ${largeDoctors - 1}) i
			RETURNING id, right(full_name, 4)::integer AS number
		), calendars AS (
			INSERT INTO doctors (id, specialty, time_zone) SELECT id, 'Specialty ' || number % 10, 'UTC' FROM accounts RETURNING id
		)
		INSERT INTO schedule_plans (doctor_id, site_id, slot_minutes, weekly, valid_from)
		SELECT accounts.id, s.id, 30,
			(SELECT jsonb_agg(jsonb_build_object('weekday', day, 'start', '09:00', 'end', '12:00')) FROM generate_series(1, 7) day), '2020-01-01'
		FROM accounts
		JOIN calendars USING (id)
		JOIN sites s ON s.name = 'Site ' || to_char(number % ${largeSites} + 1, 'FM000');
	`)
}
