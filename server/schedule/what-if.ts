import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'

/** Runs the body that saving runs, and rolls it back, so that a preview cannot differ from saving. */
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

/** A preview locks the slots that it would remove. Bookings of these slots wait, but no longer than this. */
const longestMs = 3000

/** Thrown to roll a transaction back, and to carry the outcome out of it. */
class Undo<T> extends Error {
	readonly outcome: T

	constructor(outcome: T) {
		super('undone on purpose')
		this.outcome = outcome
	}
}
