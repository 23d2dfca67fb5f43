import { expect } from 'chai'
import fc from 'fast-check'
import { DateTime } from 'luxon'
import type { WeeklyHours } from '../../contract/index.ts'
import type { Tx } from '../../server/platform/database/database.ts'
import { generateSlots } from '../../server/schedule/generate.ts'
import { isLong } from '../support/forms.ts'
import { useDatabase } from '../support/servers.ts'
import { clockChanges, expectedSlots } from './oracle.ts'
import { aScheduledDoctor, bookSlot, overlapsIn, setSchedule, slotsOf, spans, type TestSchedule, undone } from './support.ts'

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Sao_Paulo']

const wallTime = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const someHours: fc.Arbitrary<WeeklyHours[]> = fc
	.uniqueArray(
		fc.oneof(
			fc.integer({ min: 0, max: 48 }).map(n => n * 30),
			fc.integer({ min: 0, max: 288 }).map(n => n * 5),
		),
		{
			minLength: 2,
			maxLength: 6,
		},
	)
	.chain(times => {
		const sorted = times.toSorted((a, b) => a - b)
		const ranges = sorted.slice(1).map((end, i) => ({ start: wallTime(sorted[i]!), end: wallTime(end) }))
		return fc.subarray(ranges, { minLength: 1 })
	})
	.map(ranges => [1, 2, 3, 4, 5, 6, 7].flatMap(weekday => ranges.map(range => ({ weekday, ...range }))))

const someCase = fc
	.constantFrom(...zones)
	.chain(zone =>
		fc.record({ schedule: someSchedule(zone), another: someSchedule(zone), now: someNow(zone), days: fc.integer({ min: 1, max: 5 }) }),
	)

describe('slot generation, for any hours, zone and date', () => {
	const stores = useDatabase()

	const undoing = (body: (trx: Tx) => Promise<void>) => undone(stores.db, body)

	it('creates exactly the slots that the rules ask for', async function () {
		this.timeout(60_000)
		await fc.assert(
			fc.asyncProperty(someCase, ({ schedule, now, days }) =>
				undoing(async trx => {
					const doctorId = await aScheduledDoctor(trx, schedule)
					const [result] = await generateSlots(trx, { doctorIds: [doctorId], days, now })
					const slots = await slotsOf(trx, doctorId)
					expect(spans(slots)).to.deep.equal(spans(expectedSlots(schedule, days, now)))
					expect(overlapsIn(slots)).to.deep.equal([])
					expect(result).to.deep.equal({ doctorId, created: slots.length, removed: 0, kept: 0, marked: 0, skipped: 0 })
				}),
			),
			{ numRuns: isLong ? 400 : 80 },
		)
	})

	it('follows a changed schedule around booked slots', async function () {
		this.timeout(60_000)
		const property = fc.asyncProperty(someCase, fc.infiniteStream(fc.boolean()), ({ schedule, another, now, days }, isBooked) =>
			undoing(async trx => {
				const doctorId = await aScheduledDoctor(trx, schedule)
				await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const before = await slotsOf(trx, doctorId)
				const booked = before.filter(() => isBooked.next().value && isBooked.next().value).slice(0, 8)
				for (const slot of booked) await bookSlot(trx, doctorId, slot)

				await setSchedule(trx, doctorId, another)
				const [first] = await generateSlots(trx, { doctorIds: [doctorId], days, now })
				const slots = await slotsOf(trx, doctorId)

				const free = expectedSlots(another, days, now).filter(
					slot => !booked.some(other => other.starts_at < slot.ends_at && other.ends_at > slot.starts_at),
				)
				expect(spans(slots.filter(slot => slot.appointment_id === null))).to.deep.equal(spans(free))
				expect(spans(slots.filter(slot => slot.appointment_id !== null))).to.deep.equal(spans(booked))
				expect(overlapsIn(slots)).to.deep.equal([])
				expect(first!.created - first!.removed).to.equal(slots.length - before.length)
				expect(first!.created + first!.kept).to.equal(slots.length)

				const again = await generateSlots(trx, { doctorIds: [doctorId], days, now })
				expect(again).to.deep.equal([{ doctorId, created: 0, removed: 0, kept: slots.length, marked: 0, skipped: 0 }])
			}),
		)
		await fc.assert(property, { numRuns: isLong ? 200 : 40 })
	})
})

function someSchedule(timeZone: string): fc.Arbitrary<TestSchedule> {
	return fc.record({
		timeZone: fc.constant(timeZone),
		slotMinutes: fc.oneof(fc.constantFrom(15, 20, 30, 45, 60, 90), fc.integer({ min: 10, max: 480 })),
		weekly: fc
			.tuple(someHours, fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 3 }))
			.map(([weekly, weekdays]) => weekly.filter(({ weekday }) => weekdays.includes(weekday))),
	})
}

/** Mostly dates near changes of clocks, because those are difficult. */
function someNow(zone: string): fc.Arbitrary<Date> {
	return fc
		.record({ year: fc.integer({ min: 2015, max: 2030 }), pick: fc.nat(), minutes: fc.integer({ min: 0, max: 3 * 1440 }) })
		.map(({ year, pick, minutes }) => {
			const changes = clockChanges(zone, year)
			const day = changes[pick % changes.length] ?? DateTime.fromObject({ year }, { zone }).plus({ days: pick % 365 })
			return day.plus({ days: 1 }).minus({ minutes }).toJSDate()
		})
}
