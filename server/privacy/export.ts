import type { PersonalData } from '../../contract/index.ts'
import type { Tx } from '../platform/database/database.ts'

/** The person whose data is exported or erased: a patient file, and its account if there is one. */
export type Subject = { patientId: string; userId: string | null; role: string | null; isErasing: boolean }

/** Reads everything that the clinic keeps about a patient, as of one moment: the transaction must read one snapshot. */
export async function readPersonalData(trx: Tx, subject: Subject): Promise<PersonalData> {
	const { patientId, userId } = subject
	return {
		exportedAt: new Date().toISOString(),
		account: userId === null ? null : await readAccount(trx, userId),
		...(await readFile(trx, patientId)),
		...(await readFormerFiles(trx, patientId)),
		appointments: await readVisits(trx, subject),
		notifications: await readNotifications(trx, patientId),
		waitlist: await readWaitlist(trx, patientId),
		offers: await readOffers(trx, patientId),
		...(userId === null ? { devices: [], holds: [], sessions: [], passwordResets: [] } : await readAccountTraces(trx, userId)),
		recalls: await readRecalls(trx, patientId),
		identifiers: await readIdentifiers(trx, patientId),
		audit: await readAuditTrail(trx, subject),
	}
}

async function readAccount(trx: Tx, userId: string): Promise<PersonalData['account']> {
	const row = await trx('users').where({ id: userId }).first()
	const { id, email, full_name: fullName, role, status } = row
	return { id, email, fullName, ...given({ phone: row.phone as string | null }), role, status, ...kept(row) }
}

/** Drops the fields that are null or undefined. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as never
}

const kept = (row: { created_at: Date; updated_at: Date }) => ({ createdAt: instant(row.created_at), updatedAt: instant(row.updated_at) })

const instant = (at: Date): string => at.toISOString()

async function readFile(
	trx: Tx,
	patientId: string,
): Promise<Pick<PersonalData, 'patient' | 'notes' | 'tags' | 'mayBookOnline' | 'preferences'>> {
	const row = await trx('patients').where({ id: patientId }).first()
	const { phone, email, birth_date: birthDate, user_id: userId } = row as Record<string, string | null>
	return {
		patient: { id: row.id, fullName: row.full_name, ...given({ phone, email, birthDate, userId }), ...kept(row) },
		notes: row.notes ?? '',
		tags: row.tags,
		mayBookOnline: row.may_book_online,
		preferences: {
			email: row.notify_email,
			sms: row.notify_sms,
			push: row.notify_push,
			language: row.language,
			timeZone: row.time_zone,
		},
	}
}

async function readFormerFiles(trx: Tx, patientId: string): Promise<Pick<PersonalData, 'changes' | 'mergedFiles'>> {
	const changes = await trx('patient_changes').where({ patient_id: patientId }).orderBy('id').select('at', 'field', 'was', 'became')
	const merges = await trx('patient_merges')
		.whereIn('kept_id', await fileIds(trx, patientId))
		.orderBy('id')
		.select('merged_at', 'merged_file')
	return {
		changes: changes.map(({ at, field, was, became }) => ({ at: instant(at), field, from: was, to: became })),
		mergedFiles: merges.map(({ merged_at: at, merged_file: file }) => ({ mergedAt: instant(at), file: named(file) })),
	}
}

/** The columns that say something. */
const named = ({ search_name: _, phone_digits: __, ...file }: Record<string, unknown>) =>
	Object.fromEntries(Object.entries(file).filter(([, value]) => value !== null))

/** The ids of a file and of all files that became part of it. */
export async function fileIds(trx: Tx, patientId: string): Promise<string[]> {
	const { rows } = await trx.raw(
		`WITH RECURSIVE files (id) AS (
			SELECT ?::bigint UNION SELECT m.merged_id FROM files f JOIN patient_merges m ON m.kept_id = f.id
		) SELECT id::text FROM files`,
		[patientId],
	)
	return rows.map(({ id }: { id: string }) => id)
}

