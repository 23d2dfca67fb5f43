import { expect } from 'chai'
import fc from 'fast-check'
import { DateTime } from 'luxon'
import type { OpenRange, WeeklyHours } from '../../contract/index.ts'
import type { Tx } from '../../server/platform/database/database.ts'
import { addClosure, removeClosure, spanOf } from '../../server/schedule/closures.ts'
import { removeDatedHours, setDatedHours } from '../../server/schedule/dated-hours.ts'
import { generateSlots, type Span } from '../../server/schedule/generate.ts'
import { addPlan, changePlan, removePlan } from '../../server/schedule/plans.ts'
import { isLong } from '../support/forms.ts'
import { useDatabase } from '../support/servers.ts'
import { expectedSlots, type HoursModel, type ModelPlan } from './hours-model.ts'
import { clockChanges } from './oracle.ts'
import { anAppointment, aScheduledDoctor, undone } from './support.ts'

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo', 'America/Nuuk']

describe('hours of any plans, days, closures and time off, in any zones', () => {
	const stores = useDatabase()

	const undoing = (body: (trx: Tx) => Promise<void>) => undone(stores.db, body)

	it('ask for exactly the slots that the model asks for', async function () {
		this.timeout(120_000)
		const property = fc.asyncProperty(aCase, ({ hours, now, days }) =>
			undoing(async trx => {
				const { doctorId, model } = await written(trx, hours, now)
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				expect(await rowsOf(trx, doctorId)).to.deep.equal(expectedSlots(model, days, now).map(lineOf))
				const [again] = await generateSlots(trx, { doctorIds: [doctorId], days, now })
				expect(again).to.include({ created: 0, removed: 0, marked: 0, skipped: 0 })
			}),
		)
		await fc.assert(property, { numRuns: isLong ? 500 : 80 })
	})

	it('may change in every way: booked slots stay, and those that are left over are closed', async function () {
		this.timeout(120_000)
		const property = fc.asyncProperty(aCase, anHours, fc.infiniteStream(fc.boolean()), ({ hours, now, days }, others, isBooked) =>
			undoing(async trx => {
				const { doctorId } = await written(trx, hours, now)
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const all = await trx('appointment_slots').where('doctor_id', doctorId).orderBy('starts_at')
				const booked = all.filter(() => isBooked.next().value && isBooked.next().value).slice(0, 8)
				for (const slot of booked) await anAppointment(trx, { doctorId, startsAt: slot.starts_at, endsAt: slot.ends_at })

				const model = await rewritten(trx, doctorId, others, now)
				await generateSlots(trx, { doctorIds: [doctorId], days, now })

				const wanted = expectedSlots(model, days, now)
				const slots = await trx('appointment_slots').where('doctor_id', doctorId).orderBy('starts_at')
				const free = wanted.filter(slot => !booked.some(each => each.starts_at < slot.endsAt && each.ends_at > slot.startsAt))
				expect(slots.filter(slot => slot.appointment_id === null).map(toLine)).to.deep.equal(free.map(lineOf))
				const kept = slots.filter(slot => slot.appointment_id !== null)
				expect(kept.map(slot => slot.starts_at)).to.deep.equal(booked.map(slot => slot.starts_at))
				for (const slot of kept) {
					const fits = wanted.find(
						each =>
							each.startsAt.getTime() === slot.starts_at.getTime() &&
							each.endsAt.getTime() === slot.ends_at.getTime() &&
							each.siteId === slot.site_id,
					)
					const isOff = model.timeOff.some(off => off.startsAt < slot.ends_at && off.endsAt > slot.starts_at)
					expect(slot).to.include({ is_leftover: !fits, is_blocked: !fits || isOff })
				}

				// The visits are cancelled; what was left over is not to be had, and goes with the next generation.
				await trx('appointment_slots').where('doctor_id', doctorId).update({ appointment_id: null })
				const open = await trx('appointment_slots').where({ doctor_id: doctorId, is_blocked: false })
				const offered = new Set(wanted.map(lineOf))
				expect(open.map(toLine).filter(line => !offered.has(line))).to.deep.equal([])
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				expect(await rowsOf(trx, doctorId)).to.deep.equal(wanted.map(lineOf))
			}),
		)
		await fc.assert(property, { numRuns: isLong ? 300 : 50 })
	})

	it('change slots within the span of each change, and nowhere else; slots of booked visits end with these', async function () {
		this.timeout(120_000)
		const someSteps = fc.array(aStep, { minLength: 1, maxLength: 6 })
		const property = fc.asyncProperty(aCase, someSteps, fc.infiniteStream(fc.boolean()), ({ hours, now, days }, steps, isBooked) =>
			undoing(async trx => {
				const { doctorId, siteIds } = await written(trx, hours, now)
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const all = await trx('appointment_slots').where('doctor_id', doctorId).orderBy('starts_at')
				for (const slot of all.filter(() => isBooked.next().value && isBooked.next().value).slice(0, 6))
					await anAppointment(trx, { doctorId, startsAt: slot.starts_at, endsAt: slot.ends_at })
				for (const step of steps) {
					await trx.raw('SAVEPOINT step')
					const before = await rowsOf(trx, doctorId)
					let span: Span
					try {
						span = await taken(trx, step, { doctorId, siteIds, now })
					} catch (error) {
						if (!['invalid_input', 'not_found'].includes((error as { code: string }).code)) throw error
						await trx.raw('ROLLBACK TO step')
						continue
					}
					// In another zone today may be another day: then right slots lie beyond the last one, and would be kept.
					await generateSlots(trx, { doctorIds: [doctorId], days, now, span, cutsBeyond: step.do === 'move site' })
					const after = await rowsOf(trx, doctorId)
					const outside = (line: string) => !isWithin(line, span)
					expect(after.filter(outside)).to.deep.equal(before.filter(outside))
					const [rest] = await generateSlots(trx, { doctorIds: [doctorId], days, now })
					expect(rest, JSON.stringify(step)).to.include({ created: 0, removed: 0, marked: 0 })
				}

				// All visits are cancelled: what patients may book now is a part of what hours without a past would give.
				await trx('appointment_slots').where('doctor_id', doctorId).update({ appointment_id: null })
				const open = await trx('appointment_slots').where({ doctor_id: doctorId, is_blocked: false })
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const settled = await rowsOf(trx, doctorId)
				await trx('appointment_slots').where('doctor_id', doctorId).delete()
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const fresh = await rowsOf(trx, doctorId)
				expect(settled).to.deep.equal(fresh)
				expect(open.map(toLine).filter(line => !fresh.includes(line))).to.deep.equal([])
			}),
		)
		await fc.assert(property, { numRuns: isLong ? 300 : 50 })
	})
})

