import { randomUUID } from 'node:crypto'
import type { Appointment } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import type { Person } from '../support/people.ts'
import { type Answer, createCaller, oneOf, sleep, untilKnown } from './caller.ts'
import type { ChaosClient } from './client.ts'
import type { History, Operation } from './history.ts'

/** Why the desk allows extra visits. */
export const reasonForExtra = 'In pain'

/** Whom the desk books for: patients who book for themselves too, and patients with a file only, who walk in. */
export type DeskPatients = { patientIds: readonly string[]; walkInIds: readonly string[] }

/**
 * A receptionist who books visits beside slots: extra visits on top of slots that others book, often two of one patient at the same
 * time at different doctors, over two connections; and walk-ins. Moves extra visits into slots, and cancels.
 */
export function createChaosDesk(
	urls: () => readonly string[],
	receptionist: Person,
	{ patientIds, walkInIds }: DeskPatients,
	history: History,
): ChaosClient {
	const screens = [createCaller(urls, receptionist), createCaller(urls, receptionist)] as const
	const userId = receptionist.id
	const visits: { appointmentId: string; slotId: string; isExtra: boolean }[] = []

	return {
		async live(slotIds, isOver) {
			while (!isOver()) {
				await act(slotIds)
				await sleep(100 + Math.random() * 500)
			}
		},
		async findOut() {
			for (const operation of history.openOf(userId)) await untilKnown(operation, () => repeat(operation))
		},
		vanish() {
			for (const screen of screens) screen.vanish()
		},
		stop() {
			for (const screen of screens) screen.stop()
		},
	}

	async function act(slotIds: readonly string[]) {
		const slotId = oneOf(slotIds)
		const dice = Math.random()
		const visit = dice < 0.35 ? visits.pop() : undefined
		if (visit && (dice < 0.2 || !visit.isExtra)) {
			const { appointmentId } = visit
			const cancel = history.invoke({ kind: 'cancel', userId, slotId: visit.slotId, appointmentId })
			await screens[0].ask(cancel, line => line.emitWithAck('appointment:cancel', { appointmentId }))
		} else if (visit) {
			await move(history.invoke({ kind: 'reschedule', userId, slotId, appointmentId: visit.appointmentId, key: randomUUID() }))
		} else if (dice < 0.55) {
			await walkIn(history.invoke({ kind: 'walk-in', userId, slotId, patientId: oneOf(walkInIds), key: randomUUID() }))
		} else {
			const patientId = oneOf(patientIds)
			const atThatTime = slotIds.filter(each => each.endsWith(slotId.slice(slotId.indexOf('-'))))
			const wish = () => history.invoke({ kind: 'extra', userId, slotId: oneOf(atThatTime), patientId, key: randomUUID() })
			await Promise.all(screens.map(screen => bookExtra(wish(), screen)))
		}
	}

	async function repeat(operation: Operation) {
		if (operation.kind === 'extra') await bookExtra(operation)
		else if (operation.kind === 'walk-in') await walkIn(operation)
		else await move(operation)
	}

	async function bookExtra(operation: Operation, screen = screens[0]) {
		const { key, patientId, slotId } = operation
		const [doctorId, minute] = slotId.split('-')
		const payload = {
			doctorId: doctorId as string,
			startsAt: new Date(Number(minute) * 60_000).toISOString(),
			minutes: 15,
			patientId: patientId as string,
			extra: { reason: reasonForExtra },
			idempotencyKey: key as string,
		}
		noteVisit(operation, await screen.ask(operation, line => line.emitWithAck('appointment:book', payload)))
	}

	async function walkIn(operation: Operation) {
		const { key, patientId, slotId } = operation
		const body = { doctorId: slotId.split('-')[0], patientId }
		noteVisit(operation, await screens[1].ask(operation, (_line, url) => post({ url }, '/walk-ins', body, key as string)))
	}

	async function move(operation: Operation) {
		const { slotId, key, appointmentId } = operation
		const payload = { appointmentId: appointmentId as string, slotId, idempotencyKey: key as string }
		await screens[0].ask(operation, line => line.emitWithAck('appointment:reschedule', payload))
	}

	/** Walk-ins have no event. Answers as an event would. */
	async function post(node: { url: string }, path: string, body: object, key: string): Promise<Answer> {
		const { status, body: answer, headers } = await call(node, 'POST', path, { token: receptionist.token, body, key })
		if (status < 300) return { ok: true, appointment: answer }
		const retryAfter = headers.get('retry-after')
		return { ok: false, error: { ...answer, ...(retryAfter && { retryAfterSeconds: Number(retryAfter) }) } }
	}

	function noteVisit(operation: Operation, answer: Answer | undefined) {
		if (!answer?.ok) return
		const { slotId, kind } = operation
		operation.appointmentId = (answer.appointment as Appointment).id
		visits.push({ appointmentId: operation.appointmentId, slotId, isExtra: kind === 'extra' })
	}
}
