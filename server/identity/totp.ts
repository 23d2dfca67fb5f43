import { Secret, TOTP } from 'otpauth'

const periodSeconds = 30
/** Phones' clocks are off by some seconds, and people take some to type: a code of the step before or after is taken (RFC 6238 §5.2). */
const window = 1

const totpOf = (secret: Uint8Array, account = ''): TOTP =>
	new TOTP({
		issuer: 'Liveslot',
		label: account,
		// What every authenticator app can do; of a SHA-1 that is an HMAC no weakness is known.
		algorithm: 'SHA1',
		digits: 6,
		period: periodSeconds,
		secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
	})

/** As many bits as the HMAC has (RFC 4226 §4). */
export const newTotpSecret = (): Uint8Array => new Secret({ size: 20 }).bytes

/** How an authenticator app is told of the secret. */
export const totpSetup = (secret: Uint8Array, account: string): { secret: string; uri: string } => {
	const totp = totpOf(secret, account)
	return { secret: totp.secret.base32, uri: totp.toString() }
}

export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code)

/** The time step that a code belongs to; undefined when it is wrong. Steps count up, so that a used one can be told (RFC 6238 §5.2). */
export const stepOfCode = (secret: Uint8Array, code: string, nowMs: number): number | undefined => {
	const delta = totpOf(secret).validate({ token: code, timestamp: nowMs, window })
	return delta === null ? undefined : TOTP.counter({ period: periodSeconds, timestamp: nowMs }) + delta
}