/** Dates count from today, sites from the first; plans follow one another. */
type Hours = {
	zones: string[]
	plans: { site: number; slotMinutes: number; weekly: WeeklyHours[]; days: number; gap: number }[]
	dated: { day: number; slotMinutes: number; ranges: (Omit<OpenRange, 'siteId'> & { site: number | null })[] }[]
	closures: { day: number; days: number; site: number | null }[]
	timeOff: { hour: number; hours: number }[]
	isOpenEnded: boolean
}

const wallTime = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const someRanges = (maxLength: number) =>
	fc.uniqueArray(fc.integer({ min: 0, max: 96 }), { minLength: 2, maxLength: maxLength + 1 }).chain(times => {
		const sorted = times.toSorted((a, b) => a - b).map(n => wallTime(n * 15))
		return fc.subarray(
			sorted.slice(1).map((end, i) => ({ start: sorted[i] as string, end })),
			{ minLength: 1 },
		)
	})

const someWeekly: fc.Arbitrary<WeeklyHours[]> = fc
	.tuple(someRanges(4), fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 3 }))
	.map(([ranges, weekdays]) => weekdays.flatMap(weekday => ranges.map(range => ({ weekday, ...range }))))

const rangesOrNone = fc.oneof(fc.constant<{ start: string; end: string }[]>([]), someRanges(3))

