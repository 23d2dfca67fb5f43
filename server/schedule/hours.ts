import type { Schedule, ScheduleInput } from '../../contract/index.ts'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { invalidInput } from '../platform/refusal.ts'
import { byStart, dayAfter, dayBefore, fromTheBeginning, type PlanRow, plansOf, refusingOverlap } from './plans.ts'

/**
 * A doctor's hours as one schedule: the plan in force, or else the next one, or the last. A doctor without a plan has no hours, and
 * slots of half an hour.
 */
export async function findSchedule(db: DbOrTx, { id, timeZone }: { id: string; timeZone: string }): Promise<Schedule> {
	const plan = shownPlan(await plansOf(db, id), await todayIn(db, timeZone))
	return plan ? toSchedule(plan, timeZone) : { doctorId: id, timeZone, slotMinutes: 30, weekly: [] }
}

/**
 * Replaces the plan in force, and sets the doctor's time zone. Hours that begin later leave the plan in force until then; plans
 * before and after stay as they are, and bound the new one. The next generation changes the slots.
 */
export async function replaceSchedule(trx: Tx, doctorId: string, input: ScheduleInput): Promise<Schedule> {
	await trx('doctors').where('id', doctorId).update({ time_zone: input.timeZone })
	const today = await todayIn(trx, input.timeZone)
	const plans = await plansOf(trx, doctorId)
	const { replaced, shortened, anchor } = placeOf(input, plans, today)
	if (shortened)
		await trx('schedule_plans')
			.where('id', shortened.id)
			.update({ valid_until: dayBefore(anchor) })
	const others = plans
		.filter(plan => plan !== replaced)
		.map(plan => (plan === shortened ? { ...plan, validUntil: dayBefore(anchor) } : plan))
	const row = {
		...siteOf(trx, input.timeZone, replaced),
		slot_minutes: input.slotMinutes,
		weekly: JSON.stringify(input.weekly.toSorted(byStart)),
		...boundedBy(others, input, anchor),
		updated_at: trx.fn.now(),
	}
	const table = trx('schedule_plans')
	await refusingOverlap<unknown>(replaced ? table.where('id', replaced.id).update(row) : table.insert({ ...row, doctor_id: doctorId }))
	const stored = (await plansOf(trx, doctorId)).find(plan => plan.validFrom === row.valid_from) as PlanRow
	return toSchedule(stored, input.timeZone)
}

async function todayIn(db: DbOrTx, timeZone: string): Promise<string> {
	return (await db.raw('SELECT (now() AT TIME ZONE ?)::date AS today', [timeZone])).rows[0].today
}

function shownPlan(plans: readonly PlanRow[], today: string): PlanRow | undefined {
	return plans.find(plan => isOverAfter(plan, today)) ?? plans.at(-1)
}

/** Which plan new hours replace, which they shorten, and a day on which they are to be in force. */
function placeOf({ validFrom, validUntil }: ScheduleInput, plans: readonly PlanRow[], today: string) {
	const isLater = !!validFrom && validFrom > today
	const anchor = isLater ? validFrom : validUntil && validUntil < today ? (validFrom ?? validUntil) : today
	const inForce = plans.find(plan => isInForce(plan, today))
	if (!inForce) {
		const shown = shownPlan(plans, today)
		return { replaced: shown && isOverAfter(shown, today) ? shown : undefined, shortened: undefined, anchor }
	}
	if (!isLater || inForce.validFrom === validFrom) return { replaced: inForce, shortened: undefined, anchor }
	const then = plans.find(plan => isInForce(plan, anchor))
	if (then?.validFrom === anchor) return { replaced: then, shortened: undefined, anchor }
	return { replaced: undefined, shortened: then, anchor }
}

/** The validity that is asked for, as far as the plans before and after leave room. */
function boundedBy(others: readonly PlanRow[], { validFrom, validUntil }: ScheduleInput, anchor: string) {
	const before = others.filter(plan => plan.validFrom <= anchor).at(-1)
	const after = others.find(plan => plan.validFrom > anchor)
	const earliest = before ? (before.validUntil === null ? anchor : dayAfter(before.validUntil)) : fromTheBeginning
	const from = validFrom && validFrom > earliest ? validFrom : earliest
	const latest = after ? dayBefore(after.validFrom) : null
	const until = latest !== null && (!validUntil || validUntil > latest) ? latest : (validUntil ?? null)
	if (until !== null && until < from) throw invalidInput('validUntil', 'another plan is valid until then')
	return { valid_from: from, valid_until: until }
}

/** The site of the plan that is replaced, or the first of that zone; and the zone, where it is not the site's. */
function siteOf(trx: Tx, timeZone: string, replaced: PlanRow | undefined) {
	const site = replaced ? trx.raw('?::bigint', [replaced.siteId]) : trx.raw('site_of_zone(?)', [timeZone])
	return { site_id: site, time_zone: trx.raw('zone_unless_of_site(?, ?)', [timeZone, site]) }
}

function toSchedule(plan: PlanRow, timeZone: string): Schedule {
	return {
		doctorId: plan.doctorId,
		timeZone,
		slotMinutes: plan.slotMinutes,
		weekly: plan.weekly,
		validFrom: plan.validFrom === fromTheBeginning ? null : plan.validFrom,
		validUntil: plan.validUntil,
	}
}

const isOverAfter = ({ validUntil }: PlanRow, day: string) => validUntil === null || validUntil >= day
const isInForce = (plan: PlanRow, day: string) => plan.validFrom <= day && isOverAfter(plan, day)
