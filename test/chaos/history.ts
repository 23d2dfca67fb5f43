export type History = ReturnType<typeof createHistory>

/** A client's request, and the answer that it received. */
export type Operation = {
	kind: 'hold' | 'release' | 'book' | 'extra' | 'walk-in' | 'cancel' | 'reschedule'
	/** The account that asks. */
	userId: string
	/** The idempotency key of bookings and reschedules: the client repeats with it until the outcome is known. */
	key: string | undefined
	/** An extra visit lies on top of the slot. Of a walk-in only the slot's doctor counts. */
	slotId: string
	/** The patient for whom the desk books. */
	patientId: string | undefined
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
		invoke(
			operation: Pick<Operation, 'kind' | 'userId' | 'slotId'> & { key?: string; patientId?: string; appointmentId?: string },
		): Operation {
			const begun: Operation = {
				key: undefined,
				patientId: undefined,
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
		/** An account's requests that can be repeated and whose outcome is unknown. */
		openOf: (account: string) => operations.filter(({ userId, outcome, key }) => userId === account && outcome === 'unknown' && key),
		of: (...kinds: Operation['kind'][]) => operations.filter(({ kind }) => kinds.includes(kind)),
	}
}
