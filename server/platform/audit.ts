import type { Actor, Origin } from './actor.ts'
import type { DbOrTx } from './database.ts'

export type AuditFact = {
	actor: Pick<Actor, 'userId'> | null
	origin?: Origin
	/** A verb in the past: `approved`, `signed_in`. */
	action: string
	/** The table-like name of the thing: `user`, `patient`, `schedule`. */
	entity: string
	entityId?: string
	/** No secrets, and no more personal detail than is needed to tell what happened. */
	details?: Record<string, unknown>
}

/** Writes down who did what to what. Given a transaction, the fact stands or falls with it. */
export const recordAudit = async (db: DbOrTx, facts: AuditFact | AuditFact[]): Promise<void> => {
	const rows = [facts].flat().map(({ actor, origin, action, entity, entityId, details }) => ({
		actor_id: actor?.userId ?? null,
		action,
		entity,
		entity_id: entityId ?? null,
		ip: origin?.ip ?? null,
		request_id: origin?.requestId ?? null,
		details: JSON.stringify(details ?? {}),
	}))
	if (rows.length > 0) await db('audit_log').insert(rows)
}