const slotMinutes = fc.oneof(fc.constantFrom(15, 20, 30, 45, 60, 90), fc.integer({ min: 10, max: 480 }))
const site = fc.nat({ max: 1 })
const siteOrNone = fc.option(site)

const anHours: fc.Arbitrary<Hours> = fc.record({
	zones: fc.oneof(
		fc.constantFrom(...zones).map(zone => [zone, zone]),
		fc.tuple(fc.constantFrom(...zones), fc.constantFrom(...zones)),
	),
	plans: fc.array(fc.record({ site, slotMinutes, weekly: someWeekly, days: fc.integer({ min: 1, max: 5 }), gap: fc.nat({ max: 2 }) }), {
		minLength: 1,
		maxLength: 3,
	}),
	dated: fc.uniqueArray(
		fc.record({
			day: fc.integer({ min: -1, max: 7 }),
			slotMinutes,
			ranges: fc
				.tuple(rangesOrNone, siteOrNone)
				.map(([ranges, site]) => ranges.map((range, n) => ({ ...range, site: n === 0 ? site : null }))),
		}),
		{ maxLength: 3, selector: ({ day }) => day },
	),
	closures: fc.array(fc.record({ day: fc.integer({ min: -2, max: 7 }), days: fc.nat({ max: 2 }), site: siteOrNone }), { maxLength: 2 }),
	timeOff: fc.array(fc.record({ hour: fc.integer({ min: -24, max: 144 }), hours: fc.integer({ min: 1, max: 40 }) }), { maxLength: 2 }),
	isOpenEnded: fc.boolean(),
})

/** Mostly near days on which clocks change, because those are the difficult ones; ahead of us, because hours of the past cannot change. */
const aCase = fc
	.record({ hours: anHours, days: fc.integer({ min: 1, max: 6 }), pick: fc.nat(), minutes: fc.integer({ min: 0, max: 3 * 1440 }) })
	.map(({ hours, days, pick, minutes }) => {
		const zone = hours.zones[pick % 2] as string
		const ahead = DateTime.now().plus({ days: 5 })
		const changes = [0, 1].flatMap(years => clockChanges(zone, ahead.year + years)).filter(day => day > ahead)
		const day = changes[pick % changes.length] ?? ahead.plus({ days: pick % 365 })
		return { hours, days, now: day.plus({ days: 1 }).minus({ minutes }).startOf('second').toJSDate() }
	})

type Step =
	| { do: 'add plan'; site: number; slotMinutes: number; weekly: WeeklyHours[]; day: number; days: number | null }
	| { do: 'change plan'; pick: number; site: number | null; slotMinutes: number | null; weekly: WeeklyHours[] | null; until: number | null }
	| { do: 'remove plan'; pick: number }
	| { do: 'set day'; day: number; ranges: Omit<OpenRange, 'siteId'>[]; site: number | null }
	| { do: 'return day'; day: number }
	| { do: 'close'; day: number; days: number; site: number | null }
	| { do: 'open'; pick: number }
	| { do: 'move site'; site: number; zone: string }
	| { do: 'archive or open site'; site: number }

const day = fc.integer({ min: -1, max: 7 })

