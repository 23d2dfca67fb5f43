import type { AuditEntry } from '../../contract/index.ts'
import type { Db } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'

export type AuditRow = {
	id: string
	at: Date
	actor_id: string | null
	actor_name: string | null
	patient_id: string | null
	patient_name: string | null
	action: string
	entity: string
	entity_id: string | null
	ip: string | null
	request_id: string | null
	details: Record<string, unknown>
}

export function toAuditEntry(row: AuditRow): AuditEntry {
	return {
		id: row.id,
		at: row.at.toISOString(),
		actorId: row.actor_id,
		actorName: row.actor_name,
		action: row.action,
		entity: row.entity,
		entityId: row.entity_id,
		ip: row.ip,
		requestId: row.request_id,
		...(row.patient_id !== null && { patientId: row.patient_id, patientName: row.patient_name ?? '' }),
		details: row.details,
	}
}

export type AuditFilter = {
	/** Dates in UTC, both inclusive. */
	from?: string
	to?: string
	/** An id, or part of a name or e-mail address. */
	actor?: string
	/** `patient`, or `patient:17`. */
	entity?: string
	/** Entries about the patient: the file, its account, visits, and whatever names the patient. */
	patientId?: string | undefined
	/** Only entries older than this one. */
	beforeId?: string
	limit: number
}

/** Newest first. Reads one row more than `limit`, which shows whether there is a next page. */
export async function readAudit(db: Db, filter: AuditFilter): Promise<AuditRow[]> {
	return await db('audit_log as l')
		.leftJoin('users as u', 'u.id', 'l.actor_id')
		.select('l.id', 'l.at', 'l.actor_id', 'u.full_name as actor_name', 'l.action', 'l.entity', 'l.entity_id', 'l.ip', 'l.request_id')
		// The entry's own word comes first; entries of older versions name a visit only.
		.joinRaw(
			`LEFT JOIN appointments AS a ON l.entity = 'appointment' AND l.details ->> 'patientId' IS NULL AND a.id = ${idIn('l.entity_id')}`,
		)
		.joinRaw(`LEFT JOIN patients AS p ON p.id = CASE l.entity WHEN 'patient' THEN ${idIn('l.entity_id')}
			ELSE coalesce(${idIn(`l.details ->> 'patientId'`)}, a.patient_id) END`)
		.select('l.details', 'p.id as patient_id', 'p.full_name as patient_name')
		.modify(rows => {
			if (filter.from) rows.whereRaw(`l.at >= ?::date::timestamp AT TIME ZONE 'UTC'`, [filter.from])
			if (filter.to) rows.whereRaw(`l.at < (?::date + 1)::timestamp AT TIME ZONE 'UTC'`, [filter.to])
			if (filter.actor && isDatabaseId(filter.actor)) rows.where('l.actor_id', filter.actor)
			else if (filter.actor) rows.whereRaw(`strpos(lower(concat_ws(' ', u.full_name, u.email)), lower(?)) > 0`, [filter.actor])
			if (filter.entity) {
				const { name, id } = splitEntity(filter.entity)
				rows.where('l.entity', name)
				if (id !== undefined) rows.where('l.entity_id', id)
			}
			if (filter.patientId) rows.whereRaw(aboutPatient, { patientId: filter.patientId })
			if (filter.beforeId) rows.where('l.id', '<', filter.beforeId)
		})
		.orderBy('l.id', 'desc')
		.limit(filter.limit + 1)
}

/** The id that a text is, so that an index finds it; null for texts that callers made up. */
const idIn = (text: string) => `CASE WHEN ${text} ~ '^[1-9][0-9]{0,17}$' THEN (${text})::bigint END`

const aboutPatient = `(
	l.details ->> 'patientId' = :patientId
	OR (l.entity = 'patient' AND l.entity_id = :patientId)
	OR (l.entity = 'user' AND l.entity_id = (SELECT user_id::text FROM patients WHERE id = :patientId::bigint))
	OR (l.entity = 'appointment' AND l.entity_id = ANY (ARRAY(SELECT id::text FROM appointments WHERE patient_id = :patientId::bigint)))
)`

function splitEntity(text: string): { name: string; id: string | undefined } {
	const colon = text.indexOf(':')
	return colon === -1 ? { name: text, id: undefined } : { name: text.slice(0, colon), id: text.slice(colon + 1) }
}
