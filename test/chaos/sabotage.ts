import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Db } from '../../server/platform/database/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const place = path.join(root, 'node_modules', '.cache', 'without-locks')

/**
 * Copies the build and lets every node take a lease from its owner, so that leases exclude no node from deciding and
 * writing. Still only the latest owner publishes, because no constraint can mend a wrong order. Returns the program to run.
 */
export function buildWithoutLocks(): string {
	rmSync(place, { recursive: true, force: true })
	mkdirSync(place, { recursive: true })
	for (const part of ['dist', 'package.json']) cpSync(path.join(root, part), path.join(place, part), { recursive: true })
	const server = path.join(place, 'dist', 'server')
	replaceIn(path.join(server, 'platform', 'mailbox', 'lease.lua'), `'PX', lease_ms, 'NX')`, `'PX', lease_ms)`)
	replaceIn(path.join(server, 'slots', 'claim.lua'), 'not lease_holds(KEYS[1], token)', 'false')
	// The rules no longer notice that the patient of an extra visit is elsewhere at that time.
	replaceIn(path.join(server, 'booking', 'rules.js'), "isPatientBusy(request.patientId, span) ? refuse('patient_overlap') :", '')
	return path.join(server, 'main.js')
}

/** Counts extra visits and walk-ins of doctors to come as a doctor's time, as if they were visits in slots. */
export async function countVisitsBesideSlots(db: Db): Promise<void> {
	const { rows } = await db.raw('SELECT max(id) AS latest FROM users')
	await db.raw(`
		ALTER TABLE appointments DROP CONSTRAINT appointments_doctor_overlap,
			ADD CONSTRAINT appointments_doctor_overlap EXCLUDE USING gist (doctor_id WITH =, during WITH &&)
				WHERE (status NOT IN ('cancelled', 'no_show') AND (kind = 'slot' OR doctor_id > ${rows[0].latest}))`)
}

/** Lets PostgreSQL write extra visits an hour too late, and forget why they were allowed. */
export async function misplaceExtraVisits(db: Db): Promise<void> {
	await db.raw(`
		ALTER TABLE appointments DROP CONSTRAINT appointments_exceptions_explained;
		CREATE FUNCTION misplace() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			NEW.starts_at := NEW.starts_at + interval '1 hour';
			NEW.ends_at := NEW.ends_at + interval '1 hour';
			NEW.extra_reason := NULL;
			RETURN NEW;
		END $$;
		CREATE TRIGGER misplace BEFORE INSERT ON appointments FOR EACH ROW WHEN (NEW.kind = 'extra') EXECUTE FUNCTION misplace()`)
}

/** Drops the referee of patients' time. */
export const dropRefereeOfPatients = (db: Db): Promise<void> =>
	db.raw('ALTER TABLE appointments DROP CONSTRAINT appointments_patient_overlap')

/** Drops what referees in PostgreSQL: exclusion constraints, unique keys, and checks of counts. */
export async function dropReferee(db: Db): Promise<void> {
	const { rows } = await db.raw(`
		SELECT conname, conrelid::regclass AS of FROM pg_constraint
		WHERE conrelid IN ('appointments'::regclass, 'booking_requests'::regclass)
			AND (contype IN ('x', 'u') OR (contype = 'p' AND conrelid = 'booking_requests'::regclass))`)
	for (const { conname, of } of rows) await db.raw('ALTER TABLE ?? DROP CONSTRAINT ??', [of, conname])
	await db.raw(`CREATE OR REPLACE FUNCTION expect_count(what text, expected bigint, actual bigint) RETURNS void LANGUAGE sql AS 'SELECT'`)
}

function replaceIn(file: string, before: string, after: string) {
	const whole = readFileSync(file, 'utf8')
	if (!whole.includes(before)) throw new Error(`${file} has no ${before} to sabotage`)
	writeFileSync(file, whole.replace(before, after))
}