const aStep: fc.Arbitrary<Step> = fc.oneof(
	fc.record({ do: fc.constant('add plan' as const), site, slotMinutes, weekly: someWeekly, day, days: fc.option(fc.nat({ max: 3 })) }),
	fc.record({
		do: fc.constant('change plan' as const),
		pick: fc.nat(),
		site: siteOrNone,
		slotMinutes: fc.option(slotMinutes),
		weekly: fc.option(someWeekly),
		until: fc.option(day),
	}),
	fc.record({ do: fc.constant('remove plan' as const), pick: fc.nat() }),
	fc.record({ do: fc.constant('set day' as const), day, ranges: rangesOrNone, site: siteOrNone }),
	fc.record({ do: fc.constant('return day' as const), day }),
	fc.record({ do: fc.constant('close' as const), day, days: fc.nat({ max: 2 }), site: siteOrNone }),
	fc.record({ do: fc.constant('open' as const), pick: fc.nat() }),
	fc.record({ do: fc.constant('move site' as const), site, zone: fc.constantFrom(...zones) }),
	fc.record({ do: fc.constant('archive or open site' as const), site }),
)

type Where = { doctorId: string; siteIds: string[]; now: Date }

/** Does a step, and returns the span in which it changes hours. */
async function taken(trx: Tx, step: Step, { doctorId, siteIds, now }: Where): Promise<Span> {
	const date = (day: number) => dateOf(now, day)
	const siteAt = (site: number | null) => (site === null ? {} : { siteId: siteIds[site] as string })
	const planIds: string[] = await trx('schedule_plans').where('doctor_id', doctorId).orderBy('valid_from').pluck('id')
	switch (step.do) {
		case 'add plan': {
			const { day, days, slotMinutes, weekly } = step
			const validUntil = days === null ? null : date(day + days)
			const input = { siteId: siteIds[step.site] as string, slotMinutes, weekly, validFrom: date(day), validUntil }
			return (await addPlan(trx, doctorId, input)).span
		}
		case 'change plan': {
			const changes = {
				...siteAt(step.site),
				...(step.slotMinutes !== null && { slotMinutes: step.slotMinutes }),
				...(step.weekly && { weekly: step.weekly }),
				...(step.until !== null && { validUntil: date(step.until) }),
			}
			return (await changePlan(trx, doctorId, planIds[step.pick % planIds.length] ?? '0', changes)).span
		}
		case 'remove plan':
			return (await removePlan(trx, doctorId, planIds[step.pick % planIds.length] ?? '0')).span
		case 'set day': {
			const ranges = step.ranges.map((range, n) => ({ ...range, ...(n === 0 && siteAt(step.site)) }))
			return (await setDatedHours(trx, doctorId, { date: date(step.day), ranges })).span
		}
		case 'return day':
			return (await removeDatedHours(trx, doctorId, date(step.day))).span
		case 'close':
			return spanOf(await addClosure(trx, { ...siteAt(step.site), from: date(step.day), to: date(step.day + step.days), name: 'Closed' }))
		case 'open': {
			const ids: string[] = await trx('closures').orderBy('id').pluck('id')
			return spanOf(await removeClosure(trx, ids[step.pick % ids.length] ?? '0'))
		}
		case 'move site':
			await trx('sites')
				.where('id', siteIds[step.site] as string)
				.update({ time_zone: step.zone })
			return always
		case 'archive or open site':
			await trx('sites')
				.where('id', siteIds[step.site] as string)
				.update({ archived_at: trx.raw('CASE WHEN archived_at IS NULL THEN now() END') })
			return always
	}
}

const always: Span = { from: new Date(0), until: null }

/** A doctor with these hours, and the hours in the model's words. */
async function written(trx: Tx, hours: Hours, now: Date) {
	const doctorId = await aScheduledDoctor(trx, { timeZone: hours.zones[0] as string, weekly: [] })
	const model = await rewritten(trx, doctorId, hours, now)
	return { doctorId, model, siteIds: model.sites.map(({ id }) => id) }
}

