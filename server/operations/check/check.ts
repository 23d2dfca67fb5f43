import type { Db } from '../../platform/database/database.ts'
import type { Command, Context } from '../command.ts'
import { withDatabase } from '../connect.ts'
import { rules } from './rules.ts'

export const checkDatabase: Command = {
	summary: 'Looks for what must never be in the database: one line for each finding, and exit code 1 when there is any.',
	options: {},
	run: context => withDatabase(context, async db => sayFindings(await findingsIn(db), context)),
}

export type Finding = { rule: string; finding: string }

/** What is wrong in the database, as of one moment, so that what happens meanwhile is no finding. */
export function findingsIn(db: Db, names: string[] = Object.keys(rules)): Promise<Finding[]> {
	return db.transaction(
		async trx => {
			const found: Finding[] = []
			for (const rule of names) {
				const findings = await rules[rule]?.(trx)
				found.push(...(findings ?? []).map(finding => ({ rule, finding })))
				// Of an older schema other rules ask for tables that are not there.
				if (rule === 'schema' && findings?.some(finding => finding.startsWith('migration'))) break
			}
			return found
		},
		{ isolationLevel: 'repeatable read', readOnly: true },
	)
}

/** One line for each finding. @returns the exit code */
export function sayFindings(findings: Finding[], { terminal }: Context): number {
	for (const { rule, finding } of findings) terminal.say(`${rule}: ${finding}`)
	if (findings.length === 0) terminal.say('The database is consistent')
	return findings.length === 0 ? 0 : 1
}
