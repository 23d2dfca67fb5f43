import type { Proposal } from '../platform/mailbox/lease.ts'
import type { Appended, Queue, Taken } from './queue.ts'
import { queueFull } from './queue.ts'
import type { QueueRequest } from './request.ts'

/** A lane of the drain that is kept for a turn's doctors, until it is known whose locks were had. */
export type Reservation = {
	atMost: number
	leases: Map<string, Proposal>
	/** Reads what a request depends on while it is being queued. */
	readAhead(request: QueueRequest): void
	start(taken: Map<string, Taken>): void
}

export type IntakeDeps = {
	queue: Pick<Queue, 'append'>
	/** A free lane for those of the doctors that nobody drains here; null when all lanes are taken. */
	reserve: (doctorIds: readonly string[]) => Reservation | null
	/** There is something in the doctor's queue. */
	poke: (doctorId: string) => void
}

type Pending = { request: QueueRequest; resolve: () => void; reject: (error: unknown) => void }

/**
 * Appends the requests of one turn of the event loop together, one script a doctor, in the order in which they came.
 * On a node with nothing else to do the same script takes the doctor's lock and the head of the queue.
 */
export const createIntake = ({ queue, reserve, poke }: IntakeDeps) => {
	let pending = new Map<string, Pending[]>()

	const append = async (doctorId: string, list: readonly Pending[], lease: Proposal | undefined, atMost: number): Promise<Taken | null> => {
		let appended: Appended
		try {
			appended = await queue.append(
				doctorId,
				list.map(({ request }) => request),
				lease,
				atMost,
			)
		} catch (error) {
			for (const { reject } of list) reject(error)
			// What became of it is unknown: the lock may be ours all the same.
			if (lease) void lease.release()
			throw error
		}
		for (const [index, { resolve, reject }] of list.entries()) {
			if (appended.added[index]) resolve()
			else reject(queueFull())
		}
		// Who was refused the lock is waited for by its owner; who did not ask for it looks after the queue later.
		if (!lease) poke(doctorId)
		return appended.taken
	}

	const flush = () => {
		const lists = pending
		pending = new Map()
		const reservation = reserve([...lists.keys()])
		const [first = []] = lists.values()
		const [lone] = first
		if (lone && lists.size === 1 && first.length === 1) reservation?.readAhead(lone.request)
		const taken = new Map<string, Taken>()
		const appended = [...lists].map(async ([doctorId, list]) => {
			try {
				const had = await append(doctorId, list, reservation?.leases.get(doctorId), reservation?.atMost ?? 0)
				if (had) taken.set(doctorId, had)
			} catch {
				// Its callers have been told. Nobody says that another has the lock.
				reservation?.leases.delete(doctorId)
			}
		})
		void Promise.all(appended).then(() => reservation?.start(taken))
	}

	return {
		/** Resolves when the request is in its doctor's queue, and will be settled. @throws Refusal queue_full */
		add: (request: QueueRequest): Promise<void> =>
			new Promise((resolve, reject) => {
				if (pending.size === 0) setImmediate(flush)
				const list = pending.get(request.doctorId)
				if (list) list.push({ request, resolve, reject })
				else pending.set(request.doctorId, [{ request, resolve, reject }])
			}),
	}
}

export type Intake = ReturnType<typeof createIntake>
