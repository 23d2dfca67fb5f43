import type { RequestHandler } from 'express'
import { offerEndpoints as endpoints } from '../../contract/index.ts'
import type { Commands } from '../booking/commands.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'

import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { decodeCursor, encodeCursor } from '../platform/database/cursors.ts'
import type { Db } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import type { Holds } from '../slots/holds.ts'
import { type AbsencesDeps, createAbsences } from './absences.ts'
import { createAnswers } from './answers.ts'
import { offerPage } from './offer-page.ts'
import { listOffers, readOfferOfRequest, type StoredOffer, toWireOffer } from './records.ts'
import { createUpkeep } from './upkeep.ts'
import { waitlistRoutes } from './waitlist.ts'

/**
 * Offers: slots that PostgreSQL keeps for one patient until then. Made by the statement that frees a slot, by hand, or for the visits
 * of a doctor who is away; answered by their patient.
 */
export function createOffers(deps: OffersDeps): Offers {
	const { db, commands } = deps
	const answers = createAnswers({ db, commands, readLink: deps.readOfferLink })
	const absences = createAbsences(deps)
	const upkeep = createUpkeep({ ...deps, absences })

	return {
		tell: upkeep.tell,
		stop: upkeep.stop,
		page: offerPage({ ...deps, answers, limit: deps.limiter({ name: 'offer-links', points: 30, perSeconds: 60 }) }),
		routes: [
			...waitlistRoutes({ db, types: deps.types, isOn: deps.isWaitlistOn, answers }),
			route(endpoints.listOffers, ({ query }, actor) => listOffers(db, actor, query)),
			route(endpoints.getOffer, async ({ params }, actor) => toWireOffer(await answers.find(actor, params.id))),
			route(endpoints.makeOffer, async ({ body, origin, idempotencyKey }, actor) => {
				const { slotId, patientId, replaces, expiresInMinutes = handMinutes } = body
				const key = await commands.offer(
					{ actor, origin, idempotencyKey },
					{
						slotId,
						patientId: await knownPatient(patientId),
						replaces,
						why: 'waitlist',
						rebookingId: undefined,
						openSeconds: Math.max(1, Math.round(expiresInMinutes * 60)),
						...(replaces === undefined ? { typeId: body.typeId } : await placeOf(replaces, patientId)),
					},
				)
				return toWireOffer((await readOfferOfRequest(db, actor.userId, key)) as StoredOffer)
			}),
			publicRoute(endpoints.acceptOffer, ({ params, body, origin, idempotencyKey }, actor) =>
				answers.accept({ actor, origin, idempotencyKey }, params.id, body.link),
			),
			publicRoute(endpoints.declineOffer, ({ params, body, origin, idempotencyKey }, actor) =>
				answers.decline({ actor, origin, idempotencyKey }, params.id, body.link),
			),
			route(endpoints.withdrawOffer, ({ params, origin, idempotencyKey }, actor) =>
				answers.withdraw({ actor, origin, idempotencyKey }, params.id),
			),
			route(endpoints.previewAbsence, ({ params, body }, actor) => absences.preview(actor, params.id, body)),
			route(endpoints.addAbsence, ({ params, body, origin }, actor) => absences.add({ actor, origin }, params.id, body)),
			route(endpoints.getRebooking, ({ params }, actor) => absences.read(actor, params.id)),
			route(endpoints.listRebookings, async ({ query }, actor) => {
				const before = query.cursor === undefined ? undefined : (decodeCursor(query.cursor, 1)[0] as string)
				if (before !== undefined && !isDatabaseId(before)) throw invalidInput('cursor', 'is not one that this server gave out')
				const items = await absences.list(actor, { limit: query.limit, before })
				const last = items.at(-1)
				return { items, nextCursor: last && items.length === query.limit ? encodeCursor([last.id]) : null }
			}),
			route(endpoints.undoRebooking, ({ params, origin }, actor) => absences.undo({ actor, origin }, params.id)),
		],
	}

	async function knownPatient(id: string): Promise<string> {
		if (!isDatabaseId(id) || !(await db('patients').where({ id, erasure_asked_at: null }).first('id'))) throw new Refusal('not_found')
		return id
	}

	/** A visit that moves keeps its kind and its length. @throws Refusal not_found, wrong_status */
	async function placeOf(appointmentId: string, patientId: string): Promise<{ typeId: string; minutes: number }> {
		const visit = isDatabaseId(appointmentId) && (await db('appointments').where({ id: appointmentId, patient_id: patientId }).first())
		if (!visit) throw new Refusal('not_found')
		if (visit.status !== 'booked') throw new Refusal('wrong_status')
		return { typeId: visit.type_id, minutes: (visit.ends_at.getTime() - visit.starts_at.getTime()) / 60_000 }
	}
}

export type OffersDeps = Omit<AbsencesDeps, 'commands'> & {
	db: Db
	run: Run
	io: LiveServer
	log: Log
	types: AppointmentTypes
	holds: Pick<Holds, 'read'>
	commands: Pick<Commands, 'accept' | 'offer' | 'endOffer' | 'cancel'>
	limiter: CreateLimiter
	announce: (doctorId: string, startsAt: readonly Date[]) => Promise<void>
	isWaitlistOn: () => Promise<boolean>
	readOfferLink: (token: string) => { offerId: string; patientId: string } | undefined
}

export type Offers = {
	routes: Route[]
	/** The page behind the link in an offer's message. */
	page: RequestHandler
	/** Tells people of offers that a commit has changed. */
	tell(): void
	stop(): Promise<void>
}

/** How long an offer by hand is open unless staff say otherwise. */
const handMinutes = 60
