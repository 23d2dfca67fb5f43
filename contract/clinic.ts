import { z } from 'zod'
import { Email, FullName, Id, IdParams, PageQuery, Phone, pageOf, Text, TimeZone } from './common.ts'
import { endpoint } from './endpoint.ts'
import { User } from './identity.ts'
import { Role } from './roles.ts'

const WebAddress = z.url({ protocol: /^https?$/ }).max(500)

/** A language as BCP 47 names it, in its canonical spelling. */
export const LanguageTag = z
	.string()
	.max(35)
	.transform((tag, context) => {
		try {
			return Intl.getCanonicalLocales(tag)[0] as string
		} catch {
			context.addIssue({ code: 'custom', message: 'must be a language such as de or pt-BR' })
			return z.NEVER
		}
	})
	.meta({ id: 'LanguageTag', example: 'de' })

export const Address = z
	.object({
		line: Text(200),
		postalCode: Text(20).optional(),
		city: Text(100),
		region: Text(100).optional(),
		country: z
			.string()
			.regex(/^[A-Z]{2}$/, 'must be two capital letters, as in ISO 3166-1')
			.meta({ example: 'DE' }),
	})
	.meta({ id: 'Address' })
export type Address = z.infer<typeof Address>

export const ClinicPolicy = z
	.object({
		cancelCutoffMinutes: z.number().int().min(0).max(43_200).meta({ description: 'Until how long before a visit patients may cancel it.' }),
		maxUpcomingPerPatient: z.number().int().min(1).max(100).optional(),
		overbooking: z.enum(['nobody', 'staff', 'doctors_and_staff']),
		waitlist: z.boolean(),
		reminderMinutes: z
			.array(z.number().int().min(0).max(99_999))
			.max(10)
			.meta({ description: 'How long before a visit patients are reminded, the longest first. None: no reminders.', example: [1440, 5] }),
		slotDaysAhead: z.number().int().min(1).max(366).meta({ description: 'How many days ahead slots are generated.' }),
	})
	.meta({ id: 'ClinicPolicy' })
export type ClinicPolicy = z.infer<typeof ClinicPolicy>

export const Clinic = z
	.object({
		name: z.string(),
		address: Address.optional(),
		phone: z.string().optional(),
		email: z.string().optional(),
		website: z.string().optional(),
		timeZone: z.string(),
		locale: z.string().meta({ description: 'BCP 47: the language for people who have chosen none.' }),
		privacyUrl: z.string().optional(),
		imprintUrl: z.string().optional(),
		logoUrl: z
			.string()
			.optional()
			.meta({ description: 'Below this server. Another picture has another address, so it may be kept for good.' }),
		accent: z.string().optional().meta({ example: '#0b6e4f' }),
		policy: ClinicPolicy,
	})
	.meta({ id: 'Clinic' })
export type Clinic = z.infer<typeof Clinic>

const longestFirst = (minutes: number[]) => [...new Set(minutes)].sort((a, b) => b - a)

/** What is left out stays; null removes. */
export const ClinicChanges = z
	.object({
		name: FullName,
		address: Address.nullable(),
		phone: Phone.nullable(),
		email: Email.nullable(),
		website: WebAddress.nullable(),
		timeZone: TimeZone,
		locale: LanguageTag,
		privacyUrl: WebAddress.nullable(),
		imprintUrl: WebAddress.nullable(),
		accent: z
			.string()
			.regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #0b6e4f')
			.toLowerCase()
			.nullable(),
		policy: ClinicPolicy.extend({
			maxUpcomingPerPatient: ClinicPolicy.shape.maxUpcomingPerPatient.nullable(),
			reminderMinutes: ClinicPolicy.shape.reminderMinutes.transform(longestFirst).nullable(),
			slotDaysAhead: ClinicPolicy.shape.slotDaysAhead.nullable(),
		})
			.partial()
			.meta({ description: 'Reminders and days ahead: null is as the server was started.' }),
	})
	.partial()
export type ClinicChanges = z.output<typeof ClinicChanges>

export const Site = z
	.object({
		id: Id,
		name: z.string(),
		address: Address.optional(),
		phone: z.string().optional(),
		timeZone: z.string(),
		directions: z.string().optional(),
		archived: z.boolean(),
	})
	.meta({ id: 'Site' })