async function readVisits(trx: Tx, { patientId, userId }: Subject): Promise<PersonalData['appointments']> {
	const rows = await trx('appointments as a')
		.join('users as u', 'u.id', 'a.doctor_id')
		.join('doctors as d', 'd.id', 'a.doctor_id')
		.join('appointment_types as t', 't.id', 'a.type_id')
		.where('a.patient_id', patientId)
		.orderBy(['a.starts_at', 'a.id'])
		.select('a.*', 'u.full_name as doctor_name', 'd.specialty', 't.name as type_name')
	return rows.map(row => ({
		id: row.id,
		doctorName: row.doctor_name,
		specialty: row.specialty,
		typeName: row.type_name,
		startsAt: instant(row.starts_at),
		endsAt: instant(row.ends_at),
		status: row.status,
		...given({
			reason: row.reason,
			cancelReason: row.cancel_reason,
			extraReason: row.extra_reason,
			confirmedAt: row.confirmed_at && instant(row.confirmed_at),
		}),
		bookedBy: row.booked_by === userId ? 'you' : 'the clinic',
		...kept(row),
	}))
}

async function readNotifications(trx: Tx, patientId: string): Promise<PersonalData['notifications']> {
	const rows = await trx('notification_queue as n')
		.join('appointments as a', 'a.id', 'n.appointment_id')
		.leftJoin('list_messages as l', 'l.id', 'n.list_message_id')
		.where('a.patient_id', patientId)
		.orderBy('n.id')
		.select('n.*', 'l.text')
	return rows.map(row => ({
		id: row.id,
		appointmentId: row.appointment_id,
		kind: row.kind,
		channel: row.channel,
		...(row.kind === 'reminder' && { leadMinutes: row.lead_minutes }),
		dueAt: instant(row.due_at),
		status: row.status,
		attempts: row.attempts,
		...given({
			text: row.text as string | null,
			sentAt: row.sent_at && instant(row.sent_at),
			nextTryAt: row.retry_at && instant(row.retry_at),
			error: row.last_error,
		}),
	}))
}

async function readWaitlist(trx: Tx, patientId: string): Promise<PersonalData['waitlist']> {
	const rows = await trx('waitlist_entries as e')
		.join('appointment_types as t', 't.id', 'e.type_id')
		.where('e.patient_id', patientId)
		.orderBy('e.id')
		.select('e.*', 't.name as type_name')
	return rows.map(row => ({
		typeName: row.type_name,
		from: row.wanted_from,
		until: row.wanted_until,
		status: row.status,
		...given({ specialty: row.specialty as string | null }),
		...kept(row),
	}))
}

async function readOffers(trx: Tx, patientId: string): Promise<PersonalData['offers']> {
	const rows = await trx('slot_offers as o')
		.join('users as u', 'u.id', 'o.doctor_id')
		.where('o.patient_id', patientId)
		.orderBy('o.id')
		.select('o.*', 'u.full_name as doctor_name')
	const messages = await trx('notification_queue')
		.whereIn(
			'offer_id',
			rows.map(({ id }) => id),
		)
		.orderBy('id')
	return rows.map(row => ({
		doctorName: row.doctor_name,
		startsAt: instant(row.starts_at),
		status: row.status,
		why: row.why,
		createdAt: instant(row.created_at),
		...given({ expiresAt: row.expires_at && instant(row.expires_at) }),
		messages: messages
			.filter(({ offer_id: offerId }) => offerId === row.id)
			.map(each => ({ channel: each.channel, status: each.status, ...given({ sentAt: each.sent_at && instant(each.sent_at) }) })),
	}))
}

async function readRecalls(trx: Tx, patientId: string): Promise<PersonalData['recalls']> {
	const rows = await trx('recalls').where({ patient_id: patientId }).orderBy('id')
	return rows.map(row => ({ dueOn: row.due_on, ...given({ note: row.note }), status: row.status, ...kept(row) }))
}

async function readIdentifiers(trx: Tx, patientId: string): Promise<PersonalData['identifiers']> {
	const rows = await trx('external_identifiers')
		.where({ patient_id: patientId })
		.orWhereIn('appointment_id', trx('appointments').where({ patient_id: patientId }).select('id'))
		.orderBy('id')
	return rows.map(({ system, value, appointment_id, created_at }) => ({
		system,
		value,
		...given({ appointmentId: appointment_id as string | null }),
		createdAt: created_at.toISOString(),
	}))
}

