import { createHash, createHmac, randomBytes } from 'node:crypto'
import { derivedKey } from '../platform/security/derived-key.ts'

/** 256 random bits as text that fits a cookie and a link. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * What is stored of a secret. A plain hash is enough, and may be looked up by an index: unlike a password, 256 random bits
 * cannot be guessed from it.
 */
export const digestSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/**
 * Stands for a text that is not to be written down. The same text has the same mark; who does not know the server's key cannot tell
 * which, not even by trying all that they know.
 */
export const createMarks =
	(key: string) =>
	(text: string): string =>
		createHmac('sha256', key).update(`mark ${text}`).digest('base64url').slice(0, 22)

/**
 * What a refresh token is traded for: a new secret; or with the name of an attempt, always the same one for the same token and
 * attempt, so that who did not get the answer can ask again. It cannot be found out without the server's key.
 */
export const createNextToken = (serverSecret: string) => {
	const key = derivedKey(serverSecret, 'renewals')
	return (refreshToken: string, attempt?: string): string =>
		attempt === undefined ? newSecret() : createHmac('sha256', key).update(`${refreshToken} ${attempt}`).digest('base64url')
}
