import { type PersonalData, privacyEndpoints } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import { beginErasure, type ErasureDeps, finishErasures } from './erasure.ts'
import { readPersonalData } from './export.ts'
import { findSubject, type Subject } from './store.ts'

export type PrivacyDeps = ErasureDeps & {
	limiter: CreateLimiter
	/** @throws Refusal invalid_credentials, rate_limited */
	confirmPassword: (actor: Actor, password: string, ip: string) => Promise<void>
}

export type Privacy = {
	routes: Route[]
	/** Takes up erasures that something has interrupted. */
	finishErasures(): Promise<void>
}

/** An export reads years of history; nobody needs many of them. */
const exportLimit = { name: 'export', points: 20, perSeconds: 3600 }

/** What patients can ask of those who keep data about them: to see all of it, and to be forgotten. */
export const createPrivacy = (deps: PrivacyDeps): Privacy => {
	const { db, limiter, confirmPassword, cutOff } = deps
	const exports = limiter(exportLimit)

	const subjectOf = async (patientId: string | undefined): Promise<Subject> => {
		const subject = patientId === undefined ? undefined : await findSubject(db, patientId)
		if (!subject || subject.isErasing) throw new Refusal('not_found')
		return subject
	}

	/** The desk acts for callers. Whoever has an account acts for themselves, or writes to an admin; staff are no patients to be erased. */
	const subjectForStaff = async (actor: Actor, patientId: string): Promise<Subject> => {
		const subject = await subjectOf(patientId)
		const isAllowed = subject.role === null || (actor.role === 'admin' && subject.role === 'patient')
		if (!isAllowed) throw new Refusal('forbidden', { message: 'This patient has an account: an admin can do this for them' })
		return subject
	}

	const exportOf = async (subject: Subject, actor: Actor, origin: Origin): Promise<PersonalData> => {
		await exports.consume(actor.userId)
		const personal = await db.transaction(trx => readPersonalData(trx, subject), { isolationLevel: 'repeatable read', readOnly: true })
		await recordAudit(db, { actor, origin, action: 'exported', entity: 'patient', entityId: subject.patientId })
		return personal
	}

	const erase = async (subject: Subject, actor: Actor, origin: Origin) => {
		await beginErasure(deps, subject, actor, origin)
		if (subject.userId !== null) cutOff(subject.userId)
		await finishErasures(deps, subject.patientId)
	}

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
}