async function rewritten(trx: Tx, doctorId: string, hours: Hours, now: Date): Promise<HoursModel> {
	const model = await modelOf(trx, hours, now)
	for (const table of ['schedule_plans', 'dated_hours', 'time_off']) await trx(table).where('doctor_id', doctorId).delete()
	await trx('closures').delete()
	for (const { siteId, slotMinutes, weekly, validFrom, validUntil } of model.plans) {
		const row = { doctor_id: doctorId, site_id: siteId, slot_minutes: slotMinutes, weekly: JSON.stringify(weekly) }
		await trx('schedule_plans').insert({ ...row, valid_from: validFrom, valid_until: validUntil })
	}
	for (const { date, ranges, followed } of model.dated) {
		const stored = ranges.map(({ siteId, ...range }) => ({ ...range, ...(siteId && { site_id: siteId }) }))
		const row = { site_id: followed.siteId, slot_minutes: followed.slotMinutes, ranges: JSON.stringify(stored) }
		await trx('dated_hours').insert({ doctor_id: doctorId, day: date, ...row })
	}
	for (const { siteId, from, to } of model.closures)
		await trx('closures').insert({ site_id: siteId ?? null, first_day: from, last_day: to, name: 'Closed' })
	for (const { startsAt, endsAt } of model.timeOff)
		await trx('time_off').insert({ doctor_id: doctorId, starts_at: startsAt, ends_at: endsAt })
	return model
}

async function modelOf(trx: Tx, hours: Hours, now: Date): Promise<HoursModel> {
	const sites: HoursModel['sites'] = []
	for (const timeZone of hours.zones) {
		const [{ id }] = await trx('sites').insert({ name: timeZone, time_zone: timeZone }).returning('id')
		sites.push({ id: String(id), timeZone })
	}
	const siteAt = (site: number | null) => (site === null ? {} : { siteId: sites[site]?.id as string })
	let day = -1
	const plans: ModelPlan[] = hours.plans.map(({ site, slotMinutes, weekly, days, gap }, n) => {
		const from = day + gap
		day = from + days
		const isLast = n === hours.plans.length - 1
		return {
			siteId: sites[site]?.id as string,
			slotMinutes,
			weekly,
			validFrom: dateOf(now, from),
			validUntil: isLast && hours.isOpenEnded ? null : dateOf(now, day - 1),
		}
	})
	return {
		sites,
		plans,
		dated: hours.dated.map(({ day, slotMinutes, ranges }) => ({
			date: dateOf(now, day),
			followed: { siteId: sites[0]?.id as string, slotMinutes },
			ranges: ranges.map(({ start, end, site }) => ({ start, end, ...siteAt(site) })),
		})),
		closures: hours.closures.map(({ day, days, site }) => ({ from: dateOf(now, day), to: dateOf(now, day + days), ...siteAt(site) })),
		timeOff: hours.timeOff.map(({ hour, hours }) => ({
			startsAt: new Date(now.getTime() + hour * 3_600_000),
			endsAt: new Date(now.getTime() + (hour + hours) * 3_600_000),
		})),
	}
}

const dateOf = (now: Date, day: number) => new Date(now.getTime() + day * 86_400_000).toISOString().slice(0, 10)

type Row = { starts_at: Date; ends_at: Date; site_id: string; is_blocked: boolean }

async function rowsOf(trx: Tx, doctorId: string): Promise<string[]> {
	return (await trx('appointment_slots').where('doctor_id', doctorId).orderBy('starts_at')).map(toLine)
}

/** A slot as text, to keep a failing comparison readable. */
const toLine = ({ starts_at, ends_at, site_id, is_blocked }: Row) =>
	lineOf({ startsAt: starts_at, endsAt: ends_at, siteId: site_id, isBlocked: is_blocked })
const lineOf = ({ startsAt, endsAt, siteId, isBlocked }: { startsAt: Date; endsAt: Date; siteId: string; isBlocked: boolean }) =>
	`${startsAt.toISOString()}/${endsAt.toISOString()} at ${siteId}${isBlocked ? ', blocked' : ''}`

function isWithin(line: string, { from, until }: Span): boolean {
	const startsAt = new Date(line.split('/')[0] as string)
	return startsAt >= from && (until === null || startsAt < until)
}
