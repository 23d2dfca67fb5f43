import type { Request, Response } from 'express'
import {
	accountSecurityEndpoints,
	clinicEndpoints,
	identityEndpoints,
	type ListedUser,
	type Role,
	type SessionTokens,
} from '../../contract/index.ts'
import type { Config } from '../config.ts'
import { toPage } from '../platform/database/cursors.ts'
import { Refusal } from '../platform/refusal.ts'
import { createOwnPages } from '../platform/security/own-pages.ts'
import { type AccessTokens, accessTokenSeconds } from './access-tokens.ts'
import { type Account, listAccounts, toUser } from './accounts.ts'
import type { Origin } from './actor.ts'
import { readRefreshCookie, refreshCookie } from './cookie.ts'
import { createFirstAdmin } from './first-admin.ts'
import { publicRoute, type Route, route } from './handlers.ts'
import { type Invited, invite } from './invitations.ts'
import type { RegistrationLimit, ResetLimits } from './limits.ts'
import { type OwnAccountDeps, readOwnAccount, updateOwnAccount } from './own-account.ts'
import { register } from './registration.ts'
import { resetPassword } from './resets.ts'
import { hasSecondFactor, withSecondFactor } from './second-factor.ts'
import { answerChallenge, type SecondStepDeps } from './second-step.ts'
import { createMarks, createNextToken } from './secrets.ts'
import type { Client } from './sessions.ts'
import { refresh, type SignedIn, signIn, signOut } from './sign-in.ts'
import { createUser, type UserAdminDeps, updateUser } from './user-admin.ts'

export type RouteDeps = OwnAccountDeps &
	UserAdminDeps &
	SecondStepDeps & {
		config: Pick<Config, 'production' | 'corsOrigins' | 'publicUrl' | 'jwtSecret'>
		accessTokens: AccessTokens
		registrationLimit: RegistrationLimit
		resetLimits: ResetLimits
		/** Whether an account of this role must have a second factor. */
		isSecondFactorRequired: (role: Role) => boolean
		/** Starts to mail a link. Neither waits nor fails. */
		beginReset: (email: string, origin: Origin) => void
		/** Starts to mail an invitation. Neither waits nor fails. */
		beginInvitation: (invited: Invited, origin: Origin) => void
	}

export function sessionRoutes(deps: RouteDeps): Route[] {
	const { db, config, accessTokens, attempts, registrationLimit } = deps
	const isOwnPage = createOwnPages(config)
	const transport = { secure: config.production }
	const markOf = createMarks(config.jwtSecret)
	const nextToken = createNextToken(config.jwtSecret)

	const setCookie = (res: Response, refreshToken: string | null) => res.setHeader('Set-Cookie', refreshCookie(refreshToken, transport))

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
		publicRoute(accountSecurityEndpoints.answerChallenge, async ({ body, origin, req, res }) =>
			handOver(res, await answerChallenge(deps, body, clientOf(req, origin))),
		),
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

	/** For calls that need the cookie alone: a page of another site could make them in the owner's browser. */
	function refuseForeignPages(req: Request) {
		if (!isOwnPage(req.headers, req.host)) throw new Refusal('forbidden')
	}
}

export function passwordRoutes({ db, attempts, resetLimits, cutOff, beginReset }: RouteDeps): Route[] {
	return [
		publicRoute(identityEndpoints.forgotPassword, async ({ body, origin }) => {
			// The network address first, so that one cannot use up everyone's mails.
			await resetLimits.byIp.consume(origin.ip)
			await resetLimits.byEmail.consume(body.email)
			beginReset(body.email, origin)
			return {}
		}),
		publicRoute(identityEndpoints.resetPassword, async ({ body, origin }) => {
			const { id, email } = await resetPassword(db, body.token, body.password, origin)
			cutOff(id)
			await attempts.forgive(email, origin.ip)
		}),
	]
}

export function accountRoutes(deps: RouteDeps): Route[] {
	return [
		route(identityEndpoints.getMe, async (_input, actor) => toUser(await readOwnAccount(deps.db, actor))),
		route(identityEndpoints.updateMe, async ({ body, origin }, actor) => toUser(await updateOwnAccount(deps, actor, body, origin))),
	]
}

export function userAdminRoutes(deps: RouteDeps): Route[] {
	return [
		route(identityEndpoints.listUsers, async ({ query }) => {
			const accounts = await listAccounts(deps.db, query)
			const enrolled = await withSecondFactor(
				deps.db,
				accounts.map(({ id }) => id),
			)
			const toListed = (account: Account): ListedUser => ({
				...toUser(account),
				...(enrolled.has(account.id) && { secondFactor: true }),
				...(account.passwordHash === null && { invited: true }),
			})
			return toPage(accounts, query.limit, toListed, ({ id }) => [id])
		}),
		route(identityEndpoints.createUser, async ({ body, origin }, actor) => toUser(await createUser(deps.db, actor, body, origin))),
		route(clinicEndpoints.invite, async ({ body, origin }, actor) => {
			const invited = await invite(deps.db, actor, body, origin)
			deps.beginInvitation(invited, origin)
			return toUser(invited.account)
		}),
		route(identityEndpoints.updateUser, async ({ params, body, origin }, actor) =>
			toUser(await updateUser(deps, actor, params.id, body, origin)),
		),
	]
}

const clientOf = (req: Request, origin: Origin): Client => ({ origin, userAgent: req.headers['user-agent'] })
