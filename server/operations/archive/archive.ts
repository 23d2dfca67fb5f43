import { type Db, inTransaction, readSql } from '../../platform/database/database.ts'
import { schemaFindings } from '../check/schema.ts'
import { type Command, CommandError, type Context, withDatabase } from '../command.ts'

const archiveSlots = readSql('./archive_slots.sql', import.meta.url)

/** Slots that one transaction moves, which takes some hundredths of a second. */
const batch = 2000

export const archive: Command = {
	summary: 'Moves old slots, free and booked, to an archive table, so that the table of slots stays small. Appointments stay.',
	options: { days: { type: 'string', explain: 'how long ago a slot must have ended', example: 'NUMBER', default: '90' } },
	run: async (context, given) => {
		const days = given.whole('days', 1, 36_500)
		const moved = await withDatabase(context, db => run(db, days, context))
		context.terminal.say(`${moved} slots that ended more than ${days} days ago are in the archive`)
		return 0
	},
}

async function run(db: Db, days: number, { terminal }: Context): Promise<number> {
	const pending = (await schemaFindings(db)).find(finding => finding.startsWith('migration'))
	if (pending) throw new CommandError(`${pending}: bring the database up to date first (ROLE=migrate)`)
	return await archiveOldSlots(db, days, moved => terminal.progress(`${moved} slots moved`))
}

/** Moves slots that ended more than `days` ago to the archive, one batch of one doctor at a time. Appointments stay. */
async function archiveOldSlots(db: Db, days: number, onProgress: (moved: number) => void): Promise<number> {
	const before = new Date(Date.now() - days * 86_400_000)
	const doctorIds: string[] = await db('doctors').orderBy('id').pluck('id')
	let total = 0
	for (const doctorId of doctorIds) {
		for (;;) {
			const { rows } = await inTransaction(db, trx => trx.raw(archiveSlots, { doctorId, before, batch }))
			total += rows[0].moved
			onProgress(total)
			if (rows[0].moved < batch) break
		}
	}
	return total
}
