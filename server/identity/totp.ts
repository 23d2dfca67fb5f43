import { Secret, TOTP } from 'otpauth'

const periodSeconds = 30

/** 160 random bits, the length of the HMAC (RFC 4226 §4). */
export const newTotpSecret = (): Uint8Array => new Secret({ size: 20 }).bytes

/** The secret in the forms that authenticator apps read. */
export function totpSetup(secret: Uint8Array, account: string): { secret: string; uri: string } {
	const totp = totpOf(secret, account)
	return { secret: totp.secret.base32, uri: totp.toString() }
}

export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code)

/** Phones' clocks are off by some seconds, and typing takes some: a code of the step before or after is accepted (RFC 6238 §5.2). */
const window = 1

/** The time step of a code; undefined when the code is wrong. Steps count up, so a used one is recognised (RFC 6238 §5.2). */
export function stepOfCode(secret: Uint8Array, code: string, nowMs: number): number | undefined {
	const delta = totpOf(secret).validate({ token: code, timestamp: nowMs, window })
	return delta === null ? undefined : TOTP.counter({ period: periodSeconds, timestamp: nowMs }) + delta
}

function totpOf(secret: Uint8Array, account = ''): TOTP {
	return new TOTP({
		issuer: 'Liveslot',
		label: account,
		// Every authenticator app supports it, and HMAC-SHA-1 has no known weakness.
		algorithm: 'SHA1',
		digits: 6,
		period: periodSeconds,
		secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
	})
}
