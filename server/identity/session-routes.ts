import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import type { Socket } from 'socket.io'
import { accountSecurityEndpoints, identityEndpoints, type Language, type Role, type SessionTokens } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { createOwnPages } from '../platform/security/own-pages.ts'
import { toUser } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import { type AccessTokens, accessTokenSeconds } from './authentication.ts'
import { type CodeMarks, verifyCode } from './codes.ts'
import { createFirstAdmin } from './first-admin.ts'
import { type EventHandlers, publicRoute, type Route } from './handlers.ts'
import type { MailedCodeLimits, PasswordAttempts, RegistrationLimit } from './limits.ts'
import { providerRoutes } from './provider.ts'
import { hasSecondFactor } from './second-factor.ts'
import { createMarks, createNextToken } from './secrets.ts'
import { type Client, type CutOff, refresh, type SignedIn, sessionSeconds, signOut } from './sessions.ts'
import { answerChallenge, register, type SecondStepDeps, signIn } from './sign-in.ts'

export type SessionRouteDeps = SecondStepDeps & {
	config: Pick<Config, 'production' | 'corsOrigins' | 'publicUrl' | 'jwtSecret' | 'oidc'>
	accessTokens: AccessTokens
	attempts: PasswordAttempts
	registrationLimit: RegistrationLimit
	mailedCodeLimits: MailedCodeLimits
	marks: CodeMarks
	log: Log
	/** The server's address for browsers, known once it listens. */
	publicUrl: () => string
	/** Starts to mail a code. Neither waits nor fails. */
	beginCode: (to: { email: string; language: Language | undefined }, origin: Origin) => void
	cutOff: CutOff
	/** Whether an account of this role must have a second factor. */
	isSecondFactorRequired: (role: Role) => boolean
}

export function sessionRoutes(deps: SessionRouteDeps): Route[] {
	const { db, config, accessTokens, attempts, registrationLimit, mailedCodeLimits } = deps
	const isOwnPage = createOwnPages(config)
	const transport = { secure: config.production }
	const markOf = createMarks(config.jwtSecret)
	const nextToken = createNextToken(config.jwtSecret)

	const setCookie = (res: Response, refreshToken: string | null) => res.append('Set-Cookie', refreshCookie(refreshToken, transport))

	return [
		publicRoute(identityEndpoints.register, async ({ body, origin, req, res }) => {
			await registrationLimit.consume(origin.ip)
			return await handOver(res, await register(db, body, clientOf(req, origin)))
		}),
		publicRoute(identityEndpoints.createFirstAdmin, async ({ body, origin, req, res }) => {
			await registrationLimit.consume(origin.ip)
			const link = { db, serverSecret: config.jwtSecret, nowMs: deps.nowMs() }
			return await handOver(res, await createFirstAdmin(link, body, clientOf(req, origin)))
		}),
		publicRoute(identityEndpoints.login, async ({ body, origin, req, res }) => {
			const answer = await signIn({ db, attempts, markOf }, body, clientOf(req, origin))
			return 'challenge' in answer ? answer : await handOver(res, answer)
		}),
		publicRoute(identityEndpoints.requestCode, async ({ body: { email, language }, origin }) => {
			// The network address first, so that one sender cannot use up other people's mails.
			await mailedCodeLimits.byIp.consume(origin.ip)
			await mailedCodeLimits.byEmail.consume(email)
			deps.beginCode({ email, language }, origin)
			return {}
		}),
		publicRoute(identityEndpoints.verifyCode, async ({ body, origin, req, res }) => {
			await mailedCodeLimits.triesByIp.consume(origin.ip)
			const { opened, signedIn } = await verifyCode(deps, body, clientOf(req, origin))
			if (opened) res.status(201)
			return 'challenge' in signedIn ? signedIn : await handOver(res, signedIn)
		}),
		publicRoute(accountSecurityEndpoints.answerChallenge, async ({ body, origin, req, res }) =>
			handOver(res, await answerChallenge(deps, body, clientOf(req, origin))),
		),
		...providerRoutes({ ...deps, clientOf, handOver }),
		publicRoute(identityEndpoints.refresh, async ({ origin, idempotencyKey, req, res }) => {
			refuseForeignPages(req)
			const refreshToken = readRefreshCookie(req.headers.cookie, transport)
			if (!refreshToken) throw new Refusal('unauthenticated')
			try {
				const trade = { refreshToken, next: nextToken(refreshToken, idempotencyKey) }
				return await handOver(res, await refresh(deps, trade, clientOf(req, origin)))
			} catch (error) {
				// A cookie that was refused once is refused every time.
				if (error instanceof Refusal) setCookie(res, null)
				throw error
			}
		}),
		publicRoute(identityEndpoints.logout, async ({ origin, req, res }) => {
			refuseForeignPages(req)
			const refreshToken = readRefreshCookie(req.headers.cookie, transport)
			if (refreshToken) await signOut(deps, refreshToken, clientOf(req, origin))
			setCookie(res, null)
		}),
	]

	async function handOver(res: Response, { account, session }: SignedIn): Promise<SessionTokens> {
		const lacksSecondFactor = deps.isSecondFactorRequired(account.role) && !(await hasSecondFactor(db, account.id))
		setCookie(res, session.refreshToken)
		return {
			accessToken: accessTokens.sign({ userId: account.id, role: account.role, sessionId: session.id }),
			expiresIn: accessTokenSeconds,
			user: toUser(account),
			...(lacksSecondFactor && { secondFactorNeeded: true }),
		}
	}

	/** Guards calls that need the cookie alone: a page of another site could make them in the owner's browser. */
	function refuseForeignPages(req: Request) {
		if (!isOwnPage(req.headers, req.host)) throw new Refusal('forbidden')
	}
}

export type RenewDeps = {
	/** Signs a socket in with a token. @throws Refusal */
	renew: (socket: Socket, token: string) => Promise<Actor>
	/** Called once the socket belongs to its account again. */
	renewed: (socket: Socket) => void
}

/** A socket outlives its access token: its client sends the next token of the same account. */
export function renewHandlers({ renew, renewed }: RenewDeps): Pick<EventHandlers, 'session:renew'> {
	return {
		'session:renew': async ({ token }, { socket }) => {
			const { tokenExpiresAtMs } = await renew(socket, token)
			renewed(socket)
			return { expiresIn: Math.floor((tokenExpiresAtMs - Date.now()) / 1000) }
		},
	}
}

const clientOf = (req: Request, origin: Origin): Client => ({ origin, userAgent: req.headers['user-agent'] })

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