export type Site = z.infer<typeof Site>

const siteFields = { address: Address.nullish(), phone: Phone.nullish(), directions: Text(1000).nullish() }

export const SiteInput = z.object({ ...siteFields, name: FullName, timeZone: TimeZone })
export type SiteInput = z.output<typeof SiteInput>

export const SiteChanges = z.object({
	...siteFields,
	name: FullName.optional(),
	timeZone: TimeZone.optional(),
	archived: z.boolean().optional(),
})
export type SiteChanges = z.output<typeof SiteChanges>

const Minutes = z.number().int().min(5).max(480)

const dayMinutes = 1440

/** Who offers a type: every doctor, or those named, each perhaps in their own time. */
const TypeDoctors = z.union([z.literal('all'), z.array(z.object({ doctorId: Id, minutes: Minutes.optional() })).max(1000)])

const typeRules = {
	minutes: Minutes,
	bufferMinutes: z.number().int().min(0).max(120).meta({ description: 'Kept free after a visit. Shown to staff only.' }),
	minNoticeMinutes: z
		.number()
		.int()
		.min(0)
		.max(90 * dayMinutes)
		.meta({ description: 'How long before its start patients must book. Staff may book at any time.' }),
	visibility: z.enum(['public', 'staff']).meta({ description: 'staff: only the desk and doctors see and book it.' }),
	doctors: TypeDoctors,
}

export const AppointmentType = z
	.object({
		id: Id,
		name: z.string(),
		description: z.string().optional(),
		instructions: z.string().optional().meta({ description: 'How to prepare for the visit.' }),
		...typeRules,
		maxDaysAhead: z.number().int().optional().meta({ description: 'How many days ahead patients may book.' }),
		dailyLimit: z.number().int().optional().meta({ description: 'Visits of this type a doctor and local day.' }),
		price: z.string().optional().meta({ description: 'In the clinic’s own words.', example: '€ 40' }),
		color: z.string().optional(),
		names: z.record(z.string(), z.string()).optional().meta({ description: 'The name in other languages, by BCP 47 tag.' }),
		archived: z.boolean(),
	})
	.meta({ id: 'AppointmentType' })
export type AppointmentType = z.infer<typeof AppointmentType>

const typeTexts = {
	description: Text(2000).nullish(),
	instructions: Text(2000).nullish(),
	maxDaysAhead: z.number().int().min(1).max(730).nullish(),
	dailyLimit: z.number().int().min(1).max(500).nullish(),
	price: Text(60).nullish(),
	color: z
		.string()
		.regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #0b6e4f')
		.toLowerCase()
		.nullish(),
	names: z
		.record(LanguageTag, FullName)
		.refine(names => Object.keys(names).length <= 30, 'must be at most 30 languages')
		.nullish(),
}

export const AppointmentTypeInput = z.object({
	name: FullName,
	...typeTexts,
	minutes: Minutes,
	bufferMinutes: typeRules.bufferMinutes.default(0),
	minNoticeMinutes: typeRules.minNoticeMinutes.default(0),
	visibility: typeRules.visibility.default('public'),
	doctors: TypeDoctors.default('all'),
})
export type AppointmentTypeInput = z.output<typeof AppointmentTypeInput>

export const AppointmentTypeChanges = z
	.object({ name: FullName, ...typeTexts, ...typeRules, archived: z.boolean(), position: z.number().int().min(0).max(10_000) })
	.partial()
export type AppointmentTypeChanges = z.output<typeof AppointmentTypeChanges>

/** In the order in which a new clinic takes them. */
export const setupSteps = ['clinic', 'sites', 'types', 'doctors', 'hours', 'reception', 'closures', 'booking'] as const
export const SetupStep = z.object({ id: z.enum(setupSteps), done: z.boolean() }).meta({ id: 'SetupStep' })
export type SetupStep = z.infer<typeof SetupStep>

/** A PNG, JPEG or WebP picture, judged by its bytes. */
export const maxPictureBytes = 256 * 1024

