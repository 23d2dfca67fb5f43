import type { Appointment, Offer } from '../../contract/index.ts'
import type { Caller, Commands } from '../booking/commands.ts'
import { type Actor, checkAccess, isStaff, type Origin, signedIn } from '../identity/actor.ts'
import type { Db } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { readOffer, type StoredOffer, toAnswer, toWireOffer } from './records.ts'

/** How offers are answered: by their patient, by staff, or by the link in the message. Each answer goes through the doctor's mailbox. */
export function createAnswers({ db, commands, readLink }: AnswersDeps): Answers {
	return {
		find,
		async accept(asking, id, link) {
			const { offer, caller } = await admit(asking, id, link)
			return await commands.accept(caller, toAnswer(offer))
		},
		async decline(asking, id, link) {
			const { offer, caller } = await admit(asking, id, link)
			return await end(caller, offer, 'declined')
		},
		async withdraw(asking, id) {
			return await end({ ...asking, actor: signedIn(asking.actor) }, await find(signedIn(asking.actor), id), 'withdrawn')
		},
	}

	async function end(caller: Caller, offer: StoredOffer, as: 'declined' | 'withdrawn'): Promise<Offer> {
		await commands.endOffer(caller, toAnswer(offer), as, caller.actor.userId)
		return toWireOffer((await readOffer(db, offer.id)) as StoredOffer)
	}

	/** @throws Refusal not_found, also for an offer that the actor may not see */
	async function find(actor: Actor, id: string): Promise<StoredOffer> {
		const offer = await readOffer(db, id)
		if (!offer || !(isStaff(actor) || (actor.role === 'patient' && actor.patientId === offer.patient_id))) throw new Refusal('not_found')
		return offer
	}

	async function admit({ actor, origin, idempotencyKey }: Asking, id: string, link?: string) {
		if (link === undefined) {
			checkAccess('signed-in', actor)
			const offer = await find(signedIn(actor), id)
			return { offer, caller: { actor: signedIn(actor), origin, idempotencyKey } }
		}
		const grant = readLink(link)
		const offer = grant?.offerId === id ? await readOffer(db, id) : undefined
		if (!offer || offer.patient_id !== grant?.patientId) throw new Refusal('not_found')
		return { offer, caller: { actor: readerOf(offer), origin, idempotencyKey } }
	}
}

/** The caller may have a link in place of an account. */
export type Asking = { actor: Actor | null; origin: Origin; idempotencyKey: string | undefined }

export type Answers = {
	/** @throws Refusal not_found */
	find(actor: Actor, id: string): Promise<StoredOffer>
	/** @throws Refusal offer_ended, and what refuses a booking or a move */
	accept(asking: Asking, id: string, link?: string): Promise<Appointment>
	/** @throws Refusal offer_ended */
	decline(asking: Asking, id: string, link?: string): Promise<Offer>
	/** @throws Refusal offer_ended */
	withdraw(asking: Asking, id: string): Promise<Offer>
}

export type AnswersDeps = {
	db: Db
	commands: Pick<Commands, 'accept' | 'endOffer'>
	readLink: (token: string) => { offerId: string; patientId: string } | undefined
}

/** The reader of a link acts as its patient. What a patient without an account books is booked by the account that offered it. */
function readerOf(offer: StoredOffer): Actor {
	return {
		userId: offer.patient_user_id ?? offer.offered_by,
		role: 'patient',
		status: 'active',
		fullName: offer.patient_name,
		patientId: offer.patient_id,
		sessionId: 'link',
		tokenExpiresAtMs: 0,
	}
}
