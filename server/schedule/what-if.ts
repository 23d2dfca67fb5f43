import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'

/** Runs the body, reads what it did and rolls it back: a preview cannot differ from what saving does. */
export async function whatIf<T>(db: Db, body: (trx: Tx) => Promise<T>): Promise<T> {
	try {
		return await inTransaction(db, async trx => {
			await trx.raw(`SET LOCAL statement_timeout = ${longestMs}`)
			throw new Undo(await body(trx))
		})
	} catch (error) {
		if (error instanceof Undo) return error.outcome
		throw error
	}
}

/** A preview locks the slots that it would remove, and bookings of these wait for it: no longer than this. */
const longestMs = 3000

/** Rolls its transaction back, and carries the outcome out of it. */
class Undo<T> extends Error {
	readonly outcome: T

	constructor(outcome: T) {
		super('undone on purpose')
		this.outcome = outcome
	}
}
