import { z } from 'zod'
import { LanguageTag, maxPictureBytes } from './clinic.ts'
import {
	CalendarDate,
	FullName,
	Id,
	IdList,
	IdParams,
	Instant,
	InstantInput,
	PageQuery,
	pageOf,
	Text,
	TimeZone,
	WallTime,
} from './common.ts'
import { endpoint } from './endpoint.ts'

/** In each language of the product. Missing where the specialty is in the clinic's own words. */
const SpecialtyNames = z.record(z.string(), z.string()).meta({ description: 'The specialty in other languages, by BCP 47 tag.' })

export const Doctor = z
	.object({
		id: Id,
		fullName: z.string(),
		specialty: z.string(),
		timeZone: z.string(),
		title: z.string().optional(),
		bio: z.string().optional(),
		languages: z.array(z.string()).optional().meta({ description: 'Languages that the doctor speaks, as BCP 47 tags.' }),
		photoUrl: z
			.string()
			.optional()
			.meta({ description: 'Below this server. Another picture has another address, so it may be kept for good.' }),
		siteIds: z.array(Id),
		specialtyCode: z.string().optional().meta({ description: 'Of the NUCC provider taxonomy.', example: '207R00000X' }),
		specialtyNames: SpecialtyNames.optional(),
	})
	.meta({ id: 'Doctor' })
export type Doctor = z.infer<typeof Doctor>

/** What is left out stays; null removes. */
export const DoctorChanges = z
	.object({
		title: FullName.nullable(),
		bio: Text(2000).nullable(),
		languages: z.array(LanguageTag).max(20).nullable(),
		specialty: Text(80),
		specialtyCode: z
			.string()
			.regex(/^[0-9A-Z]{9}X$/, 'must be a code of the NUCC provider taxonomy')
			.nullable(),
	})
	.partial()
export type DoctorChanges = z.output<typeof DoctorChanges>

/** By what patients may choose among the doctors there are. */
export const DoctorChoices = z
	.object({
		specialties: z.array(z.object({ specialty: z.string(), specialtyNames: SpecialtyNames.optional() })),
		languages: z.array(z.string()).meta({ description: 'Spoken by at least one doctor, as BCP 47 tags without regions.' }),
	})
	.meta({ id: 'DoctorChoices' })
export type DoctorChoices = z.infer<typeof DoctorChoices>

export const WeeklyHours = z
	.object({
		weekday: z.number().int().min(1).max(7).meta({ description: 'ISO weekday: 1 is Monday, 7 is Sunday.' }),
		start: WallTime,
		end: WallTime,
	})
	.refine(({ start, end }) => start < end, { message: 'start must be before end', path: ['end'] })
	.meta({ id: 'WeeklyHours' })
export type WeeklyHours = z.infer<typeof WeeklyHours>

const overlaps = (weekly: WeeklyHours[]) =>
	weekly.some((a, i) => weekly.some((b, j) => i < j && a.weekday === b.weekday && a.start < b.end && b.start < a.end))

const scheduleFields = {
	timeZone: TimeZone,
	slotMinutes: z.number().int().min(5).max(480),
	weekly: z
		.array(WeeklyHours)
		.max(70)
		.refine(weekly => !overlaps(weekly), 'hours of one weekday must not overlap'),
	validFrom: CalendarDate.nullish(),
	validUntil: CalendarDate.nullish(),
}

export const ScheduleInput = z
	.object(scheduleFields)
	.refine(({ validFrom, validUntil }) => !validFrom || !validUntil || validFrom <= validUntil, {
		message: 'validUntil must not be before validFrom',
		path: ['validUntil'],
	})
	.meta({ id: 'ScheduleInput' })
export type ScheduleInput = z.infer<typeof ScheduleInput>

export const Schedule = z
	.object({
		doctorId: Id,
		...scheduleFields,
		conflicts: z
			.array(Id)
			.optional()
			.meta({ description: 'Upcoming appointments that lie outside these hours. Only in answers to the doctor and staff.' }),
	})
	.meta({ id: 'Schedule' })
export type Schedule = z.infer<typeof Schedule>

export const TimeOff = z
	.object({ id: Id, doctorId: Id, startsAt: Instant, endsAt: Instant, reason: z.string().optional() })
	.meta({ id: 'TimeOff' })
export type TimeOff = z.infer<typeof TimeOff>

export const TimeOffInput = z
	.object({ startsAt: InstantInput, endsAt: InstantInput, reason: Text(200).optional() })
	.refine(({ startsAt, endsAt }) => new Date(startsAt) < new Date(endsAt), {
		message: 'endsAt must be after startsAt',
		path: ['endsAt'],
	})
export type TimeOffInput = z.infer<typeof TimeOffInput>

export const GenerationResult = z
	.object({
		created: z.number().int(),
		removed: z.number().int(),
		kept: z.number().int(),
		conflicts: z.array(Id).meta({ description: 'Upcoming appointments outside the schedule. They stay as they are.' }),
	})
	.meta({ id: 'GenerationResult' })
export type GenerationResult = z.infer<typeof GenerationResult>

/** What replacing the weekly hours and generating would do. */
export const SchedulePreview = GenerationResult.extend({
	createdStarts: z.array(Instant).meta({ description: 'When the first 100 slots that would come start, in order.' }),
	removedStarts: z.array(Instant).meta({ description: 'When the first 100 slots that would go start, in order.' }),
}).meta({ id: 'SchedulePreview' })
export type SchedulePreview = z.infer<typeof SchedulePreview>

export const TimeOffPreview = z
	.object({
		blocked: z.number().int().meta({ description: 'How many free slots would close.' }),
		conflicts: z.array(Id).meta({ description: 'Appointments inside the span. They would stay.' }),
	})
	.meta({ id: 'TimeOffPreview' })
