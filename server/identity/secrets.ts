import { createHash, createHmac, randomBytes } from 'node:crypto'

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