const tag = 'Clinic'
const withArchived = { archived: z.enum(['true', 'false']).optional().meta({ description: 'true: archived ones, too.' }) }

export const clinicEndpoints = {
	getClinic: endpoint({
		method: 'get',
		path: '/clinic',
		tag,
		summary: 'Who the clinic is, how to reach it, and its policies.',
		access: 'anyone',
		response: Clinic,
	}),
	updateClinic: endpoint({
		method: 'patch',
		path: '/clinic',
		tag,
		summary: 'Change what is named; null removes.',
		access: ['admin'],
		body: ClinicChanges,
		response: Clinic,
	}),
	getLogo: endpoint({
		method: 'get',
		path: '/clinic/logo',
		tag,
		summary: 'The clinic’s logo.',
		access: 'anyone',
		isLong: true,
		query: z.object({ v: z.string().max(64).optional() }),
		response: z.custom<Uint8Array>(),
		contentType: 'image/*',
		refusals: ['not_found'],
	}),
	putLogo: endpoint({
		method: 'put',
		path: '/clinic/logo',
		tag,
		summary: 'Replace the logo: the body is a PNG, JPEG or WebP picture.',
		access: ['admin'],
		maxFileBytes: maxPictureBytes,
		refusals: ['unsupported_picture', 'payload_too_large'],
	}),
	removeLogo: endpoint({ method: 'delete', path: '/clinic/logo', tag, summary: 'Remove the logo.', access: ['admin'] }),
	listSites: endpoint({
		method: 'get',
		path: '/sites',
		tag,
		summary: 'Places where the clinic receives patients, by name.',
		access: 'anyone',
		query: PageQuery.extend({ ...withArchived, q: z.string().trim().max(100).optional() }),
		response: pageOf(Site),
	}),
	createSite: endpoint({
		method: 'post',
		path: '/sites',
		tag,
		summary: 'Open a site.',
		access: ['admin'],
		body: SiteInput,
		status: 201,
		response: Site,
	}),
	updateSite: endpoint({
		method: 'patch',
		path: '/sites/:id',
		tag,
		summary: 'Change what is named; null removes. A site that future appointments need is not archived, and keeps its time zone.',
		access: ['admin'],
		params: IdParams,
		body: SiteChanges,
		response: Site,
		refusals: ['not_found', 'in_use'],
	}),
	listAppointmentTypes: endpoint({
		method: 'get',
		path: '/appointment-types',
		tag,
		summary: 'Kinds of appointment, those of one doctor with that doctor’s minutes. Staff and doctors see those that are not public, too.',
		access: 'anyone',
		query: PageQuery.extend({
			doctorId: Id.optional(),
			q: z.string().trim().max(100).optional(),
			limit: PageQuery.shape.limit.unwrap().default(200),
			...withArchived,
		}),
		response: pageOf(AppointmentType),
	}),
	createAppointmentType: endpoint({
		method: 'post',
		path: '/appointment-types',
		tag,
		summary: 'Offer another kind of appointment.',
		access: ['admin'],
		body: AppointmentTypeInput,
		status: 201,
		response: AppointmentType,
	}),
	updateAppointmentType: endpoint({
		method: 'patch',
		path: '/appointment-types/:id',
		tag,
		summary: 'Change what is named; null removes. Visits that are booked keep their times. One that future visits need is not archived.',
		access: ['admin'],
		params: IdParams,
		body: AppointmentTypeChanges,
		response: AppointmentType,
		refusals: ['not_found', 'in_use'],
	}),
	getSetup: endpoint({
		method: 'get',
		path: '/setup',
		tag,
		summary: 'What a new clinic has set up and what is still to be done, in order.',
		access: ['admin'],
		response: z.object({ steps: z.array(SetupStep) }),
	}),
	invite: endpoint({
		method: 'post',
		path: '/admin/invitations',
		tag: 'Admin',
		summary:
			'Create an account, and mail its owner a link that sets the password, once, within 7 days. Again for the same address: another link.',
		access: ['admin'],
		body: z.object({ email: Email, fullName: FullName, role: Role, specialty: Text(80).optional(), timeZone: TimeZone.optional() }),
		status: 201,
		response: User,
		refusals: ['email_taken'],
	}),
}