export type TimeOffPreview = z.infer<typeof TimeOffPreview>

const DaysAhead = z.number().int().min(1).max(366).optional()

const tag = 'Doctors and schedules'

export const doctorEndpoints = {
	listDoctors: endpoint({
		method: 'get',
		path: '/doctors',
		tag,
		summary: 'Doctors who take appointments: by name, or those with the soonest free time first.',
		access: 'anyone',
		query: PageQuery.extend({
			q: z
				.string()
				.trim()
				.max(100)
				.optional()
				.meta({ description: 'A part of the name, or an everyday word for the specialty in any language of the product.' }),
			specialty: z.string().trim().max(80).optional().meta({ description: 'A specialty’s name in any language, or its code.' }),
			siteId: Id.optional(),
			ids: IdList.optional().meta({ description: 'Only these, at most 200, separated by commas.' }),
			language: LanguageTag.optional(),
			sort: z.enum(['name', 'soonest']).default('name'),
		}),
		response: pageOf(Doctor),
	}),
	listDoctorChoices: endpoint({
		method: 'get',
		path: '/doctor-choices',
		tag,
		summary: 'The specialties and languages of the doctors who take appointments.',
		access: 'anyone',
		response: DoctorChoices,
	}),
	getDoctor: endpoint({
		method: 'get',
		path: '/doctors/:id',
		tag,
		summary: 'One doctor.',
		access: 'anyone',
		params: IdParams,
		response: Doctor,
		refusals: ['not_found'],
	}),
	updateDoctor: endpoint({
		method: 'patch',
		path: '/doctors/:id',
		tag,
		summary: 'Change what is named of a doctor’s profile; null removes. The specialty is for admins to change.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: DoctorChanges,
		response: Doctor,
		refusals: ['not_found'],
	}),
	getPhoto: endpoint({
		method: 'get',
		path: '/doctors/:id/photo',
		tag,
		summary: 'The doctor’s photo.',
		access: 'anyone',
		isLong: true,
		params: IdParams,
		query: z.object({ v: z.string().max(64).optional() }),
		response: z.custom<Uint8Array>(),
		contentType: 'image/*',
		refusals: ['not_found'],
	}),
	putPhoto: endpoint({
		method: 'put',
		path: '/doctors/:id/photo',
		tag,
		summary: 'Replace the photo: the body is a PNG, JPEG or WebP picture.',
		access: ['doctor', 'admin'],
		params: IdParams,
		maxFileBytes: maxPictureBytes,
		refusals: ['not_found', 'unsupported_picture', 'payload_too_large'],
	}),
	removePhoto: endpoint({
		method: 'delete',
		path: '/doctors/:id/photo',
		tag,
		summary: 'Remove the photo.',
		access: ['doctor', 'admin'],
		params: IdParams,
		refusals: ['not_found'],
	}),
	getSchedule: endpoint({
		method: 'get',
		path: '/doctors/:id/schedule',
		tag,
		summary: 'The doctor’s weekly hours.',
		access: 'anyone',
		params: IdParams,
		response: Schedule,
		refusals: ['not_found'],
	}),
	putSchedule: endpoint({
		method: 'put',
		path: '/doctors/:id/schedule',
		tag,
		summary: 'Replace the weekly hours. Slots follow with the next generation.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: ScheduleInput,
		response: Schedule,
		refusals: ['not_found'],
	}),
	previewSchedule: endpoint({
		method: 'post',
		path: '/doctors/:id/schedule/preview',
		tag,
		summary: 'What replacing the weekly hours and generating slots would change. Nothing is changed.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: ScheduleInput.safeExtend({ days: DaysAhead }),
		response: SchedulePreview,
		refusals: ['not_found'],
	}),
	listTimeOff: endpoint({
		method: 'get',
		path: '/doctors/:id/time-off',
		tag,
		summary: 'Current and coming time off.',
		access: ['doctor', 'receptionist', 'admin'],
		reveals: 'time_off',
		params: IdParams,
		query: PageQuery,
		response: pageOf(TimeOff),
		refusals: ['not_found'],
	}),
	addTimeOff: endpoint({
		method: 'post',
		path: '/doctors/:id/time-off',
		tag,
		summary: 'Block a span of time. Appointments inside it stay, and are reported.',
		access: ['doctor', 'receptionist', 'admin'],
		params: IdParams,
		body: TimeOffInput,
		status: 201,
		response: z.object({ id: Id, conflicts: z.array(Id) }),
		refusals: ['not_found'],
	}),
	previewTimeOff: endpoint({
		method: 'post',
		path: '/doctors/:id/time-off/preview',
		tag,
		summary: 'What blocking a span of time would close. Nothing is changed.',
		access: ['doctor', 'receptionist', 'admin'],
		params: IdParams,
		body: TimeOffInput,
		response: TimeOffPreview,
		refusals: ['not_found'],
	}),
	removeTimeOff: endpoint({
		method: 'delete',
		path: '/doctors/:id/time-off/:timeOffId',
		tag,
		summary: 'Open the span again.',
		access: ['doctor', 'receptionist', 'admin'],
		params: z.object({ id: Id, timeOffId: Id }),
		refusals: ['not_found'],
	}),
	generateSlots: endpoint({
		method: 'post',
		path: '/doctors/:id/slots/generate',
		tag,
		summary: 'Bring the slots in line with the schedule, from now through the given number of days.',
		access: ['doctor', 'admin'],
		params: IdParams,
		body: z.object({ days: DaysAhead }),
		response: GenerationResult,
		refusals: ['not_found'],
	}),
}
