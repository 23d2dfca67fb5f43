import type { Db } from '../platform/database/database.ts'

export type Retention = { auditDays: number; ledgerDays: number }

const batch = 5000

/**
 * Deletes rows that the clinic no longer needs, in small transactions: locks are short, and an interrupted run keeps its progress.
 * Returns how many rows it deleted, by table.
 */
export async function cleanUp(db: Db, { auditDays, ledgerDays }: Retention): Promise<Record<string, number>> {
	const day = `interval '1 day'`
	const rules = [
		['refresh_tokens', `expires_at < now() - ${day}`],
		['password_resets', `expires_at < now() - ${day}`],
		['sign_in_codes', `expires_at < now() - ${day}`],
		// Clients repeat a request within seconds; the contract promises a day.
		['booking_requests', `settled_at < now() - ${day}`],
		// What the desk may ask about (contract: 30 days), and what a patient's copy has of holds.
		['hold_history', `at < now() - 30 * ${day}`],
		// No longer to be undone.
		['patient_merges', `merged_at < now() - 8 * ${day}`],
		['calendar_changes', `at < now() - 2 * ${day}`],
		['webhook_deliveries', `status <> 'due' AND settled_at < now() - 30 * ${day}`],
		['notification_queue', `status <> 'due' AND settled_at < now() - ${ledgerDays} * ${day}`],
		[
			'list_messages',
			`written_at < now() - ${ledgerDays} * ${day} AND NOT EXISTS (SELECT FROM notification_queue n WHERE n.list_message_id = list_messages.id)`,
		],
	] as const
	const gone: Record<string, number> = { audit_log: await forgetAudit(db, auditDays) }
	for (const [table, condition] of rules) {
		gone[table] = 0
		for (;;) {
			const { rowCount } = await db.raw(
				`DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${batch}))`,
			)
			gone[table] += rowCount
			if (rowCount < batch) break
		}
	}
	return gone
}

/** The audit log is append-only except through this SQL function, which PostgreSQL runs with its owner's rights. */
async function forgetAudit(db: Db, days: number): Promise<number> {
	let gone = 0
	for (;;) {
		const { rows } = await db.raw('SELECT forget_audit(now() - make_interval(days => ?), ?) AS gone', [days, batch])
		gone += rows[0].gone
		if (rows[0].gone < batch) return gone
	}
}
