import { scheduleEndpoints as endpoints } from '../../contract/index.ts'
import type { Actor } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { HoursChanges } from './change.ts'
import { addClosure, checkClosure, effectsOf, listClosures, removeClosure, spanOf } from './closures.ts'
import { listDatedHours, removeDatedHours, setDatedHours } from './dated-hours.ts'
import { doctorToPlan, doctorToShow } from './doctors.ts'
import { addPlan, changePlan, plansOf, removePlan, toPlan } from './plans.ts'

/** Plans, hours of single days, and closures. */
export function hoursRoutes({ db, hours }: { db: Db; hours: HoursChanges }): Route[] {
	return [
		publicRoute(endpoints.listPlans, async ({ params }, actor) => {
			const doctor = await doctorToShow(db, params.id, actor)
			return { items: (await plansOf(db, doctor.id)).map(toPlan), nextCursor: null }
		}),

		route(endpoints.createPlan, async ({ params, body, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.apply(doctorId, async trx => {
				const { plan, span } = await addPlan(trx, doctorId, body)
				const answer = toPlan(plan)
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'plan', entityId: plan.id, details: { doctorId, ...answer } })
				return { answer, span }
			})
		}),

		route(endpoints.previewNewPlan, async ({ params, body }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.preview(doctorId, async trx => ({ answer: null, span: (await addPlan(trx, doctorId, body)).span }))
		}),

		route(endpoints.updatePlan, async ({ params, body, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.apply(doctorId, async trx => {
				const { plan, span } = await changePlan(trx, doctorId, params.planId, body)
				const details = { doctorId, ...body }
				await recordAudit(trx, { actor, origin, action: 'changed', entity: 'plan', entityId: plan.id, details })
				return { answer: toPlan(plan), span }
			})
		}),

		route(endpoints.previewPlan, async ({ params, body: { remove, ...changes } }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.preview(doctorId, async trx => {
				const { span } = remove ? await removePlan(trx, doctorId, params.planId) : await changePlan(trx, doctorId, params.planId, changes)
				return { answer: null, span }
			})
		}),

		route(endpoints.removePlan, async ({ params, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.apply(doctorId, async trx => {
				const { plan, span } = await removePlan(trx, doctorId, params.planId)
				const details = { doctorId, ...toPlan(plan) }
				await recordAudit(trx, { actor, origin, action: 'removed', entity: 'plan', entityId: plan.id, details })
				return { answer: {}, span }
			})
		}),

		publicRoute(endpoints.listDatedHours, async ({ params, query }, actor) => {
			const doctor = await doctorToShow(db, params.id, actor)
			return { items: await listDatedHours(db, doctor.id, query), nextCursor: null }
		}),

		route(endpoints.putDatedHours, async ({ params, body, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.apply(doctorId, async trx => {
				const { hours, span } = await setDatedHours(trx, doctorId, { date: params.date, ranges: body.ranges })
				await recordAudit(trx, { actor, origin, action: 'replaced', entity: 'dated_hours', entityId: doctorId, details: hours })
				return { answer: hours, span }
			})
		}),

		route(endpoints.previewDatedHours, async ({ params: { id, date }, body: { ranges } }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, id, mayPlan(actor, id))
			return await hours.preview(doctorId, async trx => {
				const { span } = ranges ? await setDatedHours(trx, doctorId, { date, ranges }) : await removeDatedHours(trx, doctorId, date)
				return { answer: null, span }
			})
		}),

		route(endpoints.removeDatedHours, async ({ params, origin }, actor) => {
			const { id: doctorId } = await doctorToPlan(db, params.id, mayPlan(actor, params.id))
			return await hours.apply(doctorId, async trx => {
				const { span } = await removeDatedHours(trx, doctorId, params.date)
				const details = { date: params.date }
				await recordAudit(trx, { actor, origin, action: 'removed', entity: 'dated_hours', entityId: doctorId, details })
				return { answer: {}, span }
			})
		}),

		publicRoute(endpoints.listClosures, ({ query }) => listClosures(db, query)),

		route(endpoints.createClosure, async ({ body, origin }, actor) =>
			hours.applyToAll(async trx => {
				const closure = await addClosure(trx, body)
				const { conflicts } = await effectsOf(trx, closure)
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'closure', entityId: closure.id, details: closure })
				return { answer: { ...closure, conflicts }, span: spanOf(closure) }
			}),
		),

		route(endpoints.previewClosure, async ({ body }) => {
			await checkClosure(db, body)
			return await effectsOf(db, body)
		}),

		route(endpoints.previewClosureRemoval, ({ params }) => hours.previewForAll(async trx => spanOf(await removeClosure(trx, params.id)))),

		route(endpoints.removeClosure, async ({ params, origin }, actor) => {
			await hours.applyToAll(async trx => {
				const closure = await removeClosure(trx, params.id)
				await recordAudit(trx, { actor, origin, action: 'removed', entity: 'closure', entityId: closure.id, details: closure })
				return { answer: null, span: spanOf(closure) }
			})
		}),
	]
}

const mayPlan = (actor: Actor, doctorId: string) => actor.role === 'admin' || actor.userId === doctorId
