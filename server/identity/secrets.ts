import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { derivedKey } from '../platform/security/derived-key.ts'

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

/**
 * The hash that is stored in place of a secret. A plain hash is enough, and an index can find it: unlike a password, 256 random bits
 * cannot be guessed.
 */
export const digestSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/**
 * A mark stands for a text that must not be stored. The same text gets the same mark. Without the server's key a reader cannot tell
 * which text it is, not even by trying every text that the reader knows.
 */
export function createMarks(key: string) {
	return (text: string): string => createHmac('sha256', key).update(`mark ${text}`).digest('base64url').slice(0, 22)
}

/**
 * The token that replaces a refresh token: a new secret. With the name of an attempt it is always the same for the same token and
 * attempt, so that a client that missed the answer can ask again. Without the server's key it cannot be computed.
 */
export function createNextToken(serverSecret: string) {
	const key = derivedKey(serverSecret, 'renewals')
	return (refreshToken: string, attempt?: string): string =>
		attempt === undefined ? newSecret() : createHmac('sha256', key).update(`${refreshToken} ${attempt}`).digest('base64url')
}

/** 256 random bits as text that fits a cookie and a link. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

export type Seal = {
	/** Encrypts for `owner`: only the same owner can open the result. */
	close(content: Uint8Array, owner: string): Buffer
	/** Decrypts. Undefined when the content was closed with another key or for another owner, or was changed since. */
	open(sealed: Buffer, owner: string): Buffer | undefined
}

const cipherName = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Encrypts secrets that the server must read again, so that the database and its backups do not reveal them. */
export function createSeal(serverSecret: string, purpose: string): Seal {
	const key = derivedKey(serverSecret, purpose)
	return {
		close: (content, owner) => {
			const nonce = randomBytes(nonceBytes)
			const cipher = createCipheriv(cipherName, key, nonce).setAAD(Buffer.from(owner))
			return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
		},
		open: (sealed, owner) => {
			try {
				const decipher = createDecipheriv(cipherName, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
				decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-tagBytes))
				return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
			} catch {
				return undefined
			}
		},
	}
}
