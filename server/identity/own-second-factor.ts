import type { SecondFactor, SecondFactorSetup } from '../../contract/index.ts'
import { inTransaction, type Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, lockAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import { checkCurrentPassword, type OwnAccountDeps, readOwnAccount } from './own-account.ts'
import {
	beginSetup,
	confirmSetup,
	countRecoveryCodes,
	hasSecondFactor,
	removeSecondFactor,
	replaceRecoveryCodes,
	takeCode,
	wrongCode,
} from './second-factor.ts'
import { endSessions } from './sessions.ts'
import type { SecondStepDeps } from './sign-in.ts'

export type OwnFactorDeps = OwnAccountDeps & SecondStepDeps

export async function readSecondFactor(
	{ db }: OwnFactorDeps,
	actor: Actor,
	isRequired: (role: Account['role']) => boolean,
): Promise<SecondFactor> {
	return {
		enabled: await hasSecondFactor(db, actor.userId),
		required: isRequired(actor.role),
		recoveryCodesLeft: await countRecoveryCodes(db, actor.userId),
	}
}

type Who = { actor: Actor; origin: Origin }

/** Asks for the password, so that a passer-by at an unattended desk cannot lock the owner of the account out. */
export async function beginSecondFactor(deps: OwnFactorDeps, who: Who, currentPassword: string): Promise<SecondFactorSetup> {
	const known = await readOwnAccount(deps.db, who.actor)
	await checkCurrentPassword(deps, known, currentPassword, who.origin.ip)
	return await inTransaction(deps.db, async trx => {
		const setup = await beginSetup(trx, deps, await lockKnown(trx, known))
		await note(trx, who, 'second_factor_begun')
		return setup
	})
}

/** Ends every other session, because those were opened with the password alone. */
export async function confirmSecondFactor(deps: OwnFactorDeps, who: Who, code: string): Promise<{ recoveryCodes: string[] }> {
	const { userId, sessionId } = who.actor
	const isRight = async (trx: Tx) => (await lockAccount(trx, userId)) !== undefined && (await confirmSetup(trx, deps, userId, code))
	const given = await withCode(deps, who, isRight, async trx => {
		await endSessions(trx, userId, { except: sessionId })
		await note(trx, who, 'second_factor_enabled')
		return { recoveryCodes: await replaceRecoveryCodes(trx, userId) }
	})
	deps.cutOff(userId, { except: sessionId })
	return given
}

export type PasswordAndCode = { currentPassword: string; code: string }

export function renewRecoveryCodes(deps: OwnFactorDeps, who: Who, proof: PasswordAndCode): Promise<{ recoveryCodes: string[] }> {
	return withBoth(deps, who, proof, async trx => {
		await note(trx, who, 'recovery_codes_renewed')
		return { recoveryCodes: await replaceRecoveryCodes(trx, who.actor.userId) }
	})
}

export async function disableSecondFactor(deps: OwnFactorDeps, who: Who, proof: PasswordAndCode): Promise<void> {
	const { userId, sessionId } = who.actor
	await withBoth(deps, who, proof, async trx => {
		await removeSecondFactor(trx, userId)
		await endSessions(trx, userId, { except: sessionId })
		await note(trx, who, 'second_factor_disabled')
		return {}
	})
	// Disconnects this session's sockets as well: their rights may depend on the second factor.
	deps.cutOff(userId)
}

/** Locks the account. @throws Refusal invalid_credentials when its password changed since it was compared */
async function lockKnown(trx: Tx, known: Account): Promise<Account> {
	const account = await lockAccount(trx, known.id)
	if (!account || account.passwordHash !== known.passwordHash) throw new Refusal('invalid_credentials')
	return account
}

function note(trx: Tx, { actor, origin }: Who, action: string) {
	return recordAudit(trx, { actor, origin, action, entity: 'user', entityId: actor.userId })
}

/** Makes a change if the code is right. Commits the count of a wrong code. @throws Refusal invalid_credentials, rate_limited */
async function withCode<T extends object>(
	{ db, codeAttempts }: OwnFactorDeps,
	who: Who,
	isRight: (trx: Tx) => Promise<boolean>,
	change: (trx: Tx) => Promise<T>,
): Promise<T> {
	const { userId } = who.actor
	await codeAttempts.consume(userId)
	const outcome = await inTransaction(db, async trx => {
		if (await isRight(trx)) return await change(trx)
		await note(trx, who, 'second_factor_failed')
		return undefined
	})
	if (!outcome) throw wrongCode()
	await codeAttempts.reset(userId)
	return outcome
}

async function withBoth<T extends object>(
	deps: OwnFactorDeps,
	who: Who,
	{ currentPassword, code }: PasswordAndCode,
	change: (trx: Tx) => Promise<T>,
): Promise<T> {
	const known = await readOwnAccount(deps.db, who.actor)
	await checkCurrentPassword(deps, known, currentPassword, who.origin.ip)
	const isRight = async (trx: Tx) => (await takeCode(trx, deps, (await lockKnown(trx, known)).id, code)) !== undefined
	return await withCode(deps, who, isRight, change)
}
