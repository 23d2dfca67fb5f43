export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>

/** Runs work of one key one after the other, in this process. Different keys do not wait for each other. */
export function createTurns(): InTurn {
	const lastOf = new Map<string, Promise<unknown>>()
	return (key, work) => {
		const turn = (lastOf.get(key) ?? Promise.resolve()).then(work)
		const ended = turn
			.catch(() => {})
			.then(() => {
				if (lastOf.get(key) === ended) lastOf.delete(key)
			})
		lastOf.set(key, ended)
		return turn
	}
}
