import { type PersonalData, privacyEndpoints } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import { beginErasure, type ErasureDeps, finishErasures } from './erasure.ts'
import { readPersonalData, type Subject } from './export.ts'

export type PrivacyDeps = ErasureDeps & {
	limiter: CreateLimiter
	/** @throws Refusal invalid_credentials, rate_limited */
	confirmPassword: (actor: Actor, password: string, ip: string) => Promise<void>
}

export type Privacy = {
	routes: Route[]
	/** Finishes erasures that a crash or an outage interrupted. */
	finishErasures(): Promise<void>
}

/** An export reads years of history, and a patient needs few. */
const exportLimit = { name: 'export', points: 20, perSeconds: 3600 }

/** A patient's rights to their data: to receive all of it, and to have it erased. */
export function createPrivacy(deps: PrivacyDeps): Privacy {
	const { db, limiter, confirmPassword, cutOff } = deps
	const exports = limiter(exportLimit)

	return {
		routes: [
			route(privacyEndpoints.exportMe, async ({ origin }, actor) => exportOf(await subjectOf(actor.patientId), actor, origin)),
			route(privacyEndpoints.eraseMe, async ({ body, origin }, actor) => {
				const subject = await subjectOf(actor.patientId)
				await confirmPassword(actor, body.password, origin.ip)
				await erase(subject, actor, origin)
			}),
			route(privacyEndpoints.exportPatient, async ({ params, origin }, actor) =>
				exportOf(await subjectForStaff(actor, params.id), actor, origin),
			),
			route(privacyEndpoints.erasePatient, async ({ params, origin }, actor) =>
				erase(await subjectForStaff(actor, params.id), actor, origin),
			),
		],
		finishErasures: () => finishErasures(deps),
	}

	async function exportOf(subject: Subject, actor: Actor, origin: Origin): Promise<PersonalData> {
		await exports.consume(actor.userId)
		const personal = await db.transaction(trx => readPersonalData(trx, subject), { isolationLevel: 'repeatable read', readOnly: true })
		await recordAudit(db, { actor, origin, action: 'exported', entity: 'patient', entityId: subject.patientId })
		return personal
	}

	async function subjectOf(patientId: string | undefined): Promise<Subject> {
		const subject = patientId === undefined ? undefined : await findSubject(db, patientId)
		if (!subject || subject.isErasing) throw new Refusal('not_found')
		return subject
	}

	async function erase(subject: Subject, actor: Actor, origin: Origin) {
		await beginErasure(deps, subject, actor, origin)
		if (subject.userId !== null) cutOff(subject.userId)
		await finishErasures(deps, subject.patientId)
	}

	/** The desk acts for patients without an account, admins also for patients with one. Accounts of staff cannot be erased here. */
	async function subjectForStaff(actor: Actor, patientId: string): Promise<Subject> {
		const subject = await subjectOf(patientId)
		const isAllowed = subject.role === null || (actor.role === 'admin' && subject.role === 'patient')
		if (!isAllowed) throw new Refusal('forbidden', { message: 'This patient has an account: an admin can do this for them' })
		return subject
	}
}

async function findSubject(db: DbOrTx, patientId: string): Promise<Subject | undefined> {
	if (!isDatabaseId(patientId)) return undefined
	const row = await db('patients as p')
		.leftJoin('users as u', 'u.id', 'p.user_id')
		.where({ 'p.id': patientId })
		.first('p.id as patientId', 'p.user_id as userId', 'u.role', db.raw('p.erasure_asked_at IS NOT NULL AS "isErasing"'))
	return row
}
