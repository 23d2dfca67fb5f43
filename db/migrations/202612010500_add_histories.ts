import type { Knex } from 'knex'

/** Why the previous version, which may still be running, survives the changes that are more than additions. */
export const survives = {
	'constraint notification_queue.notification_queue_kind_check is new or different': 'one more kind is allowed',
	'constraint notification_queue.notification_queue_list_message_id_fkey is new or different':
		'it leaves the column out, and null is allowed',
}

/**
 * What happened to slots and visits, for whom staff ask: holds of the last weeks, entries of the audit log by patient and by the place
 * that a visit left, messages that the desk writes to the visits of a list, and messages that wait while an act can be undone.
 */
export async function up(knex: Knex) {
	await knex.raw(`
		-- Who held which slot, and how the hold ended. Without foreign keys: a batch must not fail because of one row.
		CREATE TABLE hold_history (
			id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			doctor_id bigint NOT NULL,
			starts_at timestamptz NOT NULL,
			at        timestamptz NOT NULL,
			what      text NOT NULL CHECK (what IN ('held', 'released', 'expired')),
			user_id   bigint NOT NULL
		);
		CREATE INDEX hold_history_of_slot ON hold_history (doctor_id, starts_at, at);
		CREATE INDEX hold_history_of_user ON hold_history (user_id, at);
		CREATE INDEX hold_history_by_age ON hold_history USING brin (at);

		-- Entries that name a patient beside the thing that they are about.
		CREATE INDEX audit_log_by_patient ON audit_log ((details ->> 'patientId')) WHERE (details ->> 'patientId') IS NOT NULL;
		-- Visits that left a place, by that place.
		CREATE INDEX audit_log_by_place_left ON audit_log ((details -> 'from' ->> 'doctorId'), (details -> 'from' ->> 'startsAt'))
			WHERE (details -> 'from' ->> 'startsAt') IS NOT NULL;

		-- How often the visit moved.
		ALTER TABLE appointments ADD COLUMN moves integer NOT NULL DEFAULT 0;

		-- What the desk wrote to the visits of a list. Each of its messages is a row of the ledger.
		CREATE TABLE list_messages (
			id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			text            text NOT NULL,
			written_by      bigint NOT NULL REFERENCES users (id),
			idempotency_key text NOT NULL,
			fingerprint     text NOT NULL,
			visits          integer NOT NULL DEFAULT 0,
			messages        integer NOT NULL DEFAULT 0,
			written_at      timestamptz NOT NULL DEFAULT now(),
			CONSTRAINT list_messages_once UNIQUE (written_by, idempotency_key)
		);
		ALTER TABLE notification_queue
			ADD COLUMN list_message_id bigint REFERENCES list_messages (id),
			DROP CONSTRAINT notification_queue_kind_check,
			ADD CONSTRAINT notification_queue_kind_check CHECK (kind IN ('reminder', 'booked', 'rescheduled', 'cancelled', 'notice'));
		CREATE INDEX notification_queue_of_list ON notification_queue (list_message_id) WHERE list_message_id IS NOT NULL;
	`)
	for (const [name, changes] of Object.entries(ledgerChanges)) await rewrite(knex, name, changes)
}

export async function down(knex: Knex) {
	for (const [name, changes] of Object.entries(ledgerChanges))
		await rewrite(
			knex,
			name,
			changes.map(([before, after]) => [after, before]),
		)
	await knex.raw(`
		DELETE FROM notification_queue WHERE kind = 'notice';
		ALTER TABLE notification_queue
			DROP COLUMN list_message_id,
			DROP CONSTRAINT notification_queue_kind_check,
			ADD CONSTRAINT notification_queue_kind_check CHECK (kind IN ('reminder', 'booked', 'rescheduled', 'cancelled'));
		DROP TABLE list_messages;
		ALTER TABLE appointments DROP COLUMN moves;
		DROP INDEX audit_log_by_patient, audit_log_by_place_left;
		DROP TABLE hold_history;
	`)
}

type Change = readonly [before: string, after: string]

/**
 * The rules of the reminder ledger (202611301000) learn a field and two words of a change: `wait_seconds`, for which messages at once
 * wait because the desk may undo what they tell, and the kinds `undone` (nothing is sent) and `reminders` (only reminders are), which
 * void what waits.
 */
const ledgerChanges: Record<string, readonly Change[]> = {
	messages_to_patients: [
		['starts_at timestamptz, kind text)', 'starts_at timestamptz, kind text, wait_seconds integer)'],
		[`change.kind <> 'status'`, `change.kind NOT IN ('status', 'undone')`],
		['-1, now() FROM told', '-1, now() + make_interval(secs => coalesce(wait_seconds, 0)) FROM told'],
	],
	write_reminder_ledger: [
		[
			`THEN 'the visit had moved' ELSE`,
			`THEN 'the visit had moved' WHEN 'undone' THEN 'the change was undone' WHEN 'reminders' THEN 'the change was undone' ELSE`,
		],
	],
}

/** Changes parts of a function, whatever other migrations made of the rest. */
async function rewrite(knex: Knex, name: string, changes: readonly Change[]) {
	const { rows } = await knex.raw('SELECT pg_get_functiondef(?::regproc) AS text', [name])
	let text: string = rows[0].text
	for (const [before, after] of changes) {
		if (!text.includes(before)) throw new Error(`${name} does not contain: ${before}`)
		text = text.replace(before, after)
	}
	// Question marks in the function would be parameters to knex.
	await knex.raw(text.replaceAll('?', '\\?'))
}
