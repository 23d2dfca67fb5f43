import { hash, verify } from '@node-rs/argon2'

/** The OWASP password storage cheat sheet's second choice: argon2id (the library's default) with 19 MiB and two passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string): Promise<string> => hash(password, cost)

/** The hash of an unknown password, at the same cost. */
const unknownPasswordHash = '$argon2id$v=19$m=19456,t=2,p=1$av2x6mAiAqNQ3IlIEv6csQ$2W72/Ulvvzq1xnik572ZAt3osWgkOuNchJi5/dPC3cU'

/**
 * Compares a password with a stored hash. Without one (no such account, or one that has never set a password) it does the same work
 * for nothing, so that the time does not reveal which addresses are registered.
 */
export async function isPassword(password: string, storedHash: string | null | undefined): Promise<boolean> {
	const matches = await verify(storedHash ?? unknownPasswordHash, password)
	return matches && typeof storedHash === 'string'
}
