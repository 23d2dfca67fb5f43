import type { Role } from '../../contract/index.ts'
import { accountSecurityEndpoints as endpoints } from '../../contract/index.ts'
import { toPage } from '../platform/database/cursors.ts'
import { type Route, route } from './handlers.ts'
import {
	beginSecondFactor,
	confirmSecondFactor,
	disableSecondFactor,
	type OwnFactorDeps,
	readSecondFactor,
	renewRecoveryCodes,
} from './own-second-factor.ts'
import { endOtherSessions, endOwnSession, listSessions, toOwnSession } from './own-sessions.ts'
import { resetSecondFactor } from './user-admin.ts'

export type SecurityRouteDeps = OwnFactorDeps & { isSecondFactorRequired: (role: Role) => boolean }

/** An account's second factor, and its open sessions. */
export function securityRoutes(deps: SecurityRouteDeps): Route[] {
	return [
		route(endpoints.getSecondFactor, (_input, actor) => readSecondFactor(deps, actor, deps.isSecondFactorRequired)),
		route(endpoints.beginSecondFactor, ({ body, origin }, actor) => beginSecondFactor(deps, { actor, origin }, body.currentPassword)),
		route(endpoints.confirmSecondFactor, ({ body, origin }, actor) => confirmSecondFactor(deps, { actor, origin }, body.code)),
		route(endpoints.renewRecoveryCodes, ({ body, origin }, actor) => renewRecoveryCodes(deps, { actor, origin }, body)),
		route(endpoints.disableSecondFactor, ({ body, origin }, actor) => disableSecondFactor(deps, { actor, origin }, body)),
		route(endpoints.resetSecondFactor, ({ params, origin }, actor) => resetSecondFactor(deps, actor, params.id, origin)),
		route(endpoints.listOwnSessions, async ({ query }, actor) =>
			toPage(
				await listSessions(deps.db, actor, query),
				query.limit,
				row => toOwnSession(row, actor),
				({ tokenId }) => [tokenId],
			),
		),
		route(endpoints.endOtherSessions, ({ origin }, actor) => endOtherSessions(deps, actor, origin)),
		route(endpoints.endOwnSession, ({ params, origin }, actor) => endOwnSession(deps, actor, params.id, origin)),
	]
}
