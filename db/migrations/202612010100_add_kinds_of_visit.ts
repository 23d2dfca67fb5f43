import type { Knex } from 'knex'

/** Why the version before, which may still be running, is not stopped by what is more than an addition. */
export const survives = {
	'constraint appointments.appointments_doctor_overlap is new or different': 'it writes visits in slots only, which are counted as before',
	'constraint appointments.appointments_kind_check is new or different': 'it leaves the column out, and the default is allowed',
	'constraint appointments.appointments_exceptions_explained is new or different':
		'it leaves the columns out, which is allowed for a visit in a slot',
	'constraint appointments.appointments_allowed_by_fkey is new or different': 'it leaves the column out, and null is allowed',
}

/**
 * Visits outside or on top of slots: an extra visit, which a person allowed for a reason, and a walk-in. The referee of doctors' time
 * names the kind that it counts; the referee of patients' time counts every kind. A visit that moved from beside the slots into one
 * keeps who allowed it and why.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		ALTER TABLE appointments
			ADD COLUMN kind text NOT NULL DEFAULT 'slot' CHECK (kind IN ('slot', 'extra', 'walk_in')),
			ADD COLUMN extra_reason text,
			ADD COLUMN allowed_by bigint REFERENCES users (id),
			ADD CONSTRAINT appointments_exceptions_explained
				CHECK (kind = 'slot' OR (allowed_by IS NOT NULL AND (kind = 'walk_in' OR extra_reason IS NOT NULL))),
			DROP CONSTRAINT appointments_doctor_overlap,
			ADD CONSTRAINT appointments_doctor_overlap
				EXCLUDE USING gist (doctor_id WITH =, during WITH &&) WHERE (status NOT IN ('cancelled', 'no_show') AND kind = 'slot');
		CREATE INDEX appointments_beside_slots ON appointments (doctor_id, starts_at) WHERE kind <> 'slot';

		-- Refuses a batch that would give a patient more visits to come than the clinic's policy allows. The statement that calls it
		-- has locked the patients, so that batches of several doctors count one after the other.
		CREATE FUNCTION expect_upcoming_limit(patients jsonb, visit_limit int, written bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
		DECLARE
			patient bigint;
			visits bigint;
		BEGIN
			FOR patient IN SELECT DISTINCT value::bigint FROM jsonb_array_elements_text(patients) ORDER BY 1 LOOP
				SELECT count(*) INTO visits
				FROM appointments
				WHERE patient_id = patient AND starts_at > now() AND status IN ('booked', 'checked_in');
				IF visits > visit_limit THEN
					RAISE EXCEPTION 'visits to come: at most %, found %', visit_limit, visits USING ERRCODE = 'LS003';
				END IF;
			END LOOP;
		END $$;

		-- Refuses a batch that books a doctor who no longer practises, or a type that is archived. An admin who disables
		-- or archives waits for these locks, and then finds the visits.
		CREATE FUNCTION expect_offered(doctors jsonb, types jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
		DECLARE
			id_ bigint;
		BEGIN
			FOR id_ IN SELECT DISTINCT value::bigint FROM jsonb_array_elements_text(doctors) ORDER BY 1 LOOP
				PERFORM FROM users WHERE id = id_ AND role = 'doctor' AND status = 'active' FOR KEY SHARE;
				IF NOT FOUND THEN RAISE EXCEPTION 'doctor % does not practise', id_ USING ERRCODE = 'LS004'; END IF;
			END LOOP;
			FOR id_ IN SELECT DISTINCT value::bigint FROM jsonb_array_elements_text(types) ORDER BY 1 LOOP
				PERFORM FROM appointment_types WHERE id = id_ AND archived_at IS NULL FOR KEY SHARE;
				IF NOT FOUND THEN RAISE EXCEPTION 'type % is archived', id_ USING ERRCODE = 'LS005'; END IF;
			END LOOP;
		END $$;
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP FUNCTION expect_offered, expect_upcoming_limit;
		DROP INDEX appointments_beside_slots;
		ALTER TABLE appointments
			DROP CONSTRAINT appointments_doctor_overlap,
			ADD CONSTRAINT appointments_doctor_overlap
				EXCLUDE USING gist (doctor_id WITH =, during WITH &&) WHERE (status NOT IN ('cancelled', 'no_show')),
			DROP CONSTRAINT appointments_exceptions_explained,
			DROP COLUMN allowed_by, DROP COLUMN extra_reason, DROP COLUMN kind;
	`)
