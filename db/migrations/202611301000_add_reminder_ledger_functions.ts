import type { Knex } from 'knex'

/**
 * The rules of the reminder ledger, for every statement that writes it.
 *
 * `changes` are visits after a change: an array of `{id, sequence, patient_id, starts_at, kind}`, where `kind` says which messages
 * the patient receives:
 * - `booked`, `rescheduled`: at once, and reminders before the visit
 * - `cancelled`: at once
 * - `reminders`: reminders only
 * - `status`: nothing
 *
 * The caller passes the rows, because a function does not see what the statement around it writes.
 */
export function up(knex: Knex) {
	return knex.raw(`
		-- One SELECT without STRICT, so that PostgreSQL plans it as a part of the statement that uses it.
		CREATE FUNCTION messages_to_patients(changes jsonb, channels text[], lead_minutes integer[])
		RETURNS TABLE (appointment_id bigint, appointment_sequence integer, channel text, kind text, lead integer, due_at timestamptz)
		LANGUAGE sql STABLE AS $$
			WITH told AS (
				SELECT change.*, channel
				FROM jsonb_to_recordset(changes)
					AS change (id bigint, sequence integer, patient_id bigint, starts_at timestamptz, kind text)
				JOIN patients p ON p.id = change.patient_id
				CROSS JOIN unnest(channels) AS channel
				WHERE change.kind <> 'status' AND CASE channel
					WHEN 'email' THEN p.notify_email AND p.email IS NOT NULL
					WHEN 'sms' THEN p.notify_sms AND p.phone IS NOT NULL
					WHEN 'push' THEN p.notify_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.user_id = p.user_id)
				END
			)
			SELECT id, sequence, channel, kind, -1, now() FROM told WHERE kind <> 'reminders'
			UNION ALL
			-- A lead time that has passed is skipped: what the reminder would say is said at once.
			SELECT id, sequence, channel, 'reminder', lead, starts_at - make_interval(mins => lead)
			FROM told CROSS JOIN unnest(lead_minutes) AS lead
			WHERE kind <> 'cancelled' AND starts_at - make_interval(mins => lead) > now()
		$$;

		-- Writes what patients are told of changes, and voids what they were to be told before. Returns how many messages it wrote.
		CREATE FUNCTION write_reminder_ledger(changes jsonb, channels text[], lead_minutes integer[]) RETURNS bigint
		LANGUAGE plpgsql STRICT AS $$
		DECLARE
			written bigint;
		BEGIN
			-- Of a visit that was just booked there is nothing older.
			IF changes @@ '$[*].sequence > 0' THEN
				-- When only the status changes, messages that wait, and failed ones that may be tried again, stay valid.
				UPDATE notification_queue n
				SET appointment_sequence = change.sequence
				FROM jsonb_to_recordset(changes) AS change (id bigint, sequence integer, kind text)
				WHERE change.kind = 'status' AND n.appointment_id = change.id AND n.appointment_sequence = change.sequence - 1
				  AND n.status IN ('due', 'failed');

				-- Others are void. One that had failed before the visit moved, and is tried again since, is void at the next change.
				UPDATE notification_queue n
				SET status = 'void', settled_at = now(),
					last_error = CASE change.kind WHEN 'status' THEN 'the visit had moved' ELSE 'the visit was ' || change.kind END
				FROM jsonb_to_recordset(changes) AS change (id bigint, sequence integer, kind text)
				WHERE n.appointment_id = change.id AND n.appointment_sequence < change.sequence AND n.status = 'due';
			END IF;

			-- Quiet hours do not concern mail; for other channels the dispatcher looks at them later.
			INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, kind, lead_minutes, due_at, is_planned)
			SELECT appointment_id, appointment_sequence, channel, kind, lead, due_at, channel = 'email'
			FROM messages_to_patients(changes, channels, lead_minutes);
			GET DIAGNOSTICS written = ROW_COUNT;
			RETURN written;
		END
		$$
	`)
}

export const down = (knex: Knex) => knex.raw('DROP FUNCTION write_reminder_ledger, messages_to_patients')
