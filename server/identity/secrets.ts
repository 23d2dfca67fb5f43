import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits as text that fits a cookie and a link. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * What is stored of a secret. A plain hash is enough, and may be looked up by an index: unlike a password, 256 random bits
 * cannot be guessed from it.
 */
export const digestSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()
