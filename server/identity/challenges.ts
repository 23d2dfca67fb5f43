import type { SignInChallenge } from '../../contract/index.ts'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { digestSecret, newSecret } from './secrets.ts'

const lifetimeSeconds = 300
const maxTries = 5

/** What remembers that a password was right a moment ago. The account must be locked; its old challenges are swept away. */
export const openChallenge = async (trx: Tx, userId: string): Promise<SignInChallenge> => {
	const challenge = newSecret()
	await trx('sign_in_challenges').where({ user_id: userId }).whereRaw('expires_at < now()').delete()
	await trx('sign_in_challenges').insert({
		token_hash: digestSecret(challenge),
		user_id: userId,
		expires_at: trx.raw('now() + make_interval(secs => ?)', lifetimeSeconds),
	})
	return { challenge, expiresIn: lifetimeSeconds }
}

const open = (db: DbOrTx, challenge: string) =>
	db('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.where('tries', '<', maxTries)
		.whereRaw('expires_at > now()')

/** Whose challenge it is; undefined when it is unknown, too old, or was tried too often. */
export const findChallenged = async (db: DbOrTx, challenge: string): Promise<string | undefined> =>
	(await open(db, challenge).first('user_id as userId'))?.userId

/** Counts a try, and says whether there was one left. The account must be locked. */
export const countTry = async (trx: Tx, challenge: string): Promise<boolean> => (await open(trx, challenge).increment('tries', 1)) > 0

export const closeChallenge = async (trx: Tx, challenge: string): Promise<void> => {
	await trx('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.delete()
}
