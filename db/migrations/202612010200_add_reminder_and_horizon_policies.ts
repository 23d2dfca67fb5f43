import type { Knex } from 'knex'

/** Why the previous version, which may still be running, survives the changes that are more than additions. */
export const survives = {
	'constraint clinic.clinic_slot_days_ahead_check is new or different': 'it leaves the column out, and null is allowed',
}

/**
 * How long before visits patients are reminded, and how far ahead slots are generated, as the clinic wants them. The ledger's function
 * reads the leads itself: whatever node a booking is written by, it follows the last change that was committed.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		ALTER TABLE clinic
			-- Null: as the server was started, with REMINDER_MINUTES and SLOT_DAYS_AHEAD.
			ADD COLUMN reminder_minutes integer[],
			ADD COLUMN slot_days_ahead integer CHECK (slot_days_ahead BETWEEN 1 AND 366);
		${messagesToPatients('coalesce((SELECT reminder_minutes FROM clinic), lead_minutes)')}
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		${messagesToPatients('lead_minutes')}
		ALTER TABLE clinic DROP COLUMN reminder_minutes, DROP COLUMN slot_days_ahead;
	`)

/** One SELECT without STRICT, so that PostgreSQL plans it as a part of the statement that uses it. */
function messagesToPatients(leads: string): string {
	return `
		CREATE OR REPLACE FUNCTION messages_to_patients(changes jsonb, channels text[], lead_minutes integer[])
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
			FROM told CROSS JOIN unnest(${leads}) AS lead
			WHERE kind <> 'cancelled' AND starts_at - make_interval(mins => lead) > now()
		$$;
	`
}
