import { z } from 'zod'
import { AppointmentStatus } from './appointments.ts'
import { CalendarDate, Email, FullName, Id, IdParams, Instant, PageQuery, Phone, pageOf, Text } from './common.ts'
import { endpoint } from './endpoint.ts'
import { Role, staffRoles } from './roles.ts'

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

export const VisitOfPatient = z
	.object({
		id: Id,
		doctorId: Id,
		doctorName: z.string(),
		typeName: z.string(),
		startsAt: Instant,
		endsAt: Instant,
		timeZone: z.string(),
		status: AppointmentStatus,
		reason: z.string().optional(),
	})
	.meta({ id: 'VisitOfPatient' })
export type VisitOfPatient = z.infer<typeof VisitOfPatient>

const By = z.object({ name: z.string(), role: Role })

export const PatientCard = Patient.extend({
	noShows: z.number().int(),
	cancelledLate: z
		.number()
		.int()
		.meta({ description: 'Visits cancelled after the clinic’s cut-off, or within a day where it has none; other than by the doctor.' }),
	lastVisit: VisitOfPatient.nullable(),
	nextVisit: VisitOfPatient.nullable(),
	notes: z.string().meta({ description: 'For the desk; empty without any.' }),
	tags: z.array(z.string()),
	mayBookOnline: z.boolean().meta({ description: 'Whether the patient may hold and book without the desk.' }),
	lastChange: z.object({ at: Instant, by: By.optional() }).nullable(),
	lastMerge: z
		.object({ fullName: z.string(), phone: z.string().optional(), at: Instant, undoUntil: Instant })
		.nullable()
		.meta({ description: 'The file that last became part of this one, while that can be undone.' }),
}).meta({ id: 'PatientCard' })
export type PatientCard = z.infer<typeof PatientCard>

export const PatientChanges = z.object({
	fullName: FullName.optional(),
	phone: Phone.nullable().optional(),
	email: Email.nullable().optional(),
	birthDate: CalendarDate.nullable().optional(),
	notes: z
		.union([Text(4000), z.literal('')])
		.nullable()
		.optional(),
	tags: z.array(Text(40)).max(20).optional(),
	mayBookOnline: z.boolean().optional(),
})
export type PatientChanges = z.infer<typeof PatientChanges>

/** A correction of a file: the field as the wire names it, and its values. */
export const PatientChange = z
	.object({ at: Instant, by: By.optional(), field: z.string(), from: z.unknown(), to: z.unknown() })
	.meta({ id: 'PatientChange' })
export type PatientChange = z.infer<typeof PatientChange>

/** What a doctor sees of a patient with visits in the doctor's own calendar. */
export const DoctorsPatient = Patient.pick({ id: true, fullName: true, phone: true, birthDate: true })
	.extend({ notes: z.string(), tags: z.array(z.string()), noShows: z.number().int(), visits: z.array(VisitOfPatient) })
	.meta({ id: 'DoctorsPatient' })
export type DoctorsPatient = z.infer<typeof DoctorsPatient>

const tag = 'Patients'

export const patientEndpoints = {
	findPatients: endpoint({
		method: 'get',
		path: '/patients',
		tag,
		summary:
			'Find by parts of the name in any order and spelling, any form or part of the phone number, the e-mail address, or the birth date. Where nothing matches: names that are a slip of the keys away.',
		access: staffRoles,
		query: PageQuery.extend({ q: z.string().trim().max(100).optional() }),
		response: pageOf(Patient).extend({
			similar: z.literal(true).optional().meta({ description: 'Nothing matches; these names are a slip of the keys away.' }),
		}),
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
	findDuplicates: endpoint({
		method: 'post',
		path: '/patients/duplicates',
		tag,
		summary: 'Files that already have this name with this phone number or birth date, to be looked at before another is made.',
		access: staffRoles,
		body: PatientInput,
		status: 200,
		response: z.object({ items: z.array(Patient) }),
	}),
	getPatient: endpoint({
		method: 'get',
		path: '/patients/:id',
		tag,
		summary: 'One patient, with what the desk knows.',
		access: staffRoles,
		params: IdParams,
		response: PatientCard,
		refusals: ['not_found'],
	}),
	updatePatient: endpoint({
		method: 'patch',
		path: '/patients/:id',
		tag,
		summary: 'Correct the file.',
		access: staffRoles,
		params: IdParams,
		body: PatientChanges,
		response: PatientCard,
		refusals: ['not_found'],
	}),
	listPatientChanges: endpoint({
		method: 'get',
		path: '/patients/:id/changes',
		tag,
		summary: 'What was corrected in the file, by whom, latest first: the last hundred.',
		access: staffRoles,
		params: IdParams,
		response: z.object({ items: z.array(PatientChange) }),
		refusals: ['not_found'],
		reveals: 'patient',
	}),
	mergePatients: endpoint({
		method: 'post',
		path: '/patients/:id/merge',
		tag,
		summary:
			'Make another file part of this one: its visits, and what this one lacks. The file of an account stays; of two accounts none can.',
		access: staffRoles,
		params: IdParams,
		body: z.object({ otherId: Id }),
		status: 200,
		response: PatientCard,
		refusals: ['not_found', 'patient_overlap'],
	}),
	undoMerge: endpoint({
		method: 'post',
		path: '/patients/:id/merge/undo',
		tag,
		summary: 'Make two files of the last merge again, within seven days. What was changed since then stays.',
		access: staffRoles,
		params: IdParams,
		status: 200,
		response: PatientCard,
		refusals: ['not_found', 'too_late'],
	}),
	getDoctorsPatient: endpoint({
		method: 'get',
		path: '/doctors/:id/patients/:patientId',
		tag,
		summary: 'A patient with visits in the doctor’s calendar: how to reach them, and these visits.',
		access: ['doctor', ...staffRoles],
		params: IdParams.extend({ patientId: Id }),
		response: DoctorsPatient,
		refusals: ['not_found', 'forbidden'],
	}),
}
