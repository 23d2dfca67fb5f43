import { type Db, inTransaction, isDatabaseUnavailable, readSql } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { type Announcements, rowsOf } from './calendars.ts'
import { changedCalendars, type Generated, generateSlots } from './generate.ts'

const listScheduledDoctors = readSql('./list_scheduled_doctors.sql', import.meta.url)

export type ScheduledDoctor = { doctorId: string; slotsPerDay: number }

export type GenerateAllInput = {
	db: Db
	log: Log
	days: number
	now?: Date
	announcements: Announcements
}

/**
 * Generates the slots of every active doctor with a schedule. A doctor whose slots cannot be generated is logged, and delays no
 * other. An outage of the database stops the run, and the job runs again later.
 */
export async function generateForAll({
	db,
	log,
	days,
	now,
	announcements,
}: GenerateAllInput): Promise<{ created: number; removed: number }> {
	const total = { created: 0, removed: 0 }

	const doctors = await rowsOf<ScheduledDoctor>(db, listScheduledDoctors)
	for (const doctorIds of inChunks(doctors, days)) await generate(doctorIds)

	return total

	async function generate(doctorIds: string[]): Promise<void> {
		let generated: Generated[]
		try {
			generated = await inTransaction(db, async trx => {
				const generated = await generateSlots(trx, { doctorIds, days, ...(now && { now }) })
				await announcements.write(trx, changedCalendars(generated))
				return generated
			})
		} catch (err) {
			// One doctor's failure undid the transaction of all: try each doctor alone.
			if (doctorIds.length > 1) for (const each of doctorIds) await generate([each])
			else if (isDatabaseUnavailable(err)) throw err
			else log.error({ err, doctorId: doctorIds[0] }, 'slots could not be generated')
			return
		}
		for (const { created, removed } of generated) {
			total.created += created
			total.removed += removed
		}
		await announcements.tell()
	}
}

/** A statement over this many slots takes about a second, far below the pool's timeout. */
const slotsPerTransaction = 60_000
const doctorsPerTransaction = 100

/** Groups doctors in their order, so that no group asks for much more than a transaction should create. */
export function inChunks(doctors: readonly ScheduledDoctor[], days: number): string[][] {
	const chunks: string[][] = []
	let slots = Number.POSITIVE_INFINITY
	for (const { doctorId, slotsPerDay } of doctors) {
		const more = slotsPerDay * (days + 1)
		const last = chunks.at(-1)
		if (last && slots + more <= slotsPerTransaction && last.length < doctorsPerTransaction) {
			last.push(doctorId)
			slots += more
		} else {
			chunks.push([doctorId])
			slots = more
		}
	}
	return chunks
}
