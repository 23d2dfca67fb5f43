/**
 * Remembers for a moment what was read. While a read is under way all callers wait for it, however long it takes: with a second read,
 * later callers could overtake. A failed read is not remembered.
 */
export function remembered<T>(read: () => Promise<T>, freshMs: number): Remembered<T> {
	let known: { beganMs: number; isUnderWay: boolean; answer: Promise<T> } | undefined

	return {
		get() {
			if (known && (known.isUnderWay || performance.now() - known.beganMs <= freshMs)) return known.answer
			const reading = { beganMs: performance.now(), isUnderWay: true, answer: read() }
			reading.answer.then(
				() => (reading.isUnderWay = false),
				() => known === reading && forget(),
			)
			known = reading
			return reading.answer
		},
		forget,
	}

	function forget() {
		known = undefined
	}
}

export type Remembered<T> = {
	get(): Promise<T>
	/** Has the next caller read again. */
	forget(): void
}
