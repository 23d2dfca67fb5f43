import { type Db, type DbOrTx, inTransaction, isDatabaseUnavailable, readSql } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { type Announcements, lockCalendars, rowsOf } from './calendars.ts'
import { changedCalendars, type Generated, generateSlots, settleSkipped } from './generate.ts'
import { type Horizon, readHorizon } from './horizon.ts'
import { followZones } from './zones.ts'

export type ScheduledDoctor = { doctorId: string; slotsPerDay: number }

export type GenerateAllInput = {
	db: Db
	log: Log
	/** As the server was started; the clinic's own horizon is read in each transaction, so that the last one set prevails. */
	slotDaysAhead: number
	now?: Date
	/** Removes free slots beyond the horizon, even where the clinic has not set it. */
	cutsBeyond?: boolean
	announcements: Announcements
}

/** Generates the slots of all active doctors with hours, and shows calendars in the zone of the plan in force. */
export async function generateForAll(input: GenerateAllInput): Promise<GeneratedForAll> {
	return await generateFor(await listScheduledDoctors(input.db), input)
}

/** Generates for doctors with a leftover slot whose visit was cancelled: removes the slot, and opens its time again. */
export async function endLeftovers(input: GenerateAllInput): Promise<GeneratedForAll> {
	return await generateFor(await rowsOf<ScheduledDoctor>(input.db, doctorsWithLeftovers), input)
}

export type GeneratedForAll = { created: number; removed: number }

/**
 * Generates the slots of these doctors. A doctor whose slots cannot be generated is logged, and delays no other. An outage of the
 * database stops the run, and the job runs again later.
 */
async function generateFor(doctors: readonly ScheduledDoctor[], input: GenerateAllInput): Promise<GeneratedForAll> {
	const { db, log, slotDaysAhead, now, announcements } = input
	const total = { created: 0, removed: 0 }
	const { days } = await readHorizon(db, slotDaysAhead)

	for (const doctorIds of inChunks(doctors, days)) await generate(doctorIds)

	return total

	async function generate(doctorIds: string[]): Promise<void> {
		let generated: Generated[]
		let horizon: Horizon
		try {
			;({ generated, horizon } = await inTransaction(db, async trx => {
				await lockCalendars(trx, doctorIds)
				const { days, cutsBeyond } = await readHorizon(trx, slotDaysAhead)
				const horizon = { days, cutsBeyond: cutsBeyond || input.cutsBeyond === true }
				const generated = await generateSlots(trx, { doctorIds, ...horizon, ...(now && { now }) })
				await announcements.write(trx, changedCalendars(generated))
				await followZones(trx, announcements, doctorIds)
				return { generated, horizon }
			}))
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
		await settleSkipped(db, announcements, generated, { ...horizon, ...(now && { now }) })
	}
}

/** Lists active doctors who have hours, at a site or anywhere, and about how many slots a day these ask for. */
export function listScheduledDoctors(db: DbOrTx, siteId?: string): Promise<ScheduledDoctor[]> {
	return rowsOf<ScheduledDoctor>(db, scheduledDoctors, { siteId: siteId ?? null })
}

const scheduledDoctors = readSql('./list_scheduled_doctors.sql', import.meta.url)
const doctorsWithLeftovers = readSql('./list_doctors_with_leftovers.sql', import.meta.url)

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
