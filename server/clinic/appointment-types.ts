import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { remembered } from '../platform/remembered.ts'

/** Reads the types of appointments. They are few and rarely change, so a node remembers them for one second. */
export function createAppointmentTypes(run: Run): AppointmentTypes {
	const types = remembered(async () => new Map((await run<Row>(statement, [])).map(row => [row.id, toRules(row)])), freshMs)

	return {
		minutesOf: async typeId => (typeId === undefined ? undefined : (await rulesOf(typeId)).minutes),
		rulesOf,
		async defaultId() {
			const first = [...(await types.get()).values()].find(({ isArchived }) => !isArchived)
			if (first === undefined) throw new Refusal('not_found', { message: 'The clinic has no appointment types yet' })
			return first.id
		},
		forget: types.forget,
	}

	async function rulesOf(typeId: string): Promise<TypeRules> {
		let type = (await types.get()).get(typeId)
		if (type === undefined) {
			// The type may be newer than the remembered list.
			types.forget()
			type = (await types.get()).get(typeId)
		}
		if (type === undefined) throw new Refusal('not_found', { message: 'There is no such appointment type' })
		return type
	}
}

/** The rules of a type that booking applies. */
export type TypeRules = {
	id: string
	minutes: number
	bufferMinutes: number
	minNoticeMinutes: number
	/** Null means no limit. */
	maxDaysAhead: number | null
	dailyLimit: number | null
	isPublic: boolean
	isArchived: boolean
	/** Null when all doctors offer the type; else the minutes of each doctor who offers it, where null stands for the type's own. */
	minutesByDoctor: ReadonlyMap<string, number | null> | null
}

export type AppointmentTypes = {
	/**
	 * Returns the type's length in minutes; undefined without a type, for which an appointment takes one slot.
	 *
	 * @throws Refusal not_found
	 */
	minutesOf(typeId: string | undefined): Promise<number | undefined>
	/** @throws Refusal not_found */
	rulesOf(typeId: string): Promise<TypeRules>
	/** The type of an appointment that is booked without one. */
	defaultId(): Promise<string>
	/** Forgets the types after a change, so that the next caller reads them again. */
	forget(): void
}

const statement = {
	name: 'appointment_types',
	text: `SELECT t.id::text, t.minutes, t.buffer_minutes, t.min_notice_minutes, t.max_days_ahead, t.daily_limit,
			t.visibility = 'public' AS is_public, t.archived_at IS NOT NULL AS is_archived, t.by_all_doctors,
			(SELECT jsonb_object_agg(o.doctor_id, o.minutes) FROM doctor_types o WHERE o.type_id = t.id) AS own
		FROM appointment_types t ORDER BY t.position, t.id`,
}

const freshMs = 1000

type Row = {
	id: string
	minutes: number
	buffer_minutes: number
	min_notice_minutes: number
	max_days_ahead: number | null
	daily_limit: number | null
	is_public: boolean
	is_archived: boolean
	by_all_doctors: boolean
	own: Record<string, number | null> | null
}

const toRules = (row: Row): TypeRules => ({
	id: row.id,
	minutes: row.minutes,
	bufferMinutes: row.buffer_minutes,
	minNoticeMinutes: row.min_notice_minutes,
	maxDaysAhead: row.max_days_ahead,
	dailyLimit: row.daily_limit,
	isPublic: row.is_public,
	isArchived: row.is_archived,
	minutesByDoctor: row.by_all_doctors ? null : new Map(Object.entries(row.own ?? {})),
})

/** The terms of a kind of appointment that depend on when it is booked. */
export type TypeTerms = { minNoticeMinutes: number; maxDaysAhead: number | null; dailyLimit: number | null }

export const termsOf = ({ minNoticeMinutes, maxDaysAhead, dailyLimit }: TypeRules): TypeTerms => ({
	minNoticeMinutes,
	maxDaysAhead,
	dailyLimit,
})

/**
 * How long an appointment of this kind is with a doctor.
 *
 * @throws Refusal type_not_offered when the doctor does not offer it, or the caller may not book it
 */
export function minutesWith(type: TypeRules, doctorId: string, isStaff: boolean): number {
	const isOffered = type.minutesByDoctor === null || type.minutesByDoctor.has(doctorId)
	if (type.isArchived || !isOffered || !(type.isPublic || isStaff)) throw new Refusal('type_not_offered')
	return type.minutesByDoctor?.get(doctorId) ?? type.minutes
}

/** Why a start does not keep to the terms; null when it does. Notice binds patients only. */
export function whyNotInTerms(terms: TypeTerms, startMinute: number, isPatient: boolean, nowMs: number): 'too_soon' | 'too_far' | null {
	const aheadMinutes = startMinute - nowMs / 60_000
	if (isPatient && aheadMinutes < terms.minNoticeMinutes) return 'too_soon'
	return terms.maxDaysAhead !== null && aheadMinutes > terms.maxDaysAhead * minutesOfDay ? 'too_far' : null
}

const minutesOfDay = 1440
