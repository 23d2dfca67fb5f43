import { DateTime } from 'luxon'
import type { OpenRange, WeeklyHours } from '../../contract/index.ts'
import { instantOf } from './oracle.ts'

/** Hours as the rules know them; zones stand beside their sites. */
export type HoursModel = {
	sites: { id: string; timeZone: string }[]
	plans: ModelPlan[]
	/** `followed` is what a day follows on which no plan is in force. */
	dated: { date: string; ranges: OpenRange[]; followed: { siteId: string; slotMinutes: number } }[]
	closures: { siteId?: string; from: string; to: string }[]
	timeOff: { startsAt: Date; endsAt: Date }[]
}

export type ModelPlan = { siteId: string; slotMinutes: number; weekly: WeeklyHours[]; validFrom: string; validUntil: string | null }

export type ModelSlot = { startsAt: Date; endsAt: Date; siteId: string; isBlocked: boolean }

/** The slots that the rules ask for: one day and one wall-clock time after the other, with another time zone database. */
export function expectedSlots(model: HoursModel, days: number, now: Date): ModelSlot[] {
	const slots = model.sites
		.flatMap(site => slotsAt(site, model, days, now))
		.toSorted(
			(a, b) =>
				a.startsAt.getTime() - b.startsAt.getTime() || b.endsAt.getTime() - a.endsAt.getTime() || Number(a.siteId) - Number(b.siteId),
		)
	return slots
		.filter((slot, i) => {
			const next = slots[i + 1]
			return next === undefined || slot.endsAt <= next.startsAt
		})
		.filter(({ startsAt, ahead }) => startsAt > now && ahead <= days)
		.map(({ startsAt, endsAt, siteId }) => ({
			startsAt,
			endsAt,
			siteId,
			isBlocked: model.timeOff.some(off => off.startsAt < endsAt && off.endsAt > startsAt),
		}))
}

type Candidate = Omit<ModelSlot, 'isBlocked'> & { ahead: number }

function slotsAt({ id: siteId, timeZone }: HoursModel['sites'][number], model: HoursModel, days: number, now: Date): Candidate[] {
	const today = DateTime.fromJSDate(now, { zone: timeZone }).startOf('day')
	return Array.from({ length: days + 3 }, (_, n) => n - 1).flatMap(ahead => {
		const day = today.plus({ days: ahead })
		const date = day.toISODate() as string
		const isClosed = model.closures.some(closure => (closure.siteId ?? siteId) === siteId && closure.from <= date && date <= closure.to)
		if (isClosed) return []
		return hoursOn(date, day.weekday, model)
			.filter(hours => hours.siteId === siteId)
			.flatMap(({ start, end, minutes }) => {
				const count = Math.floor((minutesOf(end) - minutesOf(start)) / minutes)
				return Array.from({ length: Math.max(0, count) }, (_, n) => instantOf(day, minutesOf(start) + n * minutes))
					.filter(instant => instant !== undefined)
					.map(instant => ({ startsAt: instant.toJSDate(), endsAt: instant.plus({ minutes }).toJSDate(), siteId, ahead }))
			})
	})
}

/** A date's hours: its own, or else those of the plan in force. */
function hoursOn(date: string, weekday: number, { plans, dated }: HoursModel) {
	const own = dated.find(each => each.date === date)
	const inForce = plans.find(({ validFrom, validUntil }) => validFrom <= date && (validUntil === null || date <= validUntil))
	if (own) {
		const followed = inForce ?? own.followed
		return own.ranges.map(({ start, end, siteId = followed.siteId }) => ({ start, end, siteId, minutes: followed.slotMinutes }))
	}
	if (!inForce) return []
	const { siteId, slotMinutes: minutes, weekly } = inForce
	return weekly.filter(hours => hours.weekday === weekday).map(({ start, end }) => ({ start, end, siteId, minutes }))
}

function minutesOf(time: string) {
	const [hours = 0, minutes = 0] = time.split(':').map(Number)
	return hours * 60 + minutes
}
