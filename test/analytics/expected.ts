import { DateTime } from 'luxon'
import type { Analytics } from '../../contract/index.ts'

export type Visit = {
	doctorId: string
	startsAtMs: number
	createdAtMs: number
	status: string
	type: string
	channel: Channel
	moves: number
}
export type Channel = 'online' | 'desk' | 'doctor'
export type OfferedSlot = { doctorId: string; startsAtMs: number; booked: boolean; blocked: boolean }
export type DoctorInfo = { id: string; fullName: string; zone: string }
export type ClinicRecords = { doctors: DoctorInfo[]; visits: Visit[]; slots: OfferedSlot[]; types: { id: string; name: string }[] }

/** The same figures, counted one by one in JavaScript: slow, plain, and independent of the SQL. */
export function expectedAnalytics(records: ClinicRecords, from: string, to: string): Analytics {
	const zoneOf = new Map(records.doctors.map(({ id, zone }) => [id, zone]))

	const visits = withLocalTime(records.visits)
	const slots = withLocalTime(records.slots).filter(({ booked, blocked }) => booked || !blocked)

	const totals = { ...countsOf(visits, slots), booked: count(visits, isBooked), completed: count(visits, hasStatus('completed')) }

	const byDay: Analytics['byDay'] = []
	for (let day = DateTime.fromISO(from, { zone: 'utc' }); day.toISODate()! <= to; day = day.plus({ days: 1 })) {
		const date = day.toISODate()!
		const ofDay = visits.filter(visit => visit.date === date)
		byDay.push({
			date,
			booked: count(ofDay, isBooked),
			cancelled: count(ofDay, hasStatus('cancelled')),
			noShow: count(ofDay, hasStatus('no_show')),
		})
	}

	const byDoctor = records.doctors
		.map(({ id: doctorId, fullName }) => {
			const counts = countsOf(
				visits.filter(visit => visit.doctorId === doctorId),
				slots.filter(slot => slot.doctorId === doctorId),
			)
			return { doctorId, fullName, ...counts, utilisation: share(counts.bookedSlots, counts.slots) }
		})
		.sort((a, b) => (a.fullName < b.fullName ? -1 : 1))

	const byHour: Analytics['byHour'] = []
	for (let weekday = 1; weekday <= 7; weekday++) {
		for (let hour = 0; hour < 24; hour++) {
			const appointments = count(visits, visit => isBooked(visit) && visit.weekday === weekday && visit.hour === hour)
			if (appointments > 0) byHour.push({ weekday, hour, appointments })
		}
	}

	const leadHours = visits
		.filter(isBooked)
		.map(({ startsAtMs, createdAtMs }) => (startsAtMs - createdAtMs) / 3_600_000)
		.sort((a, b) => a - b)

	return {
		totals,
		byDay,
		byDoctor,
		byHour,
		byType: records.types
			.map(({ id, name }) => ({ typeId: id, name, ...lossesOf(visits.filter(({ type }) => type === id)) }))
			.filter(({ appointments }) => appointments > 0),
		byChannel: (['desk', 'doctor', 'online'] as const)
			.map(channel => ({ channel, ...lossesOf(visits.filter(visit => visit.channel === channel)) }))
			.filter(({ appointments }) => appointments > 0),
		moves: { moves: lossesOf(visits).moves, appointments: count(visits, ({ moves }) => moves > 0) },
		waiting: { visits: 0, medianMinutes: null, p90Minutes: null },
		punctuality: { visits: 0, medianMinutesLate: null, onTimeRate: null },
		utilisation: share(totals.bookedSlots, totals.slots),
		leadTime: {
			medianHours: percentile(leadHours, 0.5),
			p90Hours: percentile(leadHours, 0.9),
			meanHours: leadHours.length ? leadHours.reduce((sum, hours) => sum + hours, 0) / leadHours.length : null,
		},
		noShowRate: share(totals.noShow, totals.completed + totals.noShow),
		cancellationRate: share(totals.cancelled, totals.appointments),
	}

	function withLocalTime<T extends { doctorId: string; startsAtMs: number }>(things: T[]) {
		return things
			.filter(({ doctorId }) => zoneOf.has(doctorId))
			.map(thing => {
				const local = DateTime.fromMillis(thing.startsAtMs, { zone: zoneOf.get(thing.doctorId) as string })
				return { ...thing, date: local.toISODate() as string, weekday: local.weekday, hour: local.hour }
			})
			.filter(({ date }) => date >= from && date <= to)
	}

	function countsOf(some: Visit[], offered: OfferedSlot[]) {
		return {
			appointments: some.length,
			cancelled: count(some, hasStatus('cancelled')),
			noShow: count(some, hasStatus('no_show')),
			slots: offered.length,
			bookedSlots: count(offered, ({ booked }) => booked),
		}
	}
}

const lossesOf = (some: Visit[]) => ({
	appointments: some.length,
	cancelled: count(some, hasStatus('cancelled')),
	noShow: count(some, hasStatus('no_show')),
	moves: some.reduce((sum, { moves }) => sum + moves, 0),
})

const count = <T>(list: T[], predicate: (each: T) => boolean) => list.filter(predicate).length
const hasStatus = (status: string) => (visit: Visit) => visit.status === status
const isBooked = ({ status }: Visit) => status !== 'cancelled'

const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)

/** Interpolates between the two nearest values, as PostgreSQL's `percentile_cont` does. */
function percentile(sorted: number[], fraction: number): number | null {
	if (sorted.length === 0) return null
	const at = fraction * (sorted.length - 1)
	const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
	return low + (high - low) * (at - Math.floor(at))
}
