import type { Plan, PlanChanges, PlanInput, WeeklyHours } from '../../contract/index.ts'
import { type DbOrTx, readSql, type Tx, violatedConstraint } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { rowsOf } from './calendars.ts'
import type { Span } from './generate.ts'

/** Weekly hours at a site while they are valid, as the database has them; null is without end. */
export type PlanRow = {
	id: string
	doctorId: string
	siteId: string
	slotMinutes: number
	weekly: WeeklyHours[]
	validFrom: string
	validUntil: string | null
}

/** What stands for hours that have always been valid. */
export const fromTheBeginning = '1900-01-01'

/** By validity. */
export function plansOf(db: DbOrTx, doctorId: string): Promise<PlanRow[]> {
	return db('schedule_plans').where('doctor_id', doctorId).orderBy('valid_from').select(columns)
}

/** A plan that was written, and the span of time in which it changes hours. */
export type PlanChange = { plan: PlanRow; span: Span }

/**
 * Adds a plan. The plan in force on its first day ends the day before, and goes on after the last day of the new one, so that
 * nothing outside the new plan's validity changes.
 *
 * @throws Refusal invalid_input when it would replace another plan or meets the beginning of one, or the site takes no visits
 */
export async function addPlan(trx: Tx, doctorId: string, { validUntil, ...input }: PlanInput): Promise<PlanChange> {
	await checkSite(trx, input.siteId)
	const until = validUntil ?? null
	const plans = await plansOf(trx, doctorId)
	if (plans.length >= maxPlans) throw invalidInput('validFrom', `a doctor has at most ${maxPlans} plans`)
	const interrupted = plans.find(plan => plan.validFrom <= input.validFrom && (plan.validUntil ?? '9999') >= input.validFrom)
	const rest = interrupted && (await giveWay(trx, interrupted, input.validFrom, until))
	const plan = await insertPlan(trx, { ...input, doctorId, weekly: input.weekly.toSorted(byStart), validUntil: until })
	const earlier = interrupted && interrupted.validFrom < input.validFrom ? interrupted : undefined
	const spans = await spansOf(trx, [earlier, plan, rest])
	const [own, before, after] = [plan, earlier, rest].map(each => each && spans.get(each.id)) as [Span, Span?, Span?]
	// Neighbours may be of other zones: from the first of the two midnights to the last.
	const starts = [own.from, before?.until ?? own.from]
	const ends = own.until && [own.until, after?.from ?? own.until]
	return { plan, span: { from: earliestOf(starts), until: ends && latestOf(ends) } }
}

/** @throws Refusal not_found; invalid_input when it would meet another plan, or the site takes no visits */
export async function changePlan(trx: Tx, doctorId: string, planId: string, changes: PlanChanges): Promise<PlanChange> {
	const before = await planToChange(trx, doctorId, planId)
	const { siteId = before.siteId, slotMinutes, weekly, validFrom = before.validFrom, validUntil = before.validUntil } = changes
	if (validUntil !== null && validUntil < validFrom) throw invalidInput('validUntil', 'must not be before validFrom')
	if (siteId !== before.siteId) await checkSite(trx, siteId)
	const old = (await spansOf(trx, [before])).get(planId) as Span
	const row = {
		site_id: siteId,
		// At another site the hours are that site's.
		...(siteId !== before.siteId && { time_zone: null }),
		...(slotMinutes !== undefined && { slot_minutes: slotMinutes }),
		...(weekly && { weekly: JSON.stringify(weekly.toSorted(byStart)) }),
		valid_from: validFrom,
		valid_until: validUntil,
		updated_at: trx.fn.now(),
	}
	const [plan] = await refusingOverlap(
		trx('schedule_plans')
			.where('id', planId)
			.update(row)
			.returning<PlanRow[]>(columns as never),
	)
	const now = (await spansOf(trx, [plan])).get(planId) as Span
	return {
		plan: plan as PlanRow,
		span: { from: earliestOf([old.from, now.from]), until: old.until && now.until && latestOf([old.until, now.until]) },
	}
}

/** @throws Refusal not_found */
export async function removePlan(trx: Tx, doctorId: string, planId: string): Promise<PlanChange> {
	const plan = await planToChange(trx, doctorId, planId)
	const span = (await spansOf(trx, [plan])).get(planId) as Span
	await trx('schedule_plans').where('id', planId).delete()
	return { plan, span }
}

