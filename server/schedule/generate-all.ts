import { type Db, inTransaction, isDatabaseUnavailable, readSql } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { type Generated, generateSlots } from './generate.ts'
import { rowsOf } from './statements.ts'

const listScheduledDoctors = readSql('./list_scheduled_doctors.sql', import.meta.url)

export type ScheduledDoctor = { doctorId: string; slotsPerDay: number }

export type GenerateAllInput = {
	db: Db
	log: Log
	days: number
	now?: Date
	/** Called after each commit. */
	onGenerated: (generated: Generated[]) => Promise<void>
}

/**
 * Generates slots for every active doctor with a schedule. When one doctor fails, it logs that and goes on with the others.
 * When the database is away, it throws, so that the job runs again.
 */
export async function generateForAll({ db, log, days, now, onGenerated }: GenerateAllInput): Promise<{ created: number; removed: number }> {
	const total = { created: 0, removed: 0 }

	const doctors = await rowsOf<ScheduledDoctor>(db, listScheduledDoctors)
	for (const doctorIds of inChunks(doctors, days)) await generate(doctorIds)

	return total

	async function generate(doctorIds: string[]): Promise<void> {
		let generated: Generated[]
		try {
			generated = await inTransaction(db, trx => generateSlots(trx, { doctorIds, days, ...(now && { now }) }))
		} catch (err) {
			// One doctor of this group fails all of it: try each alone, so that the others get their slots.
			if (doctorIds.length > 1) for (const each of doctorIds) await generate([each])
			else if (isDatabaseUnavailable(err)) throw err
			else log.error({ err, doctorId: doctorIds[0] }, 'cannot generate slots of this doctor')
			return
		}
		for (const { created, removed } of generated) {
			total.created += created
			total.removed += removed
		}
		await onGenerated(generated)
	}
}

/** A statement that creates so many slots takes about a second, far below the pool's timeout. */
const slotsPerTransaction = 60_000
const doctorsPerTransaction = 100

/** Splits doctors into groups, in order, so that one transaction never creates many more slots than it should. */
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
