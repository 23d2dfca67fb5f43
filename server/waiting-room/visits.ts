import type { Appointment, ArrivedAppointment, LinkedVisit } from '../../contract/index.ts'
import type { Caller as CommandCaller, Commands, WalkIn } from '../booking/commands.ts'
import { toWire } from '../booking/facts.ts'
import { type Actor, checkAccess, isStaff, type Origin, signedIn } from '../identity/actor.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { RoomAnnouncements } from './announcements.ts'

/** What happens to visits on their day: patients check in, are called, step out and in. */
export function createVisits({ db, commands, readLink, announcements, nowMs }: VisitsDeps) {
	return {
		/** @throws Refusal unauthenticated, not_found, too_soon, too_late, wrong_status */
		async checkIn(caller: { actor: Actor | null; origin: Origin }, appointmentId: string, link?: string): Promise<ArrivedAppointment> {
			if (link === undefined) {
				checkAccess('signed-in', caller.actor)
				return await arrive({ actor: signedIn(caller.actor), origin: caller.origin }, appointmentId)
			}
			const grant = readLink(link)
			if (grant?.appointmentId !== appointmentId) throw new Refusal('not_found')
			return await arrive({ actor: await patientActor(grant.patientId), origin: caller.origin, by: 'link' }, appointmentId)
		},

		/** Checks in the patient of a visit who stands at a kiosk. */
		async checkInAtKiosk(origin: Origin, visit: { appointmentId: string; patientId: string }, screenId: string): Promise<string> {
			const actor = await patientActor(visit.patientId)
			const { ticket } = await arrive({ actor, origin, by: 'kiosk', screenId }, visit.appointmentId)
			return ticket as string
		},

		/** The visit of a link, also a while after its planned end: a patient may still be waiting. */
		async readLinked(link: string): Promise<LinkedVisit> {
			const grant = readLink(link)
			if (!grant) throw new Refusal('not_found')
			const { patientId, ...visit } = await commands.find(await patientActor(grant.patientId), grant.appointmentId)
			const row = await db('users as u')
				.join('doctors as d', 'd.id', 'u.id')
				.where('u.id', visit.doctorId)
				.first<{ full_name: string; time_zone: string }>('u.full_name', 'd.time_zone')
			const ticket = await ticketOf(db, visit.id)
			const startsAtMs = visit.startMinute * 60_000
			return {
				appointmentId: visit.id,
				doctorId: visit.doctorId,
				doctorName: row.full_name,
				timeZone: row.time_zone,
				startsAt: new Date(startsAtMs).toISOString(),
				checkInFrom: new Date(startsAtMs - earlyMs).toISOString(),
				status: visit.status,
				...(ticket !== undefined && { ticket }),
			}
		},

		linkedVisit: readLink,

		call(caller: Caller, appointmentId: string, room: string | undefined) {
			return move(caller, appointmentId, 'called', trx =>
				trx('visit_times')
					.where({ appointment_id: appointmentId, stepped_out_at: null })
					// Of two calls at once to two rooms the first has the patient.
					.where(open => open.whereNull('called_at').orWhereRaw('coalesce(?, room) IS NOT DISTINCT FROM room', [room ?? null]))
					.update({ called_at: trx.fn.now(), room: trx.raw('coalesce(?, room)', [room ?? null]) }),
			)
		},
		stepOut(caller: Caller, appointmentId: string) {
			return move(caller, appointmentId, 'stepped_out', trx =>
				trx('visit_times')
					.where({ appointment_id: appointmentId, stepped_out_at: null })
					.update({ stepped_out_at: trx.fn.now(), called_at: null, room: null }),
			)
		},
		stepIn(caller: Caller, appointmentId: string) {
			return move(caller, appointmentId, 'stepped_in', trx =>
				trx('visit_times')
					.where({ appointment_id: appointmentId })
					.where(away => away.whereNotNull('stepped_out_at').orWhereNotNull('called_at'))
					.update({ stepped_out_at: null, called_at: null, room: null }),
			)
		},

		/** A patient without an appointment joins the doctor's line. @throws Refusal not_found, patient_overlap, type_not_offered */
		async walkIn(caller: CommandCaller, walkIn: WalkIn): Promise<ArrivedAppointment> {
			const appointment = await commands.walkIn(caller, walkIn)
			await announcements.tell()
			return await withTicket(appointment)
		},
	}

	/** Checking in again is no mistake: the visit keeps its ticket. */
	async function arrive({ actor, origin, by, screenId }: Arriving, appointmentId: string): Promise<ArrivedAppointment> {
		const found = await commands.find(actor, appointmentId)
		if (found.status === 'checked_in') return await withTicket(toWire(found))
		if (actor.role === 'patient') {
			if (found.status !== 'booked') throw new Refusal('wrong_status')
			if (nowMs() < found.startMinute * 60_000 - earlyMs) throw new Refusal('too_soon')
			if (nowMs() >= found.endMinute * 60_000) throw new Refusal('too_late')
		}
		const asked = { actor, origin, idempotencyKey: undefined }
		try {
			const arrived = await commands.setStatus(asked, { appointmentId, status: 'checked_in' })
			if (by)
				await recordAudit(db, {
					actor,
					origin,
					action: 'checked_in',
					entity: 'appointment',
					entityId: appointmentId,
					details: { by, screenId },
				})
			return await withTicket(arrived)
		} catch (error) {
			if (!(error instanceof Refusal) || error.code !== 'wrong_status') throw error
			const now = await commands.find(actor, appointmentId)
			if (now.status !== 'checked_in') throw error
			return await withTicket(toWire(now))
		} finally {
			await announcements.tell()
		}
	}

	/** Locks the appointment, as a change of its status does, so that no patient is called whose visit has begun. */
	async function move({ actor, origin }: Caller, appointmentId: string, action: string, change: (trx: Tx) => Promise<number>) {
		const found = await commands.find(actor, appointmentId)
		if (!isStaff(actor) && actor.userId !== found.doctorId) throw new Refusal('forbidden')
		await inTransaction(db, async trx => {
			const isWaiting = await trx('appointments').where({ id: appointmentId, status: 'checked_in' }).forNoKeyUpdate().first('id')
			if (!isWaiting || (await change(trx)) === 0) throw new Refusal('wrong_status')
			await announcements.write(trx, appointmentId)
			await recordAudit(trx, { actor, origin, action, entity: 'appointment', entityId: appointmentId })
		})
		await announcements.tell()
		return await withTicket(toWire(found))
	}

	async function withTicket(appointment: Appointment): Promise<ArrivedAppointment> {
		const ticket = await ticketOf(db, appointment.id)
		return { ...appointment, ...(ticket !== undefined && { ticket }) }
	}

	/** The patient of a link acts for one visit. @throws Refusal not_found when the patient is erased or the account disabled */
	async function patientActor(patientId: string): Promise<Actor> {
		const row = isDatabaseId(patientId)
			? await db('patients as p')
					.leftJoin('users as u', 'u.id', 'p.user_id')
					.where({ 'p.id': patientId, 'p.erasure_asked_at': null })
					.first<{ full_name: string; status: string | null }>('p.full_name', 'u.status')
			: undefined
		if (!row || row.status === 'disabled') throw new Refusal('not_found')
		return {
			userId: patientId,
			role: 'patient',
			status: 'active',
			fullName: row.full_name,
			patientId,
			sessionId: 'link',
			tokenExpiresAtMs: 0,
		}
	}
}

export type Visits = ReturnType<typeof createVisits>

export type VisitsDeps = {
	db: Db
	commands: Pick<Commands, 'find' | 'setStatus' | 'walkIn'>
	/** The visit that a link in a message is for; undefined for a link that is forged, expired, or for something else. */
	readLink: (link: string) => { appointmentId: string; patientId: string } | undefined
	announcements: Pick<RoomAnnouncements, 'write' | 'tell'>
	nowMs: () => number
}

/** Patients check in from so long before their visit. */
export const earlyMs = 60 * 60_000

type Caller = { actor: Actor; origin: Origin }

type Arriving = Caller & { by?: 'link' | 'kiosk'; screenId?: string }

async function ticketOf(db: Db, appointmentId: string): Promise<string | undefined> {
	return (await db('visit_times').where({ appointment_id: appointmentId }).first<{ ticket: string } | undefined>('ticket'))?.ticket
}