export function toPlan({ doctorId: _doctorId, validUntil, ...plan }: PlanRow): Plan {
	return { ...plan, ...(validUntil !== null && { validUntil }) }
}

/** @throws Refusal invalid_input when the plan that is written meets another */
export async function refusingOverlap<T>(writing: PromiseLike<T>): Promise<T> {
	try {
		return await writing
	} catch (error) {
		if (violatedConstraint(error) === 'schedule_plans_one_at_a_time')
			throw invalidInput('validFrom', 'another plan is valid at that time: change its validity first')
		throw error
	}
}

/** @throws Refusal invalid_input when there is no such site, or it is archived */
export async function checkSite(db: DbOrTx, siteId: string, path = 'siteId'): Promise<void> {
	const site = isDatabaseId(siteId) && (await db('sites').where('id', siteId).whereNull('archived_at').first('id'))
	if (!site) throw invalidInput(path, 'must be a site of the clinic that is not archived')
}

export const byStart = (a: WeeklyHours, b: WeeklyHours) => a.weekday - b.weekday || (a.start < b.start ? -1 : 1)

export const dayAfter = (day: string) => shifted(day, 1)
export const dayBefore = (day: string) => shifted(day, -1)
const shifted = (day: string, days: number) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10)

const maxPlans = 100

const columns = {
	id: 'id',
	doctorId: 'doctor_id',
	siteId: 'site_id',
	slotMinutes: 'slot_minutes',
	weekly: 'weekly',
	validFrom: 'valid_from',
	validUntil: 'valid_until',
}

const planSpans = readSql('./plan_spans.sql', import.meta.url)

async function insertPlan(trx: Tx, plan: Omit<PlanRow, 'id'>): Promise<PlanRow> {
	const row = {
		doctor_id: plan.doctorId,
		site_id: plan.siteId,
		slot_minutes: plan.slotMinutes,
		weekly: JSON.stringify(plan.weekly),
		valid_from: plan.validFrom,
		valid_until: plan.validUntil,
	}
	const [inserted] = await refusingOverlap(
		trx('schedule_plans')
			.insert(row)
			.returning<PlanRow[]>(columns as never),
	)
	return inserted as PlanRow
}

/** Ends a plan the day before other hours begin, and lets it go on after their last day. Returns what comes after them. */
async function giveWay(trx: Tx, plan: PlanRow, from: string, until: string | null): Promise<PlanRow | undefined> {
	const rest = until !== null && (plan.validUntil === null || plan.validUntil > until) ? dayAfter(until) : undefined
	if (plan.validFrom < from) {
		await trx('schedule_plans')
			.where('id', plan.id)
			.update({ valid_until: dayBefore(from) })
		return rest === undefined ? undefined : await continuePlan(trx, plan, rest)
	}
	// Without a rest the other would replace it: that is refused when the other is written.
	if (rest) await trx('schedule_plans').where('id', plan.id).update({ valid_from: rest })
	return rest === undefined ? undefined : plan
}

async function continuePlan(trx: Tx, { id, validUntil }: PlanRow, validFrom: string): Promise<PlanRow> {
	const { rows } = await refusingOverlap(
		trx.raw(
			`INSERT INTO schedule_plans (doctor_id, site_id, time_zone, slot_minutes, weekly, valid_from, valid_until)
			SELECT doctor_id, site_id, time_zone, slot_minutes, weekly, ?, ? FROM schedule_plans WHERE id = ? RETURNING id`,
			[validFrom, validUntil, id],
		),
	)
	return await trx('schedule_plans').where('id', rows[0].id).select(columns).first()
}

async function planToChange(trx: Tx, doctorId: string, planId: string): Promise<PlanRow> {
	const plan: PlanRow | undefined = isDatabaseId(planId)
		? await trx('schedule_plans').where({ id: planId, doctor_id: doctorId }).select(columns).first()
		: undefined
	if (!plan) throw new Refusal('not_found')
	return plan
}

/** When plans are valid, by id. */
async function spansOf(trx: Tx, plans: readonly (PlanRow | undefined)[]): Promise<Map<string, Span>> {
	const planIds = plans.flatMap(plan => plan?.id ?? [])
	const rows = await rowsOf<Span & { id: string }>(trx, planSpans, { planIds })
	return new Map(rows.map(({ id, ...span }) => [id, span]))
}

const earliestOf = (instants: Date[]) => new Date(Math.min(...instants.map(Number)))
const latestOf = (instants: Date[]) => new Date(Math.max(...instants.map(Number)))
