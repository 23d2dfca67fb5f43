import type { Caller, Origin } from '../caller.ts'
import { type Db, type DbOrTx, isDatabaseUnavailable } from '../database/database.ts'
import type { Log } from '../observability/log.ts'

/** Records who read what, many facts in one statement. Changes are recorded elsewhere, in the transaction that makes them. */
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

	/** Finds the entries that the database refuses one by one, so that they do not block the others. */
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

export type AuditFact = {
	actor: Pick<Caller, 'userId'> | null
	origin?: Origin
	/** A verb in the past: `approved`, `signed_in`. */
	action: string
	/** The kind of record, named like its table: `user`, `patient`, `schedule`. */
	entity: string
	entityId?: string
	/** Contains no secrets, and no more personal details than the entry needs. */
	details?: Record<string, unknown>
	/** When it happened; now by default. */
	at?: Date
}

export type AuditTrail = {
	/** Records a read soon afterwards. The caller does not wait. */
	note(fact: AuditFact): void
	/** Writes the remaining entries. */
	stop(): Promise<void>
}

const flushEveryMs = 500
/** How many entries are kept while PostgreSQL is away. Further entries are logged as lost. */
const maxKept = 20_000
const perStatement = 1000

/** Records who did what to what. Given a transaction, the entry is committed or rolled back with it. */
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

/**
 * Replaces characters that PostgreSQL refuses, a NUL and half a surrogate pair, because a read for such text must be recorded as
 * well.
 */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD')

function storableJson(details: Record<string, unknown>): string {
	return JSON.stringify(details, (_name, value) => (typeof value === 'string' ? storable(value) : value))
}
