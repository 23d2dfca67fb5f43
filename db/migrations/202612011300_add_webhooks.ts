import type { Knex } from 'knex'

/**
 * Webhooks: who is told, and what is still to be told. Triggers write deliveries in the transaction that caused the event, once a
 * statement, so that a clinic without webhooks pays for one look into an empty table. Payloads hold ids and times, no names.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE webhook_endpoints (
			id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			url               text NOT NULL,
			events            text[] NOT NULL CHECK (cardinality(events) > 0),
			secret            bytea NOT NULL,
			former_secret     bytea,
			former_until      timestamptz,
			status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
			disabled_at       timestamptz,
			disabled_because  text CHECK (disabled_because IN ('admin', 'gone', 'failing')),
			failing_since     timestamptz,
			created_by        bigint NOT NULL REFERENCES users (id),
			created_at        timestamptz NOT NULL DEFAULT now(),
			updated_at        timestamptz NOT NULL DEFAULT now(),
			CHECK ((former_secret IS NULL) = (former_until IS NULL)),
			CHECK ((status = 'disabled') = (disabled_at IS NOT NULL AND disabled_because IS NOT NULL))
		);

		CREATE TABLE webhook_deliveries (
			id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			endpoint_id   bigint NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
			message_id    uuid NOT NULL DEFAULT gen_random_uuid(),
			event         text NOT NULL,
			subject       text NOT NULL,
			payload       jsonb NOT NULL,
			status        text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'failed')),
			attempts      int NOT NULL DEFAULT 0,
			answer_code   int,
			last_error    text,
			retry_at      timestamptz NOT NULL DEFAULT now(),
			leased_until  timestamptz NOT NULL DEFAULT now(),
			created_at    timestamptz NOT NULL DEFAULT now(),
			settled_at    timestamptz
		);
		CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, subject, id) WHERE status = 'due';
		CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id);

		CREATE FUNCTION webhook_instant(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
			SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
		$$;

		CREATE FUNCTION write_webhook_event(event text, subject text, data jsonb) RETURNS void LANGUAGE sql AS $$
			INSERT INTO webhook_deliveries (endpoint_id, event, subject, payload)
			SELECT e.id, $1, $2, jsonb_build_object('type', $1, 'timestamp', webhook_instant(clock_timestamp()), 'data', $3)
			FROM webhook_endpoints e
			WHERE e.status = 'active' AND e.events && ARRAY[$1, split_part($1, '.', 1) || '.*']
			ORDER BY e.id
		$$;

		CREATE FUNCTION note_appointments_for_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			change record;
		BEGIN
			IF NOT EXISTS (SELECT FROM webhook_endpoints WHERE status = 'active') THEN RETURN NULL; END IF;
			IF TG_OP = 'INSERT' THEN
				FOR change IN
					SELECT id, doctor_id, patient_id, type_id, starts_at, ends_at, status, kind, sequence,
					       ARRAY['appointment.booked'] AS events, '{}'::jsonb AS before
					FROM now_rows ORDER BY id
				LOOP
					PERFORM note_appointment_for_webhooks(change);
				END LOOP;
			ELSE
				FOR change IN
					SELECT n.id, n.doctor_id, n.patient_id, n.type_id, n.starts_at, n.ends_at, n.status, n.kind, n.sequence,
					       array_remove(ARRAY[
					           CASE WHEN (n.doctor_id, n.starts_at, n.ends_at) IS DISTINCT FROM (b.doctor_id, b.starts_at, b.ends_at)
					                THEN 'appointment.rescheduled' END,
					           CASE WHEN n.status <> b.status
					                THEN CASE n.status WHEN 'cancelled' THEN 'appointment.cancelled' ELSE 'appointment.status' END END
					       ], NULL) AS events,
					       jsonb_build_object(
					           'status', b.status,
					           'doctorId', b.doctor_id::text,
					           'startsAt', webhook_instant(b.starts_at),
					           'endsAt', webhook_instant(b.ends_at)
					       ) AS before
					FROM now_rows n
					JOIN before_rows b ON b.id = n.id
					WHERE (n.doctor_id, n.starts_at, n.ends_at, n.status) IS DISTINCT FROM (b.doctor_id, b.starts_at, b.ends_at, b.status)
					ORDER BY n.id
				LOOP
					PERFORM note_appointment_for_webhooks(change);
				END LOOP;
			END IF;
			RETURN NULL;
		END $$;

		CREATE FUNCTION note_appointment_for_webhooks(change record) RETURNS void LANGUAGE plpgsql AS $$
		DECLARE
			event text;
		BEGIN
			FOREACH event IN ARRAY change.events LOOP
				PERFORM write_webhook_event(event, 'appointment:' || change.id, jsonb_strip_nulls(jsonb_build_object(
					'id', change.id::text,
					'doctorId', change.doctor_id::text,
					'patientId', change.patient_id::text,
					'typeId', change.type_id::text,
					'startsAt', webhook_instant(change.starts_at),
					'endsAt', webhook_instant(change.ends_at),
					'status', change.status,
					'kind', change.kind,
					'sequence', change.sequence,
					'before', nullif(change.before, '{}')
				)));
			END LOOP;
		END $$;

		CREATE FUNCTION note_patients_for_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF NOT EXISTS (SELECT FROM webhook_endpoints WHERE status = 'active') THEN RETURN NULL; END IF;
			IF TG_OP = 'INSERT' THEN
				PERFORM write_webhook_event('patient.created', 'patient:' || id, jsonb_build_object('id', id::text)) FROM now_rows;
			ELSE
				PERFORM write_webhook_event(
					CASE WHEN n.erased_at IS NOT NULL THEN 'patient.erased' ELSE 'patient.updated' END,
					'patient:' || n.id, jsonb_build_object('id', n.id::text))
				FROM now_rows n
				JOIN before_rows b ON b.id = n.id
				WHERE (n.erased_at IS NOT NULL AND b.erased_at IS NULL)
				   OR (n.erasure_asked_at IS NULL
				       AND (n.full_name, n.phone, n.email, n.birth_date) IS DISTINCT FROM (b.full_name, b.phone, b.email, b.birth_date));
			END IF;
			RETURN NULL;
		END $$;

		CREATE TRIGGER webhooks_of_bookings AFTER INSERT ON appointments
			REFERENCING NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_appointments_for_webhooks();
		CREATE TRIGGER webhooks_of_changes AFTER UPDATE ON appointments
			REFERENCING OLD TABLE AS before_rows NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_appointments_for_webhooks();
		CREATE TRIGGER webhooks_of_new_patients AFTER INSERT ON patients
			REFERENCING NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_patients_for_webhooks();
		CREATE TRIGGER webhooks_of_patients AFTER UPDATE ON patients
			REFERENCING OLD TABLE AS before_rows NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION note_patients_for_webhooks();
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP TRIGGER webhooks_of_bookings ON appointments;
		DROP TRIGGER webhooks_of_changes ON appointments;
		DROP TRIGGER webhooks_of_new_patients ON patients;
		DROP TRIGGER webhooks_of_patients ON patients;
		DROP FUNCTION note_appointments_for_webhooks, note_patients_for_webhooks, note_appointment_for_webhooks, write_webhook_event, webhook_instant;
		DROP TABLE webhook_deliveries, webhook_endpoints;
	`)

const onlyWrites = 'it writes only to the new tables, and nothing without an endpoint'

/** How the version before survives. */
export const survives = {
	'trigger appointments.webhooks_of_bookings is new or different': onlyWrites,
	'trigger appointments.webhooks_of_changes is new or different': onlyWrites,
	'trigger patients.webhooks_of_new_patients is new or different': onlyWrites,
	'trigger patients.webhooks_of_patients is new or different': onlyWrites,
}
