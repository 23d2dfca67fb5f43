import type { Knex } from 'knex'

/** Identifiers that other systems bring for patients and appointments, and the public keys of programs that sign their requests. */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE external_identifiers (
			id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			system         text NOT NULL,
			value          text NOT NULL,
			patient_id     bigint REFERENCES patients (id),
			appointment_id bigint REFERENCES appointments (id),
			created_at     timestamptz NOT NULL DEFAULT now(),
			CHECK (num_nonnulls(patient_id, appointment_id) = 1)
		);
		CREATE UNIQUE INDEX external_identifiers_of_patients ON external_identifiers (system, value) WHERE patient_id IS NOT NULL;
		CREATE UNIQUE INDEX external_identifiers_of_appointments ON external_identifiers (system, value, appointment_id)
			WHERE appointment_id IS NOT NULL;
		CREATE INDEX external_identifiers_by_patient ON external_identifiers (patient_id) WHERE patient_id IS NOT NULL;
		CREATE INDEX external_identifiers_by_appointment ON external_identifiers (appointment_id) WHERE appointment_id IS NOT NULL;

		ALTER TABLE api_clients
			ADD COLUMN jwks jsonb,
			ADD COLUMN jwks_url text;
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		ALTER TABLE api_clients DROP COLUMN jwks, DROP COLUMN jwks_url;
		DROP TABLE external_identifiers;
	`)
