import type { Knex } from 'knex'

export function up(knex: Knex) {
	return knex.raw(`
		CREATE TABLE notification_queue (
			id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			appointment_id       bigint NOT NULL REFERENCES appointments (id),
			appointment_sequence integer NOT NULL,
			channel              text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
			lead_minutes         integer NOT NULL,
			due_at               timestamptz NOT NULL,
			status               text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'sent', 'failed', 'void')),
			attempts             integer NOT NULL DEFAULT 0,
			leased_until         timestamptz,
			sent_at              timestamptz,
			last_error           text,
			created_at           timestamptz NOT NULL DEFAULT now(),
			CONSTRAINT notification_queue_once UNIQUE (appointment_id, appointment_sequence, channel, lead_minutes)
		);
		CREATE INDEX notification_queue_due ON notification_queue (due_at) WHERE status = 'due';

		CREATE TABLE push_subscriptions (
			id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			user_id    bigint NOT NULL REFERENCES users (id),
			endpoint   text NOT NULL UNIQUE,
			p256dh     text NOT NULL,
			auth       text NOT NULL,
			created_at timestamptz NOT NULL DEFAULT now()
		);
		CREATE INDEX push_subscriptions_of_user ON push_subscriptions (user_id);
	`)
}

export const down = (knex: Knex) => knex.raw(`DROP TABLE push_subscriptions, notification_queue`)
