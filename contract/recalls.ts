import { z } from 'zod'
import { CalendarDate, Id, IdParams, Instant, PageQuery, pageOf, Text } from './common.ts'
import { endpoint } from './endpoint.ts'
import { staffRoles } from './roles.ts'

const RecallStatus = z.enum(['waiting', 'booked', 'dropped'])

export const Recall = z
	.object({
		id: Id,
		patientId: Id,
		patientName: z.string(),
		phone: z.string().optional(),
		typeId: Id.optional(),
		doctorId: Id.optional(),
		doctorName: z.string().optional(),
		dueOn: CalendarDate.meta({ description: 'When to call the patient.' }),
		note: z.string().optional(),
		status: RecallStatus,
		createdAt: Instant,
		updatedAt: Instant,
	})
	.meta({ id: 'Recall' })
export type Recall = z.infer<typeof Recall>

export const RecallInput = z.object({
	patientId: Id,
	typeId: Id.optional(),
	doctorId: Id.optional(),
	dueOn: CalendarDate,
	note: Text(500).optional(),
})
export type RecallInput = z.output<typeof RecallInput>

export const RecallChanges = z.object({ dueOn: CalendarDate, note: Text(500).nullable(), status: RecallStatus }).partial()
export type RecallChanges = z.output<typeof RecallChanges>

const tag = 'Patients'

export const recallEndpoints = {
	listRecalls: endpoint({
		method: 'get',
		path: '/recalls',
		tag,
		summary: 'Patients to call for an appointment, the earliest date first.',
		access: staffRoles,
		reveals: 'recall',
		query: PageQuery.extend({ until: CalendarDate.optional(), status: RecallStatus.default('waiting') }),
		response: pageOf(Recall),
	}),
	createRecall: endpoint({
		method: 'post',
		path: '/recalls',
		tag,
		summary: 'Remember to call a patient for an appointment that cannot be booked yet.',
		access: staffRoles,
		body: RecallInput,
		status: 201,
		response: Recall,
		refusals: ['not_found'],
	}),
	updateRecall: endpoint({
		method: 'patch',
		path: '/recalls/:id',
		tag,
		summary: 'Change what is named; null removes.',
		access: staffRoles,
		params: IdParams,
		body: RecallChanges,
		response: Recall,
		refusals: ['not_found'],
	}),
}
