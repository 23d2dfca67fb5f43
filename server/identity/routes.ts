import { accountSecurityEndpoints, clinicEndpoints, identityEndpoints, type ListedUser } from '../../contract/index.ts'
import { toPage } from '../platform/database/cursors.ts'
import { type Account, listAccounts, toUser } from './accounts.ts'
import type { Origin } from './actor.ts'
import { apiClientRoutes } from './api-clients.ts'
import { publicRoute, type Route, route } from './handlers.ts'
import { type Invited, invite } from './invitations.ts'
import type { ResetLimits } from './limits.ts'
import { type OwnAccountDeps, readOwnAccount, updateOwnAccount } from './own-account.ts'
import { beginSecondFactor, confirmSecondFactor, disableSecondFactor, readSecondFactor, renewRecoveryCodes } from './own-second-factor.ts'
import { endOtherSessions, endOwnSession, listSessions, toOwnSession } from './own-sessions.ts'
import { resetPassword } from './resets.ts'
import { withSecondFactor } from './second-factor.ts'
import { type SessionRouteDeps, sessionRoutes } from './session-routes.ts'
import { createUser, resetSecondFactor, type UserAdminDeps, updateUser } from './user-admin.ts'

export type IdentityRouteDeps = SessionRouteDeps &
	OwnAccountDeps &
	UserAdminDeps & {
		resetLimits: ResetLimits
		/** Starts to mail a link. Neither waits nor fails. */
		beginReset: (email: string, origin: Origin) => void
		/** Starts to mail an invitation. Neither waits nor fails. */
		beginInvitation: (invited: Invited, origin: Origin) => void
	}

export function identityRoutes(deps: IdentityRouteDeps): Route[] {
	return [sessionRoutes, passwordRoutes, accountRoutes, securityRoutes, userAdminRoutes, apiClientRoutes].flatMap(routes => routes(deps))
}

function passwordRoutes({ db, attempts, resetLimits, cutOff, beginReset }: IdentityRouteDeps): Route[] {
	return [
		publicRoute(identityEndpoints.forgotPassword, async ({ body, origin }) => {
			// The network address first, so that one sender cannot use up other people's mails.
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

function accountRoutes(deps: IdentityRouteDeps): Route[] {
	return [
		route(identityEndpoints.getMe, async (_input, actor) => toUser(await readOwnAccount(deps.db, actor))),
		route(identityEndpoints.updateMe, async ({ body, origin }, actor) => toUser(await updateOwnAccount(deps, actor, body, origin))),
	]
}

/** An account's second factor, and its open sessions. */
function securityRoutes(deps: IdentityRouteDeps): Route[] {
	return [
		route(accountSecurityEndpoints.getSecondFactor, (_input, actor) => readSecondFactor(deps, actor, deps.isSecondFactorRequired)),
		route(accountSecurityEndpoints.beginSecondFactor, ({ body, origin }, actor) =>
			beginSecondFactor(deps, { actor, origin }, body.currentPassword),
		),
		route(accountSecurityEndpoints.confirmSecondFactor, ({ body, origin }, actor) =>
			confirmSecondFactor(deps, { actor, origin }, body.code),
		),
		route(accountSecurityEndpoints.renewRecoveryCodes, ({ body, origin }, actor) => renewRecoveryCodes(deps, { actor, origin }, body)),
		route(accountSecurityEndpoints.disableSecondFactor, ({ body, origin }, actor) => disableSecondFactor(deps, { actor, origin }, body)),
		route(accountSecurityEndpoints.resetSecondFactor, ({ params, origin }, actor) => resetSecondFactor(deps, actor, params.id, origin)),
		route(accountSecurityEndpoints.listOwnSessions, async ({ query }, actor) =>
			toPage(
				await listSessions(deps.db, actor, query),
				query.limit,
				row => toOwnSession(row, actor),
				({ tokenId }) => [tokenId],
			),
		),
		route(accountSecurityEndpoints.endOtherSessions, ({ origin }, actor) => endOtherSessions(deps, actor, origin)),
		route(accountSecurityEndpoints.endOwnSession, ({ params, origin }, actor) => endOwnSession(deps, actor, params.id, origin)),
	]
}

function userAdminRoutes(deps: IdentityRouteDeps): Route[] {
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
