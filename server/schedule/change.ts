import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { type Announcements, lockCalendars } from './calendars.ts'
import { changedCalendars, findConflicts, type Generated, generateAndList, generateSlots, type Span, settleSkipped } from './generate.ts'
import { inChunks, listScheduledDoctors } from './generate-all.ts'
import { readHorizon } from './horizon.ts'
import { whatIf } from './what-if.ts'
import { followZones } from './zones.ts'

export type ChangeDeps = { db: Db; slotDaysAhead: number; announcements: Announcements }

/** What a change of hours has written, and when its slots have to follow. */
export type Changed<T> = { answer: T; span: Span }

export type ChangePreview = {
	created: number
	removed: number
	kept: number
	conflicts: string[]
	createdStarts: string[]
	removedStarts: string[]
}

export type HoursChanges = {
	/** Changes a doctor's hours, brings the slots in line, and tells watchers: all of it in one transaction, or nothing. */
	apply<T extends object>(doctorId: string, change: (trx: Tx) => Promise<Changed<T>>): Promise<T & { conflicts: string[] }>
	/** What `apply` would do. Nothing is changed. */
	preview(doctorId: string, change: (trx: Tx) => Promise<Changed<unknown>>): Promise<ChangePreview>
	/** The same as `apply` for all doctors with hours: for a change of many doctors' hours. */
	applyToAll<T>(change: (trx: Tx) => Promise<Changed<T>>): Promise<T>
	/** How many slots `applyToAll` would create. Nothing is changed. */
	previewForAll(change: (trx: Tx) => Promise<Span>): Promise<{ created: number }>
	/** Brings the slots in line with a site whose zone has changed, or that was archived or opened again. Watchers hear after the commit. */
	followSite(trx: Tx, siteId: string): Promise<void>
}

/** How hours are changed: the slots follow at once. */
export function createHoursChanges({ db, slotDaysAhead, announcements }: ChangeDeps): HoursChanges {
	return {
		async apply(doctorId, change) {
			const { answer, generated, conflicts, days, span } = await inTransaction(db, async trx => {
				await besideClosures(trx)
				await lockCalendars(trx, [doctorId])
				const { answer, span } = await change(trx)
				await followZones(trx, announcements, [doctorId])
				const { days } = await readHorizon(trx, slotDaysAhead)
				const generated = await follow(trx, [doctorId], days, span)
				return { answer, generated, days, span, conflicts: await findConflicts(trx, [doctorId], { span }) }
			})
			await tell(generated, days, span)
			return { ...answer, conflicts }
		},

		preview(doctorId, change) {
			return whatIf(db, async trx => {
				await lockCalendars(trx, [doctorId])
				const { span } = await change(trx)
				const { days } = await readHorizon(trx, slotDaysAhead)
				const [generated] = await generateAndList(trx, { doctorIds: [doctorId], days, span }, shownStarts)
				const { created = 0, removed = 0, kept = 0, createdStarts = [], removedStarts = [] } = generated ?? {}
				const conflicts = await findConflicts(trx, [doctorId], { span })
				return { created, removed, kept, conflicts, createdStarts: written(createdStarts), removedStarts: written(removedStarts) }
			})
		},

		async applyToAll(change) {
			const { answer, generated, days, span } = await inTransaction(db, async trx => {
				await alone(trx)
				const { answer, span } = await change(trx)
				const doctors = await listScheduledDoctors(trx)
				const { days } = await readHorizon(trx, slotDaysAhead)
				const generated: Generated[] = []
				for (const doctorIds of inChunks(doctors, daysIn(days, span))) generated.push(...(await follow(trx, doctorIds, days, span)))
				return { answer, generated, days, span }
			})
			await tell(generated, days, span)
			return answer
		},

		previewForAll(change) {
			return whatIf(db, async trx => {
				const span = await change(trx)
				const { days } = await readHorizon(trx, slotDaysAhead)
				let created = 0
				for (const doctorIds of inChunks(await listScheduledDoctors(trx), daysIn(days, span)))
					for (const generated of await generateSlots(trx, { doctorIds, days, span })) created += generated.created
				return { created }
			})
		},

		async followSite(trx, siteId) {
			const doctors = await listScheduledDoctors(trx, siteId)
			const { days } = await readHorizon(trx, slotDaysAhead)
			for (const doctorIds of inChunks(doctors, days)) {
				const generated = await generateSlots(trx, { doctorIds, days })
				await announcements.write(trx, changedCalendars(generated))
				await followZones(trx, announcements, doctorIds)
			}
		},
	}

	async function follow(trx: Tx, doctorIds: string[], days: number, span: Span): Promise<Generated[]> {
		const generated = await generateSlots(trx, { doctorIds, days, span })
		await announcements.write(trx, changedCalendars(generated))
		return generated
	}

	async function tell(generated: readonly Generated[], days: number, span: Span): Promise<void> {
		await announcements.tell()
		await settleSkipped(db, announcements, generated, { days, span })
		await announcements.tell()
	}
}

function daysIn(days: number, { from, until }: Span): number {
	return until ? Math.min(days, Math.ceil((until.getTime() - from.getTime()) / 86_400_000)) : days
}

const shownStarts = 100

/** All nodes take this lock. Without it, a closure would miss a doctor who gets hours at the same time: neither transaction sees the other. */
const advisoryLock = 7204
const alone = (trx: Tx) => trx.raw('SELECT pg_advisory_xact_lock(?)', [advisoryLock])
const besideClosures = (trx: Tx) => trx.raw('SELECT pg_advisory_xact_lock_shared(?)', [advisoryLock])

const written = (instants: Date[]) => instants.map(instant => instant.toISOString())
