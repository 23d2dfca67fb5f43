import { parseCookie, stringifySetCookie } from 'cookie'
import { sessionSeconds } from './sessions.ts'

type Transport = { secure: boolean }

export function readRefreshCookie(header: string | undefined, transport: Transport): string | undefined {
	return parseCookie(header ?? '')[nameOf(transport)] || undefined
}

/** A `Set-Cookie` value that keeps the refresh token where scripts cannot read it; without a token, it removes the cookie. */
export function refreshCookie(refreshToken: string | null, transport: Transport): string {
	return stringifySetCookie({
		name: nameOf(transport),
		value: refreshToken ?? '',
		httpOnly: true,
		sameSite: 'strict',
		path: '/api/v1/auth',
		secure: transport.secure,
		maxAge: refreshToken === null ? 0 : sessionSeconds,
	})
}

/** Under HTTPS the name has a prefix that no page under plain HTTP, on this host or a neighbour, can set (RFC 6265bis §4.1.3.1). */
const nameOf = ({ secure }: Transport) => (secure ? '__Secure-refresh_token' : 'refresh_token')
