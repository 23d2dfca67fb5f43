import { networkOf } from '../platform/security/client-address.ts'
import type { CreateLimiter, Limiter } from '../platform/security/rate-limit.ts'

const quarterHourSeconds = 15 * 60

export type PasswordAttempts = {
	/**
	 * Compares a password, and counts the comparison if it fails. Attempts at one account from one address take turns: otherwise all
	 * attempts of a volley would pass the check before the first has failed.
	 *
	 * @throws Refusal rate_limited, without comparing
	 */
	attempt(email: string, ip: string, compare: () => Promise<boolean>): Promise<boolean>
	/** Forgets the failures of an account at one address. */
	forgive(email: string, ip: string): Promise<void>
}

/**
 * Failures are counted three ways: by account and address, so that a stranger's guesses do not lock the owner out soon; by account,
 * against guesses from many addresses; by address, against one password tried on many accounts.
 */
export function createPasswordAttempts(limiter: CreateLimiter): PasswordAttempts {
	const byBoth = limiter({ name: 'password-account-ip', points: 10, perSeconds: quarterHourSeconds })
	const byAccount = limiter({ name: 'password-account', points: 50, perSeconds: quarterHourSeconds })
	const byIp = limiter({ name: 'password-ip', points: 100, perSeconds: quarterHourSeconds })
	const inTurn = createTurns()
	const both = (email: string, ip: string) => `${email} ${networkOf(ip)}`

	return {
		attempt: (email, ip, compare) =>
			inTurn(both(email, ip), async () => {
				await Promise.all([byBoth.check(both(email, ip)), byAccount.check(email), byIp.check(networkOf(ip))])
				const isRight = await compare()
				if (isRight) await byBoth.reset(both(email, ip))
				else await Promise.all([byBoth.consume(both(email, ip)), byAccount.consume(email), byIp.consume(networkOf(ip))])
				return isRight
			}),
		forgive: (email, ip) => byBoth.reset(both(email, ip)),
	}
}

/**
 * Codes by account, from whatever address: a caller who guesses codes knows the password already. Each code is counted before it is
 * compared; a right one resets the count.
 */
export type CodeAttempts = Limiter

export function createCodeAttempts(limiter: CreateLimiter): CodeAttempts {
	return limiter({ name: 'second-factor-account', points: 10, perSeconds: quarterHourSeconds })
}

/** Registrations by address. Many people of one household or company may share an address. */
export type RegistrationLimit = Limiter

export function createRegistrationLimit(limiter: CreateLimiter): RegistrationLimit {
	return byNetwork(limiter({ name: 'register-ip', points: 100, perSeconds: 60 }))
}

/** Reset mails to one e-mail address, and reset mails that one network address asks for. */
export type ResetLimits = { byEmail: Limiter; byIp: Limiter }

export function createResetLimits(limiter: CreateLimiter): ResetLimits {
	return {
		byEmail: limiter({ name: 'forgot-email', points: 5, perSeconds: 3600 }),
		byIp: byNetwork(limiter({ name: 'forgot-ip', points: 30, perSeconds: 3600 })),
	}
}

/** Codes by mail: how many one address gets, how many one network asks for, and how many are tried for an address. */
export type MailedCodeLimits = { byEmail: Limiter; byIp: Limiter; triesByIp: Limiter }

export function createMailedCodeLimits(limiter: CreateLimiter): MailedCodeLimits {
	return {
		byEmail: limiter({ name: 'code-email', points: 6, perSeconds: 3600 }),
		byIp: byNetwork(limiter({ name: 'code-ip', points: 60, perSeconds: 3600 })),
		triesByIp: byNetwork(limiter({ name: 'code-tries-ip', points: 100, perSeconds: quarterHourSeconds })),
	}
}

function byNetwork({ consume, check, reset }: Limiter): Limiter {
	return {
		consume: (ip, points) => consume(networkOf(ip), points),
		check: ip => check(networkOf(ip)),
		reset: ip => reset(networkOf(ip)),
	}
}

export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>

/** Runs the work of one key one after the other, in this process. Different keys do not wait for each other. */
export function createTurns(): InTurn {
	const lastOf = new Map<string, Promise<unknown>>()
	return (key, work) => {
		const turn = (lastOf.get(key) ?? Promise.resolve()).then(work)
		const ended = turn
			.catch(() => {})
			.then(() => {
				if (lastOf.get(key) === ended) lastOf.delete(key)
			})
		lastOf.set(key, ended)
		return turn
	}
}
