import { parseCookie, stringifySetCookie } from 'cookie'
import { sessionSeconds } from './sessions.ts'

const name = 'refresh_token'

export const readRefreshCookie = (header: string | undefined): string | undefined => parseCookie(header ?? '')[name] || undefined

/** The value of a `Set-Cookie` that keeps the refresh token where scripts cannot read it; without a token, one that removes it. */
export const refreshCookie = (refreshToken: string | null, { secure }: { secure: boolean }): string =>
	stringifySetCookie({
		name,
		value: refreshToken ?? '',
		httpOnly: true,
		sameSite: 'strict',
		path: '/api/v1/auth',
		secure,
		maxAge: refreshToken === null ? 0 : sessionSeconds,
	})

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined)

/**
 * Whether a request that carries the cookie comes from a page of ours. Browsers put `Origin` on every POST; a request without one
 * is not from a browser, and so has nobody's cookie but its own.
 */
export const isTrustedOrigin = (origin: string | undefined, host: string | undefined, trustedOrigins: readonly string[]): boolean => {
	if (origin === undefined || trustedOrigins.includes(origin)) return true
	const from = hostOf(origin)
	return from !== undefined && from !== '' && from === hostOf(`http://${host}`)
}
