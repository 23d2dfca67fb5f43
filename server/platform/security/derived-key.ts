import { hkdfSync } from 'node:crypto'

/** A key for one purpose alone, of 256 bits: what is made with it says nothing of the server's secret, nor can it be taken for another's. */
export function derivedKey(serverSecret: string, purpose: string): Buffer {
	return Buffer.from(hkdfSync('sha256', serverSecret, '', `liveslot ${purpose}`, 32))
}
