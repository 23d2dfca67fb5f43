import type { Caller, Origin } from '../caller.ts'
import { type Db, type DbOrTx, isDatabaseUnavailable } from '../database/database.ts'
import type { Log } from '../observability/log.ts'

export type AuditFact = {
	actor: Pick<Caller, 'userId'> | null
	origin?: Origin
	/** A verb in the past: `approved`, `signed_in`. */
	action: string
	/** The table-like name of the thing: `user`, `patient`, `schedule`. */
	entity: string
	entityId?: string
	/** No secrets, and no more personal detail than is needed to tell what happened. */
	details?: Record<string, unknown>
	/** When it happened, if that is not now. */
	at?: Date
}

export type AuditTrail = {
	/** Records a reading within a moment; the caller does not wait for it. */
	note(fact: AuditFact): void
	/** Writes what is left. */
	stop(): Promise<void>
}

const flushEveryMs = 500
/** What is kept while PostgreSQL is away; beyond it, the log says what was lost. */
const maxKept = 20_000
const perStatement = 1000

/** Writes down who looked at what, many facts in a statement. Changes are no business of it: they are recorded with what they change. */
export function createAuditTrail({ db, log }: { db: Db; log: Log }): AuditTrail {
	let kept: AuditFact[] = []
	let writing: Promise<void> | undefined

	const timer = setInterval(() => void (kept.length > 0 && flush()), flushEveryMs)
	timer.unref()

	return {
		note(fact) {
			if (kept.length < maxKept) kept.push({ ...fact, at: new Date() })
			else lose(fact, 'too many wait')
		},
		async stop() {
			clearInterval(timer)
			await flush()
			if (kept.length > 0) await flush()
		},
	}

	function lose({ action, entity, actor }: AuditFact, reason: string) {
		return log.error({ action, entity, actorId: actor?.userId, reason }, 'audit entry lost')
	}

	function flush() {
		writing ??= write()
			.catch(error => log.warn({ reason: (error as Error).message, kept: kept.length }, 'audit entries wait'))
			.finally(() => (writing = undefined))
		return writing
	}

	async function write() {
		while (kept.length > 0) {
			const facts = kept.slice(0, perStatement)
			await insert(facts)
			kept = kept.slice(facts.length)
		}
	}

	/** What the database will not take is looked for one by one: it must not keep all others waiting. */
	async function insert(facts: AuditFact[]): Promise<void> {
		try {
			await recordAudit(db, facts)
		} catch (error) {
			if (isDatabaseUnavailable(error)) throw error
			if (facts.length === 1) return lose(facts[0] as AuditFact, (error as Error).message)
			for (const fact of facts) await insert([fact])
		}
	}
}

/** Writes down who did what to what. Given a transaction, the fact stands or falls with it. */
export async function recordAudit(db: DbOrTx, facts: AuditFact | AuditFact[]): Promise<void> {
	const rows = [facts].flat().map(({ actor, origin, action, entity, entityId, details, at }) => ({
		...(at && { at }),
		actor_id: actor?.userId ?? null,
		action,
		entity,
		entity_id: entityId === undefined ? null : storable(entityId),
		ip: origin?.ip ?? null,
		request_id: origin?.requestId ?? null,
		details: storableJson(details ?? {}),
	}))
	if (rows.length > 0) await db('audit_log').insert(rows)
}

/** PostgreSQL takes neither a NUL nor half a pair. What was asked for with them was asked for all the same. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD')

function storableJson(details: Record<string, unknown>): string {
	return JSON.stringify(details, (_name, value) => (typeof value === 'string' ? storable(value) : value))
}
