import { createHash, createHmac, randomBytes } from 'node:crypto'
import { derivedKey } from '../platform/security/derived-key.ts'

/**
 * The hash that is stored in place of a secret. A plain hash is enough, and an index can find it: unlike a password, 256 random bits
 * cannot be guessed.
 */
export const digestSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/**
 * A mark stands for a text that must not be stored. The same text gets the same mark. Without the server's key nobody can tell which
 * text it is, not even by trying every text that they know.
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
