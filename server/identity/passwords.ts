import { hash, verify } from '@node-rs/argon2'

/** The second choice of the OWASP password storage cheat sheet: argon2id (the library's default) with 19 MiB and two passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The hash of a password that nobody knows, at the same cost. */
const nobodysHash = '$argon2id$v=19$m=19456,t=2,p=1$av2x6mAiAqNQ3IlIEv6csQ$2W72/Ulvvzq1xnik572ZAt3osWgkOuNchJi5/dPC3cU'

export const hashPassword = (password: string): Promise<string> => hash(password, cost)

/**
 * Compares a password with what is stored. Without a stored hash (no such account, or one that has never set a password) the
 * same work is done for nothing, so that the time taken does not tell which addresses are known.
 */
export const isPassword = async (password: string, storedHash: string | null | undefined): Promise<boolean> => {
	const matches = await verify(storedHash ?? nobodysHash, password)
	return matches && typeof storedHash === 'string'
}
