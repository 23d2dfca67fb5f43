export type History = ReturnType<typeof createHistory>

/** A client's request, and the answer that it received. */
export type Operation = {
	kind: 'hold' | 'release' | 'book' | 'cancel' | 'reschedule'
	userId: string
	/** The idempotency key of bookings and reschedules: the client repeats with it until the outcome is known. */
	key: string | undefined
	slotId: string
	/** The appointment that is cancelled or moved, or that a booking created. */
	appointmentId: string | undefined
	/** `unknown` when the connection broke, or the server asked to come back. */
	outcome: 'invoked' | 'acknowledged' | 'refused' | 'unknown'
	code: string | undefined
	/** The server asked to come back without saying when. */
	isLeftGuessing: boolean
	/** The connection broke so long after the request that the two did not merely cross. */
	isDropped: boolean
	/** The longest wait for an answer. */
	tookMs: number
}

/** All operations of all clients, in the order in which they began. */
export function createHistory() {
	const operations: Operation[] = []
	return {
		operations,
		invoke(operation: Pick<Operation, 'kind' | 'userId' | 'slotId'> & { key?: string; appointmentId?: string }): Operation {
			const begun: Operation = {
				key: undefined,
				appointmentId: undefined,
				...operation,
				outcome: 'invoked',
				code: undefined,
				isLeftGuessing: false,
				isDropped: false,
				tookMs: 0,
			}
			operations.push(begun)
			return begun
		},
		of: (...kinds: Operation['kind'][]) => operations.filter(({ kind }) => kinds.includes(kind)),
	}
}
