import { type Db, type DbOrTx, readSql } from '../../platform/database/database.ts'
import { type Command, type Context, withDatabase } from '../command.ts'
import { foreignKeys, schemaFindings } from './schema.ts'

export const checkDatabase: Command = {
	summary: 'Looks for what must never be in the database: one line for each finding, and exit code 1 when there is any.',
	options: {},
	run: context => withDatabase(context, async db => sayFindings(await findingsIn(db), context)),
}

export type Finding = { rule: string; finding: string }

/** Checks the database as of one moment, so that a change during the check is no finding. */
export function findingsIn(db: Db, names: string[] = Object.keys(rules)): Promise<Finding[]> {
	return db.transaction(
		async trx => {
			const found: Finding[] = []
			for (const rule of names) {
				const findings = await rules[rule]?.(trx)
				found.push(...(findings ?? []).map(finding => ({ rule, finding })))
				// The other rules read tables that an older schema does not have.
				if (rule === 'schema' && findings?.some(finding => finding.startsWith('migration'))) break
			}
			return found
		},
		{ isolationLevel: 'repeatable read', readOnly: true },
	)
}

/** Prints one line for each finding. @returns the exit code */
export function sayFindings(findings: Finding[], { terminal }: Context): number {
	for (const { rule, finding } of findings) terminal.say(`${rule}: ${finding}`)
	if (findings.length === 0) terminal.say('The database is consistent')
	return findings.length === 0 ? 0 : 1
}

/** Resolves to the findings, one line each. */
export type Rule = (db: DbOrTx) => Promise<string[]>

/** Rows that refer to missing rows. They can exist after a constraint was dropped and added again, or its triggers were disabled. */
const orphans: Rule = async db => {
	const found: string[] = []
	for (const { table, column, parent, key } of foreignKeys) {
		const { rows } = await db.raw(
			`SELECT c.?? AS missing, count(*)::int AS count FROM ?? c
			 WHERE c.?? IS NOT NULL AND NOT EXISTS (SELECT FROM ?? p WHERE p.?? = c.??) GROUP BY c.??`,
			[column, table, column, parent, key, column, column],
		)
		for (const { missing, count } of rows)
			found.push(`${count} rows of ${table} refer by ${column} to ${missing}, which is not in ${parent}`)
	}
	return found
}

/** A sequence that is behind its table, as after rows were inserted by hand, makes the next insert fail. */
const sequences: Rule = async db => {
	const { rows } = await db.raw(
		`SELECT c.relname AS table, a.attname AS column, s.last_value AS last
		 FROM pg_depend d
		 JOIN pg_class seq ON seq.oid = d.objid AND seq.relkind = 'S' AND seq.relnamespace = 'public'::regnamespace
		 JOIN pg_sequences s ON s.schemaname = 'public' AND s.sequencename = seq.relname
		 JOIN pg_class c ON c.oid = d.refobjid
		 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
		 WHERE d.deptype IN ('a', 'i') AND c.relname NOT LIKE 'agenda\\_%' AND c.relname NOT LIKE 'migrations%'`,
	)
	const found: string[] = []
	for (const { table, column, last } of rows) {
		const [{ highest }] = (await db.raw('SELECT max(??) AS highest FROM ??', [column, table])).rows
		if (highest !== null && BigInt(highest) > BigInt(last ?? 0))
			found.push(`the sequence of ${table}.${column} is at ${last ?? 0}, behind ${highest}`)
	}
	return found
}

/** The rules by name. The schema comes first, because the other rules depend on it. */
export const rules: Record<string, Rule> = {
	schema: schemaFindings,
	'overlapping appointments': statement('./overlapping_appointments.sql'),
	'slots of others': statement('./slots_of_others.sql'),
	'appointments without slots': statement('./appointments_without_slots.sql'),
	'overlapping slots': statement('./overlapping_slots.sql'),
	'slots blocked wrongly': statement('./slots_blocked_wrongly.sql'),
	'messages out of date': statement('./messages_out_of_date.sql'),
	'outcomes without effect': statement('./outcomes_without_effect.sql'),
	'accounts without files': statement('./accounts_without_files.sql'),
	orphans,
	sequences,
}

function statement(file: string): Rule {
	const text = readSql(file, import.meta.url)
	return async db => (await db.raw(text)).rows.map(({ finding }: { finding: string }) => finding)
}
