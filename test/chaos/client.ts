import { randomUUID } from 'node:crypto'
import type { Appointment } from '../../contract/index.ts'
import type { Person } from '../support/people.ts'
import { createCaller, oneOf, sleep, untilKnown } from './caller.ts'
import type { History, Operation } from './history.ts'

export type ChaosClient = {
	/** Acts at random until the trial is over. */
	live(slotIds: readonly string[], isOver: () => boolean): Promise<void>
	/** Repeats every request with an unknown outcome, with the same key, as the wire asks of clients. */
	findOut(): Promise<void>
	vanish(): void
	stop(): void
}

/** A patient whose client connects to another node whenever its connection breaks. */
export function createChaosClient(
	urls: () => readonly string[],
	patient: Person,
	history: History,
): ChaosClient & { book(slotId: string): Promise<void> } {
	const { ask, vanish, stop } = createCaller(urls, patient)
	const mine: { appointmentId: string; slotId: string }[] = []

	return {
		book: (slotId: string) => book(history.invoke({ kind: 'book', userId: patient.id, slotId, key: randomUUID() })),
		async live(slotIds, isOver) {
			while (!isOver()) {
				await act(slotIds)
				await sleep(100 + Math.random() * 500)
			}
		},
		async findOut() {
			for (const operation of history.openOf(patient.id))
				await untilKnown(operation, () => (operation.kind === 'book' ? book(operation) : move(operation)))
		},
		vanish,
		stop,
	}

	async function book(operation: Operation) {
		const { slotId, key } = operation
		const answer = await ask(operation, line => line.emitWithAck('appointment:book', { slotId, idempotencyKey: key as string }))
		if (!answer?.ok) return
		operation.appointmentId = (answer.appointment as Appointment).id
		mine.push({ appointmentId: operation.appointmentId, slotId })
	}

	async function act(slotIds: readonly string[]) {
		const slotId = oneOf(slotIds)
		const userId = patient.id
		const dice = Math.random()
		const visit = dice < 0.3 ? mine.pop() : undefined
		if (visit && dice < 0.2) {
			const operation = history.invoke({ kind: 'cancel', userId, slotId: visit.slotId, appointmentId: visit.appointmentId })
			await ask(operation, line => line.emitWithAck('appointment:cancel', { appointmentId: visit.appointmentId }))
		} else if (visit) {
			const [doctorId] = visit.slotId.split('-')
			const near = slotIds.filter(each => each.startsWith(`${doctorId}-`))
			await move(history.invoke({ kind: 'reschedule', userId, slotId: oneOf(near), appointmentId: visit.appointmentId, key: randomUUID() }))
		} else if (dice < 0.5) {
			const hold = history.invoke({ kind: 'hold', userId, slotId })
			const held = await ask(hold, line => line.emitWithAck('slot:hold', { slotId }))
			if (!held?.ok) return
			if (Math.random() < 0.4) {
				await ask(history.invoke({ kind: 'release', userId, slotId }), line => line.emitWithAck('slot:release', { slotId }))
			} else await book(history.invoke({ kind: 'book', userId, slotId, key: randomUUID() }))
		} else await book(history.invoke({ kind: 'book', userId, slotId, key: randomUUID() }))
	}

	async function move(operation: Operation) {
		const { slotId, key, appointmentId } = operation
		const payload = { appointmentId: appointmentId as string, slotId, idempotencyKey: key as string }
		await ask(operation, line => line.emitWithAck('appointment:reschedule', payload))
		if (operation.outcome !== 'refused') mine.push({ appointmentId: appointmentId as string, slotId })
	}
}
