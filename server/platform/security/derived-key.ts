import { hkdfSync } from 'node:crypto'

/**
 * Derives a key of 256 bits for one purpose. Its output reveals nothing about the server's secret, and a key of one purpose is
 * useless for another.
 */
export function derivedKey(serverSecret: string, purpose: string): Buffer {
	return Buffer.from(hkdfSync('sha256', serverSecret, '', `liveslot ${purpose}`, 32))
}
