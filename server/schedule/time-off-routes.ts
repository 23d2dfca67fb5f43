import { doctorEndpoints as endpoints } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { Announcements } from './calendars.ts'
import { doctorToPlan } from './doctors.ts'
import { previewTimeOff } from './preview.ts'
import { addTimeOff, listTimeOff, removeTimeOff } from './time-off.ts'

export function timeOffRoutes({ db, announcements }: { db: Db; announcements: Announcements }): Route[] {
	return [
		route(endpoints.listTimeOff, async ({ params, query }, actor) => {
			const { id } = await doctorToPlan(db, params.id, mayTakeOff(actor, params.id))
			return await listTimeOff(db, id, query)
		}),

		route(endpoints.addTimeOff, async ({ params, body, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayTakeOff(actor, params.id))
			const span = { doctorId, ...spanOf(body) }
			const { id, conflicts } = await inTransaction(db, async trx => {
				const added = await addTimeOff(trx, { ...span, reason: body.reason, createdBy: actor.userId })
				await announcements.write(trx, [{ doctorId, startsAt: added.changedStarts }])
				const details = { doctorId, startsAt: span.startsAt, endsAt: span.endsAt, conflicts: added.conflicts.length }
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'time_off', entityId: added.id, details })
				return added
			})
			await announcements.tell()
			return { id, conflicts }
		}),

		route(endpoints.previewTimeOff, async ({ params, body }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayTakeOff(actor, params.id))
			return await previewTimeOff(db, { doctorId, ...spanOf(body), reason: body.reason, createdBy: actor.userId })
		}),

		route(endpoints.removeTimeOff, async ({ params, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayTakeOff(actor, params.id))
			const { timeOffId } = params
			await inTransaction(db, async trx => {
				const removed = await removeTimeOff(trx, { doctorId, timeOffId })
				if (!removed) throw new Refusal('not_found')
				await announcements.write(trx, [{ doctorId, startsAt: removed.changedStarts }])
				await recordAudit(trx, {
					actor,
					origin,
					action: 'removed',
					entity: 'time_off',
					entityId: timeOffId,
					details: { doctorId, ...removed.span },
				})
			})
			await announcements.tell()
		}),
	]
}

const mayTakeOff = (actor: Actor, doctorId: string) => isStaff(actor) || actor.userId === doctorId

const maxDays = 400

function spanOf(body: { startsAt: string; endsAt: string }) {
	const startsAt = new Date(body.startsAt)
	const endsAt = new Date(body.endsAt)
	// The contract compares the texts. Instants lose fractions of a millisecond, so a span may be empty here.
	if (startsAt >= endsAt) throw invalidInput('endsAt', 'must be after startsAt')
	if (endsAt.getTime() - startsAt.getTime() > maxDays * 86_400_000)
		throw invalidInput('endsAt', `must be at most ${maxDays} days after startsAt`)
	return { startsAt, endsAt }
}
