import type { Knex } from 'knex'

/** Why the previous version, which may still be running, survives the changes that are more than additions. */
export const survives = {
	'constraint notification_queue.notification_queue_kind_check is new or different': 'it leaves the column out, and the default is allowed',
	'constraint notification_queue.notification_queue_lead_check is new or different': 'it writes reminders only, none after the start',
	'constraint notification_queue.notification_queue_status_check is new or different': 'one more status is allowed',
	'constraint patients.patients_language_check is new or different': 'it leaves the column out, and the default is allowed',
}

/**
 * Turns the queue into a ledger that the desk can read: immediate messages beside reminders, with the columns that a dispatcher needs.
 * A row is due at the latest of `due_at`, `retry_at` and `leased_until`, which one index finds.
 */
export function up(knex: Knex) {
	return knex.raw(`
		ALTER TABLE notification_queue
			ADD COLUMN kind text NOT NULL DEFAULT 'reminder' CHECK (kind IN ('reminder', 'booked', 'rescheduled', 'cancelled')),
			ADD COLUMN retry_at timestamptz,
			ADD COLUMN provider_id text,
			ADD COLUMN settled_at timestamptz,
			-- False until quiet hours have been looked at, which is not done while somebody waits for a booking.
			ADD COLUMN is_planned boolean NOT NULL DEFAULT true,
			DROP CONSTRAINT notification_queue_status_check,
			ADD CONSTRAINT notification_queue_status_check CHECK (status IN ('due', 'sent', 'failed', 'void', 'skipped')),
			-- Notices at once have the lead -1.
			ADD CONSTRAINT notification_queue_lead_check CHECK ((kind = 'reminder') = (lead_minutes >= 0));

		DROP INDEX notification_queue_due;
		CREATE INDEX notification_queue_turn ON notification_queue (channel, (greatest(due_at, retry_at, leased_until)))
			WHERE status = 'due' AND is_planned;
		CREATE INDEX notification_queue_unplanned ON notification_queue (id) WHERE status = 'due' AND NOT is_planned;
		CREATE INDEX notification_queue_settled ON notification_queue (settled_at) WHERE status <> 'due';

		ALTER TABLE patients
			ADD COLUMN notify_email boolean NOT NULL DEFAULT true,
			ADD COLUMN notify_sms boolean NOT NULL DEFAULT true,
			ADD COLUMN notify_push boolean NOT NULL DEFAULT true,
			ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'es', 'de', 'ar')),
			-- Null is the doctor's.
			ADD COLUMN time_zone text;

		-- When the patient said, from a message, that they will come. A visit that moves is to be confirmed again.
		ALTER TABLE appointments ADD COLUMN confirmed_at timestamptz;

		CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
		CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);
	`)
}

export function down(knex: Knex) {
	return knex.raw(`
		DROP INDEX refresh_tokens_by_expiry, password_resets_by_expiry;
		ALTER TABLE appointments DROP COLUMN confirmed_at;
		ALTER TABLE patients
			DROP COLUMN notify_email, DROP COLUMN notify_sms, DROP COLUMN notify_push, DROP COLUMN language, DROP COLUMN time_zone;
		DELETE FROM notification_queue WHERE kind <> 'reminder' OR status = 'skipped';
		DROP INDEX notification_queue_turn, notification_queue_unplanned, notification_queue_settled;
		ALTER TABLE notification_queue
			DROP CONSTRAINT notification_queue_lead_check,
			DROP CONSTRAINT notification_queue_status_check,
			DROP COLUMN kind, DROP COLUMN retry_at, DROP COLUMN provider_id, DROP COLUMN settled_at, DROP COLUMN is_planned,
			ADD CONSTRAINT notification_queue_status_check CHECK (status IN ('due', 'sent', 'failed', 'void'));
		CREATE INDEX notification_queue_due ON notification_queue (due_at) WHERE status = 'due';
	`)
}