async function readAccountTraces(
	trx: Tx,
	userId: string,
): Promise<Pick<PersonalData, 'devices' | 'holds' | 'sessions' | 'passwordResets'>> {
	const devices = await trx('push_subscriptions').where({ user_id: userId }).orderBy('id').select('endpoint', 'created_at')
	const resets = await trx('password_resets').where({ user_id: userId }).orderBy('created_at').select('created_at', 'used_at')
	return {
		devices: devices.map(row => ({ service: serviceOf(row.endpoint), addedAt: instant(row.created_at) })),
		holds: await readHolds(trx, userId),
		sessions: await readSessions(trx, userId),
		passwordResets: resets.map(row => ({ askedAt: instant(row.created_at), ...given({ usedAt: row.used_at && instant(row.used_at) }) })),
	}
}

/** The push service's host shows the patient which browser it is. The rest of the address is a secret, which suffices to send messages. */
const serviceOf = (endpoint: string) => new URL(endpoint).host

async function readHolds(trx: Tx, userId: string): Promise<PersonalData['holds']> {
	const rows = await trx('hold_history as h')
		.join('users as u', 'u.id', 'h.doctor_id')
		.where('h.user_id', userId)
		.orderBy(['h.at', 'h.id'])
		.select('h.starts_at', 'h.at', 'h.what', 'u.full_name as doctor_name')
	return rows.map(row => ({ doctorName: row.doctor_name, startsAt: instant(row.starts_at), at: instant(row.at), what: row.what }))
}

/** A session is a family of refresh tokens, each of which replaced the one before. */
async function readSessions(trx: Tx, userId: string): Promise<PersonalData['sessions']> {
	const { rows } = await trx.raw(
		`SELECT min(created_at) AS started_at, max(created_at) AS last_used_at, max(expires_at) AS expires_at, max(revoked_at) AS ended_at,
			(array_agg(ip ORDER BY id DESC))[1] AS ip, (array_agg(user_agent ORDER BY id DESC))[1] AS user_agent
		FROM refresh_tokens WHERE user_id = ? GROUP BY family_id ORDER BY 1`,
		[userId],
	)
	type Row = { started_at: Date; last_used_at: Date; expires_at: Date; ended_at: Date | null; ip: string | null; user_agent: string | null }
	return rows.map((row: Row) => ({
		startedAt: instant(row.started_at),
		lastUsedAt: instant(row.last_used_at),
		expiresAt: instant(row.expires_at),
		...given({ endedAt: row.ended_at && instant(row.ended_at), ip: row.ip, userAgent: row.user_agent }),
	}))
}

/** The patient's own actions, and actions on the patient's account, file and visits, without the names of staff. */
async function readAuditTrail(trx: Tx, { patientId, userId }: Subject): Promise<PersonalData['audit']> {
	const { rows } = await trx.raw(
		`SELECT at, actor_id::text, action, entity, entity_id, ip, details FROM audit_log
		WHERE actor_id = :userId
			OR (entity = 'user' AND entity_id = :userId::text)
			OR (entity = 'patient' AND entity_id = :patientId::text)
			OR (entity = 'appointment' AND entity_id IN (SELECT id::text FROM appointments WHERE patient_id = :patientId))
		ORDER BY at, id`,
		{ userId, patientId },
	)
	type Row = {
		at: Date
		actor_id: string | null
		action: string
		entity: string
		entity_id: string | null
		ip: string | null
		details: Record<string, unknown>
	}
	return rows.map((row: Row) => {
		const isOwn = userId !== null && row.actor_id === userId
		return {
			at: instant(row.at),
			by: isOwn ? 'you' : row.actor_id === null ? 'unknown' : 'the clinic',
			action: row.action,
			entity: row.entity,
			...given({ entityId: row.entity_id, ip: isOwn ? row.ip : null }),
			details: row.details,
		}
	})
}
