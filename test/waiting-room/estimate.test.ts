import { expect } from 'chai'
import { type DurationRow, estimateWaits, type InLine, inOrder, learn, takesOf } from '../../server/waiting-room/estimate.ts'

const minuteMs = 60_000

describe('the estimate of waits', () => {
	const nowMs = Date.parse('2026-12-01T09:00:00Z')
	const takes = { quick: 8, slow: 12 }
	const visit = (appointmentId: string, overrides: Partial<InLine> = {}): InLine => ({
		appointmentId,
		status: 'waiting',
		sinceMs: nowMs,
		dueMs: nowMs,
		arrivedMs: nowMs,
		takes,
		...overrides,
	})
	const waits = (line: InLine[], expected: { dueMs: number; takes: typeof takes }[] = []) =>
		Object.fromEntries(estimateWaits(line, expected, nowMs))

	it('adds what the visits ahead take, quick and slow', () => {
		expect(waits([visit('1'), visit('2'), visit('3')])).to.deep.equal({
			1: { fromMinutes: 0, toMinutes: 0 },
			2: { fromMinutes: 8, toMinutes: 12 },
			3: { fromMinutes: 16, toMinutes: 24 },
		})
	})

	it('counts what is left of the visit in progress, and a moment for one that takes too long', () => {
		const since = (minutes: number) => visit('1', { status: 'in_progress', sinceMs: nowMs - minutes * minuteMs })
		expect(waits([since(6), visit('2')])[2]).to.deep.equal({ fromMinutes: 2, toMinutes: 6 })
		expect(waits([since(60), visit('2')])[2]).to.deep.equal({ fromMinutes: 0, toMinutes: 5 })
	})

	it('never says that a patient is seen before the visit’s own time', () => {
		expect(waits([visit('1', { dueMs: nowMs + 30 * minuteMs })])[1]).to.deep.equal({ fromMinutes: 30, toMinutes: 30 })
	})

	it('counts patients who stepped out, or are still expected before, only in the slow case', () => {
		expect(waits([visit('1', { status: 'out' }), visit('2')])[2]).to.deep.equal({ fromMinutes: 0, toMinutes: 12 })
		const expected = [
			{ dueMs: nowMs, takes },
			{ dueMs: nowMs + 30 * minuteMs, takes },
		]
		expect(waits([visit('1')], expected)[1]).to.deep.equal({ fromMinutes: 0, toMinutes: 12 })
	})

	it('orders by due time, then by arrival, and keeps the place of a patient who is late', () => {
		const late = visit('3', { dueMs: nowMs - 20 * minuteMs, arrivedMs: nowMs })
		const line = [visit('1', { arrivedMs: nowMs - 1 }), visit('2', { arrivedMs: nowMs - 2 }), late]
		expect(inOrder(line).map(({ appointmentId }) => appointmentId)).to.deep.equal(['3', '2', '1'])
	})

	it('learns from a type’s visits, or else from the doctor’s, or else keeps to the plan', () => {
		const row = (type_id: string, visits: number, part = 1.5): DurationRow => ({
			doctor_id: '1',
			type_id,
			visits,
			quick: 20,
			slow: 30,
			part,
		})
		const planned = { typeId: 'a', plannedMinutes: 20 }
		expect(takesOf(learn([row('a', 5)]), planned)).to.deep.equal({ quick: 20, slow: 30 })
		expect(takesOf(learn([row('b', 6)]), planned)).to.deep.equal({ quick: 22.5, slow: 37.5 })
		expect(takesOf(learn([row('a', 2)]), planned)).to.deep.equal({ quick: 15, slow: 25 })
		expect(takesOf(learn([]), planned)).to.deep.equal({ quick: 15, slow: 25 })
	})
})
