import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { derivedKey } from '../platform/security/derived-key.ts'

export type Seal = {
	/** Encrypts for `owner`: it opens for the same owner only. */
	close(content: Uint8Array, owner: string): Buffer
	/** Decrypts. Undefined when it was closed with another key or for another owner, or was changed since. */
	open(sealed: Buffer, owner: string): Buffer | undefined
}

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Encrypts secrets that must be read again, so that the database and its backups do not reveal them. The key derives from the server's secret. */
export function createSeal(serverSecret: string, purpose: string): Seal {
	const key = derivedKey(serverSecret, purpose)
	return {
		close: (content, owner) => {
			const nonce = randomBytes(nonceBytes)
			const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(owner))
			return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
		},
		open: (sealed, owner) => {
			try {
				const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
				decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-tagBytes))
				return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
			} catch {
				return undefined
			}
		},
	}
}
