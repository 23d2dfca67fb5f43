import type { Knex } from 'knex'

/** Patients to call later, because their visit lies beyond the days that are open yet. */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE TABLE recalls (
			id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			patient_id bigint NOT NULL REFERENCES patients (id),
			type_id    bigint REFERENCES appointment_types (id),
			doctor_id  bigint REFERENCES doctors (id),
			due_on     date NOT NULL,
			note       text,
			status     text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'booked', 'dropped')),
			created_by bigint NOT NULL REFERENCES users (id),
			created_at timestamptz NOT NULL DEFAULT now(),
			updated_at timestamptz NOT NULL DEFAULT now()
		);
		CREATE INDEX recalls_by_due ON recalls (due_on, id) WHERE status = 'waiting';
		CREATE INDEX recalls_of_patient ON recalls (patient_id);
	`)

export const down = (knex: Knex) => knex.raw('DROP TABLE recalls')
