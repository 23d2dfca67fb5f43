import { expect } from 'chai'
import type { CalendarChanged, Slot, Snapshot } from '../../contract/index.ts'
import { call } from './http.ts'
import { waitFor } from './wait.ts'
import type { Client } from './watcher.ts'

export type Heard =
	| { kind: 'snapshot'; snapshot: Snapshot }
	| { kind: 'frame'; frame: CalendarChanged }
	| { kind: 'presence'; viewers: number }

/**
 * Records what one socket receives about one calendar, in order. Unlike a client it never watches again, and it keeps gaps,
 * repetitions and frames that arrive too early.
 */
export const aRecorder = (socket: Client, doctorId: string, range: { from: string; to: string }) => {
	const heard: Heard[] = []
	socket.on('calendar:changed', frame => void (frame.doctorId === doctorId && heard.push({ kind: 'frame', frame })))
	socket.on('calendar:presence', ({ doctorId: of, viewers }) => void (of === doctorId && heard.push({ kind: 'presence', viewers })))

	/** A callback, because a promise would let frames of the same packet overtake the snapshot. */
	const watch = () =>
		new Promise<Snapshot>((resolve, reject) => {
			socket.emit('calendar:watch', { doctorId, ...range }, answer => {
				if (!answer.ok) return reject(new Error(JSON.stringify(answer.error)))
				heard.push({ kind: 'snapshot', snapshot: answer })
				resolve(answer)
			})
		})

	const frames = () => heard.flatMap(each => (each.kind === 'frame' ? [each.frame] : []))

	/** The calendar as this socket knows it. @throws AssertionError when a change is missing, repeated or out of order */
	const picture = () => {
		const slots = new Map<string, Slot>()
		let version: number | undefined
		for (const each of heard) {
			if (each.kind === 'presence') continue
			if (each.kind === 'snapshot') {
				if (version !== undefined) expect(each.snapshot.version, 'a snapshot older than what was told').to.be.at.least(version)
				version = each.snapshot.version
				slots.clear()
				for (const slot of each.snapshot.slots) slots.set(slot.id, slot)
				continue
			}
			const { fromVersion, toVersion, changes } = each.frame
			expect(version, 'a frame before the first snapshot').to.not.equal(undefined)
			expect(fromVersion, 'the frame after what was told').to.equal((version as number) + 1)
			expect(
				changes.map(change => change.version),
				'versions in the frame',
			).to.deep.equal(Array.from({ length: toVersion - fromVersion + 1 }, (_, index) => fromVersion + index))
			version = toVersion
			for (const { version: _, ...slot } of changes) slots.set(slot.id, slot)
		}
		return { version, slots: [...slots.values()] }
	}

	return {
		socket,
		doctorId,
		heard,
		watch,
		frames,
		picture,
		presences: () => heard.flatMap(each => (each.kind === 'presence' ? [each.viewers] : [])),
		/** The last published state of a slot after the first snapshot. */
		told: (slotId: string) =>
			frames()
				.flatMap(frame => frame.changes)
				.findLast(change => change.id === slotId),
		/** Waits until this socket's calendar equals the HTTP listing for the same person, and compares all of it. */
		async agrees(node: { url: string }, token?: string) {
			const path = `/doctors/${doctorId}/slots?from=${range.from}&to=${range.to}`
			let listed = (await call<Snapshot>(node, 'GET', path, { token })).body
			await waitFor(async () => {
				listed = (await call<Snapshot>(node, 'GET', path, { token })).body
				return picture().version === listed.version
			}, 'the socket to be told all that is listed')
			expect(picture().slots).to.deep.equal(listed.slots)
			return listed
		},
	}
}

export type Recorder = ReturnType<typeof aRecorder>
