import type { Knex } from 'knex'

/**
 * A patient who wants no messages still hears that the clinic cancelled or moved a visit: by mail, or by SMS without an address. What the
 * clinic's own people do is what the desk may undo, so the change has `wait_seconds`.
 */
export const up = (knex: Knex) => rewrite(knex, changes)

export const down = (knex: Knex) =>
	rewrite(
		knex,
		changes.map(([before, after]) => [after, before]),
	)

type Change = readonly [before: string, after: string]

const byClinic = `change.wait_seconds > 0 AND change.kind IN ('cancelled', 'rescheduled')`

const changes: readonly Change[] = [
	[
		'SELECT change.*, channel\n',
		`SELECT change.*, channel,
					CASE channel WHEN 'email' THEN p.notify_email WHEN 'sms' THEN p.notify_sms ELSE p.notify_push END AS is_wanted\n`,
	],
	[`WHEN 'email' THEN p.notify_email AND`, `WHEN 'email' THEN (p.notify_email OR ${byClinic}) AND`],
	[`WHEN 'sms' THEN p.notify_sms AND`, `WHEN 'sms' THEN (p.notify_sms OR ${byClinic} AND p.email IS NULL) AND`],
	[`WHERE kind <> 'cancelled' AND`, `WHERE is_wanted AND kind <> 'cancelled' AND`],
]

/** Changes parts of the function, whatever other migrations made of the rest. */
async function rewrite(knex: Knex, changes: readonly Change[]) {
	const { rows } = await knex.raw('SELECT pg_get_functiondef(?::regproc) AS text', ['messages_to_patients'])
	let text: string = rows[0].text
	for (const [before, after] of changes) {
		if (!text.includes(before)) throw new Error(`messages_to_patients does not contain: ${before}`)
		text = text.replace(before, after)
	}
	// Question marks in the function would be parameters to knex.
	await knex.raw(text.replaceAll('?', '\\?'))
}
