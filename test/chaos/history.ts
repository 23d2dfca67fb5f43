export type History = ReturnType<typeof createHistory>

/** What a client asked for, and what it was told. */
export type Operation = {
	kind: 'hold' | 'release' | 'book' | 'cancel' | 'reschedule'
	userId: string
	/** Of bookings and moves: asked again under it, until the outcome is known. */
	key: string | undefined
	slotId: string
	/** What is cancelled or moved; of a booking, what came of it. */
	appointmentId: string | undefined
	/** `unknown`: the connection broke, or the server asked to come back. */
	outcome: 'invoked' | 'acknowledged' | 'refused' | 'unknown'
	code: string | undefined
	/** Told to come back, without being told when. */
	isLeftGuessing: boolean
	/** The connection broke so long after it was asked that it was not only a crossing of the two on the way. */
	isDropped: boolean
	/** Of the longest wait for an answer. */
	tookMs: number
}

/** Everything that all clients did, in the order in which they began. */
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
