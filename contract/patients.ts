import { z } from 'zod'
import { CalendarDate, Email, FullName, Id, IdParams, PageQuery, Phone, pageOf } from './common.ts'
import { endpoint } from './endpoint.ts'
import { staffRoles } from './roles.ts'

export const Patient = z
	.object({
		id: Id,
		fullName: z.string(),
		phone: z.string().optional(),
		email: z.string().optional(),
		birthDate: z.string().optional(),
		userId: Id.optional().meta({ description: 'Set when the patient has an account.' }),
	})
	.meta({ id: 'Patient' })
export type Patient = z.infer<typeof Patient>

const patientFields = { fullName: FullName, phone: Phone, email: Email.optional(), birthDate: CalendarDate.optional() }

export const PatientInput = z.object(patientFields)
export type PatientInput = z.infer<typeof PatientInput>

const tag = 'Patients'

export const patientEndpoints = {
	findPatients: endpoint({
		method: 'get',
		path: '/patients',
		tag,
		summary: 'Find by part of the name, the phone number or the e-mail address.',
		access: staffRoles,
		query: PageQuery.extend({ q: z.string().trim().max(100).optional() }),
		response: pageOf(Patient),
	}),
	createPatient: endpoint({
		method: 'post',
		path: '/patients',
		tag,
		summary: 'Take a caller into the file. No account is needed.',
		access: staffRoles,
		body: PatientInput,
		status: 201,
		response: Patient,
	}),
	getPatient: endpoint({
		method: 'get',
		path: '/patients/:id',
		tag,
		summary: 'One patient.',
		access: staffRoles,
		params: IdParams,
		response: Patient,
		refusals: ['not_found'],
	}),
	updatePatient: endpoint({
		method: 'patch',
		path: '/patients/:id',
		tag,
		summary: 'Correct the file.',
		access: staffRoles,
		params: IdParams,
		body: z.object({
			fullName: FullName.optional(),
			phone: Phone.nullable().optional(),
			email: Email.nullable().optional(),
			birthDate: CalendarDate.nullable().optional(),
		}),
		response: Patient,
		refusals: ['not_found'],
	}),
}
