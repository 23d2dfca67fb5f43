import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { WebRequest } from './a-web-service.ts'

/** The keys of a subscribed browser, and the part that it sends to the server. */
export type PushKeys = { keys: ECDH; auth: Buffer; told: { p256dh: string; auth: string } }

export const somePushKeys = (): PushKeys => {
	const keys = createECDH('prime256v1')
	keys.generateKeys()
	const auth = randomBytes(16)
	return { keys, auth, told: { p256dh: keys.getPublicKey('base64url'), auth: auth.toString('base64url') } }
}

/** Decrypts a message from the push service as a browser does: RFC 8291 over the coding of RFC 8188, with one record. */
export const decrypt = ({ body }: WebRequest, { keys, auth }: Pick<PushKeys, 'keys' | 'auth'>): string => {
	const salt = body.subarray(0, 16)
	const recordSize = body.readUInt32BE(16)
	const keyLength = body.readUInt8(20)
	const serverKey = body.subarray(21, 21 + keyLength)
	const record = body.subarray(21 + keyLength)
	expect(record.length).to.be.at.most(recordSize)
	const secret = keys.computeSecret(serverKey)
	const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), serverKey])
	const ikm = Buffer.from(hkdfSync('sha256', secret, auth, info, 32))
	const key = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: aes128gcm\0', 16))
	const nonce = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: nonce\0', 12))
	const decipher = createDecipheriv('aes-128-gcm', key, nonce)
	decipher.setAuthTag(record.subarray(-16))
	const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
	// 2 ends the last record, zeros may follow.
	return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8')
}
