import type { SignInChallenge } from '../../contract/index.ts'
import type { DbOrTx, Tx } from '../platform/database/database.ts'
import { digestSecret, newSecret } from './secrets.ts'

const lifetimeSeconds = 300
const maxTries = 5

/**
 * Opens a challenge after a right password: it stands for the password until the code is given. The account must be locked.
 * Deletes its old challenges.
 */
export async function openChallenge(trx: Tx, userId: string): Promise<SignInChallenge> {
	const challenge = newSecret()
	await trx('sign_in_challenges').where({ user_id: userId }).whereRaw('expires_at < now()').delete()
	await trx('sign_in_challenges').insert({
		token_hash: digestSecret(challenge),
		user_id: userId,
		expires_at: trx.raw('now() + make_interval(secs => ?)', lifetimeSeconds),
	})
	return { challenge, expiresIn: lifetimeSeconds }
}

/** The id of the account that was challenged; undefined when the challenge is unknown, too old, or was tried too often. */
export async function findChallenged(db: DbOrTx, challenge: string): Promise<string | undefined> {
	return (await open(db, challenge).first('user_id as userId'))?.userId
}

/** Counts a try. False when no try was left. The account must be locked. */
export const countTry = async (trx: Tx, challenge: string): Promise<boolean> => (await open(trx, challenge).increment('tries', 1)) > 0

export async function closeChallenge(trx: Tx, challenge: string): Promise<void> {
	await trx('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.delete()
}

function open(db: DbOrTx, challenge: string) {
	return db('sign_in_challenges')
		.where({ token_hash: digestSecret(challenge) })
		.where('tries', '<', maxTries)
		.whereRaw('expires_at > now()')
}
