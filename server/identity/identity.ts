import type { Language, Role } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import type { Db, Tx } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import type { Actor, Origin } from './actor.ts'
import type { AccessTokens } from './authentication.ts'
import { createCodeMarks, offerCode, type SendCode } from './codes.ts'
import type { Route } from './handlers.ts'
import type { Invited } from './invitations.ts'
import { createCodeAttempts, createMailedCodeLimits, createPasswordAttempts, createRegistrationLimit, createResetLimits } from './limits.ts'
import { type Announcements, confirmPassword } from './own-account.ts'
import { offerReset, type SendLink } from './resets.ts'
import { identityRoutes } from './routes.ts'
import { createSeal } from './secrets.ts'
import type { CutOff } from './sessions.ts'

export type IdentityDeps = {
	db: Db
	config: Config
	log: Log
	limiter: CreateLimiter
	cutOff: CutOff
	announcements: Announcements
	/** Sends the link; the token is a secret. */
	sendPasswordReset: SendLink
	sendInvitation: SendLink
	sendCode: SendCode
	/** The server's address for browsers, known once it listens. */
	publicUrl: () => string
	/** @throws Refusal in_use when appointments to come are with this doctor */
	refuseDoctorInUse: (trx: Tx, doctorId: string) => Promise<void>
	accessTokens: AccessTokens
	/** The time that all nodes agree on. */
	nowMs: () => number
}

export type Identity = {
	routes: Route[]
	/** Makes sure that the owner asks, before an act that cannot be undone. @throws Refusal invalid_credentials, rate_limited */
	confirmPassword: (actor: Actor, password: string, ip: string) => Promise<void>
	/** Waits for mails that are still being handed over. */
	stop: () => Promise<void>
}

/** Accounts, passwords and sessions. */
export function createIdentity(deps: IdentityDeps): Identity {
	const { db, config, log, limiter, accessTokens, sendPasswordReset, sendInvitation, refuseDoctorInUse } = deps
	const running = new Set<Promise<void>>()
	const marks = createCodeMarks(config.jwtSecret)

	const routeDeps = {
		db,
		log,
		config,
		publicUrl: deps.publicUrl,
		accessTokens,
		attempts: createPasswordAttempts(limiter),
		codeAttempts: createCodeAttempts(limiter),
		seal: createSeal(config.jwtSecret, 'second factors'),
		nowMs: deps.nowMs,
		isSecondFactorRequired: (role: Role) => config.secondFactor === 'required' && role !== 'patient',
		registrationLimit: createRegistrationLimit(limiter),
		mailedCodeLimits: createMailedCodeLimits(limiter),
		marks,
		resetLimits: createResetLimits(limiter),
		cutOff: deps.cutOff,
		announcements: deps.announcements,
		refuseDoctorInUse,
		beginReset,
		beginInvitation,
		beginCode,
	}

	return {
		routes: identityRoutes(routeDeps),
		confirmPassword: (actor, password, ip) => confirmPassword(routeDeps, actor, password, ip),
		stop: async () => {
			await Promise.all(running)
		},
	}

	function beginReset(email: string, origin: Origin) {
		begin(offerReset(db, email, origin, sendPasswordReset), 'password reset mail failed', origin)
	}

	function beginInvitation({ account, token }: Invited, origin: Origin) {
		const to = { userId: account.id, email: account.email, fullName: account.fullName }
		begin(sendInvitation(to, token), 'invitation mail failed', origin)
	}

	function beginCode(to: { email: string; language: Language | undefined }, origin: Origin) {
		begin(offerCode({ db, marks, send: deps.sendCode }, to), 'mail with a code failed', origin)
	}

	function begin(mailing: Promise<void>, failure: string, { requestId }: Origin) {
		const sending = mailing.catch(error => log.error({ err: error, requestId }, failure)).finally(() => running.delete(sending))
		running.add(sending)
	}
}
