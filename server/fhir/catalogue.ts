import {
	type AppointmentStatus,
	type AppointmentType,
	type Clinic,
	type Doctor,
	endpoints,
	maxRangeDays,
	type Patient,
	type Site,
	type Slot,
} from '../../contract/index.ts'
import type { AppointmentSearch, FoundAppointments } from '../booking/appointments.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { encodeCursor } from '../platform/database/cursors.ts'
import type { NoteAccess } from '../platform/http/routes.ts'
import { Refusal } from '../platform/refusal.ts'
import { parseSlotId } from '../slots/slot-id.ts'
import type { Ask } from './ask.ts'
import type { Directory } from './directory.ts'
import type { ExternalIdentifiers } from './identifiers.ts'
import { FhirRefusal } from './outcome.ts'
import { parseProposal } from './proposals.ts'
import type { Resource } from './resource.ts'
import * as as from './resources.ts'
import { type Guest, needs, type Right } from './rights.ts'
import {
	boundsOf,
	type Criterion,
	type Found,
	idsOf,
	type Key,
	matches,
	type Params,
	pageOf,
	type Query,
	readCursor,
	readDate,
} from './search.ts'

/** One request, with all that answering it needs. */
export type Visit = {
	guest: Guest | null
	origin: Origin
	directory: Directory
	/** The address of this door, without a slash at its end. */
	base: string
	deps: CatalogueDeps
}

export type SpentKey = { key: string; appointmentId: string | null; status: string | null }

export type CatalogueDeps = {
	ask: Ask
	searchAppointments: (actor: Actor, search: AppointmentSearch) => Promise<FoundAppointments>
	identifiers: ExternalIdentifiers
	readProposal: (visit: Visit, id: string) => Promise<Resource>
	noteAccess: NoteAccess
	/** What the keys of a client that begin so have come to. */
	spentKeys: (by: string, beginning: string) => Promise<SpentKey[]>
	nowMs: () => number
}

/** One type of resource, as it is served. The CapabilityStatement lists what stands here, and nothing else. */
export type Kind = {
	/** Undefined for what anyone may read. */
	rights?: { read: Right; search: Right }
	params: Record<string, { type: string; documentation?: string }>
	/** The references that `_include` follows, by its parameter. */
	includes: Record<string, (resource: Resource) => string[]>
	read(visit: Visit, id: string): Promise<Resource>
	search(visit: Visit, query: Query): Promise<Found>
}

const specialtyParam: Params<Doctor>[string] = {
	type: 'token',
	of: ({ specialty, specialtyCode }) => [specialty, ...(specialtyCode ? [{ system: as.nucc, code: specialtyCode }] : [])],
}

export const kinds: Record<string, Kind> = {
	Practitioner: listed<Doctor>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			active: { type: 'token', of: () => ['true'] },
			name: { type: 'string', of: ({ fullName, title }) => [fullName, title] },
			communication: { type: 'token', of: ({ languages = [] }) => languages.map(code => ({ system: 'urn:ietf:bcp:47', code })) },
		},
		load: ({ directory }) => directory.doctors(),
		keyOf: ({ id }) => [0, id],
		resourceOf: async doctor => as.practitioner(doctor),
	}),
	PractitionerRole: listed<Doctor>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			active: { type: 'token', of: () => ['true'] },
			practitioner: { type: 'reference', targets: ['Practitioner'], of: ({ id }) => [`Practitioner/${id}`] },
			location: { type: 'reference', targets: ['Location'], of: ({ siteIds }) => siteIds.map(id => `Location/${id}`) },
			organization: { type: 'reference', targets: ['Organization'], of: () => ['Organization/clinic'] },
			specialty: specialtyParam,
		},
		includes: {
			practitioner: ({ practitioner }) => [practitioner.reference],
			location: ({ location = [] }) => location.map(referenceOf),
			service: ({ healthcareService = [] }) => healthcareService.map(referenceOf),
			organization: ({ organization }) => [organization.reference],
		},
		load: ({ directory }) => directory.doctors(),
		keyOf: ({ id }) => [0, id],
		async resourceOf(doctor, { directory, deps }) {
			const today = new Date(deps.nowMs()).toISOString().slice(0, 10)
			const [plans, services] = await Promise.all([directory.plansOf(doctor.id), directory.typesOf(doctor.id)])
			const inForce = plans.find(({ validFrom, validUntil }) => validFrom <= today && (!validUntil || validUntil >= today))
			return as.practitionerRole(doctor, inForce, services)
		},
	}),
	Schedule: listed<Doctor>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			active: { type: 'token', of: () => ['true'] },
			actor: {
				type: 'reference',
				targets: ['Practitioner', 'PractitionerRole', 'Location'],
				of: ({ id, siteIds }) => [`Practitioner/${id}`, `PractitionerRole/${id}`, ...siteIds.map(siteId => `Location/${siteId}`)],
			},
			specialty: specialtyParam,
		},
		includes: { actor: ({ actor }) => actor.map(referenceOf) },
		load: ({ directory }) => directory.doctors(),
		keyOf: ({ id }) => [0, id],
		resourceOf: async (doctor, { directory, base }) => as.schedule(doctor, await directory.typesOf(doctor.id), base),
	}),
	Slot: listed<Slot>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			schedule: { type: 'reference', targets: ['Schedule'], of: ({ doctorId }) => [`Schedule/${doctorId}`] },
			'schedule.actor': {
				type: 'reference',
				targets: ['Practitioner', 'PractitionerRole'],
				of: ({ doctorId }) => [`Practitioner/${doctorId}`, `PractitionerRole/${doctorId}`],
			},
			status: { type: 'token', of: ({ state }) => [as.slotStatus[state]] },
			start: {
				type: 'date',
				of: ({ startsAt }) => Date.parse(startsAt),
				documentation: `From today when it has no beginning, ${maxRangeDays} days from there when it has no end.`,
			},
		},
		includes: { schedule: ({ schedule }) => [schedule.reference] },
		load: loadSlots,
		keyOf: ({ startsAt, id }) => [Date.parse(startsAt), id],
		resourceOf: async slot => as.slot(slot),
		async loadOne(id, { deps, origin }) {
			const ref = parseSlotId(id)
			if (!ref) return undefined
			const day = (days: number) => dateOf(ref.startMinute * 60_000 + days * dayMs)
			const asked = { params: { id: ref.doctorId }, query: { from: day(-1), to: day(1) } }
			const { slots } = await deps.ask(endpoints.listSlots, { actor: null, origin }, asked)
			return slots.find(slot => slot.id === id)
		},
	}),
	Location: listed<Site>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			name: { type: 'string', of: ({ name }) => [name] },
			status: { type: 'token', of: ({ archived }) => [archived ? 'inactive' : 'active'] },
			organization: { type: 'reference', targets: ['Organization'], of: () => ['Organization/clinic'] },
			address: { type: 'string', of: ({ address }) => (address ? [address.line, address.city, address.postalCode, address.country] : []) },
			'address-city': { type: 'string', of: ({ address }) => [address?.city] },
			'address-postalcode': { type: 'string', of: ({ address }) => [address?.postalCode] },
		},
		includes: { organization: ({ managingOrganization }) => [managingOrganization.reference] },
		load: ({ directory }) => directory.sites(),
		keyOf: ({ id }) => [0, id],
		resourceOf: async (site, { directory }) => as.location(site, await directory.clinic()),
	}),
	HealthcareService: listed<AppointmentType>({
		params: {
			_id: { type: 'token', of: ({ id }) => [id] },
			active: { type: 'token', of: ({ archived }) => [String(!archived)] },
			name: { type: 'string', of: ({ name, names }) => [name, ...Object.values(names ?? {})] },
			organization: { type: 'reference', targets: ['Organization'], of: () => ['Organization/clinic'] },
		},
		includes: { organization: ({ providedBy }) => [providedBy.reference] },
		load: ({ directory }) => directory.types(),
		keyOf: ({ id }) => [0, id],
		resourceOf: async (type, { base }) => as.healthcareService(type, base),
	}),
	Organization: listed<Clinic>({
		params: {
			_id: { type: 'token', of: () => ['clinic'] },
			name: { type: 'string', of: ({ name }) => [name] },
		},
		load: async ({ directory }) => [await directory.clinic()],
		keyOf: () => [0, 'clinic'],
		resourceOf: async clinic => as.organization(clinic),
	}),
	Appointment: {
		rights: { read: 'Appointment.r', search: 'Appointment.s' },
		params: {
			_id: { type: 'token' },
			identifier: { type: 'token' },
			patient: { type: 'reference' },
			'patient.identifier': { type: 'token' },
			practitioner: { type: 'reference' },
			actor: { type: 'reference' },
			location: { type: 'reference' },
			date: { type: 'date' },
			status: { type: 'token' },
			'service-type': { type: 'token' },
			specialty: { type: 'token' },
			slot: { type: 'reference' },
		},
		includes: {
			patient: resource => participants(resource, 'Patient'),
			practitioner: resource => participants(resource, 'Practitioner'),
			location: resource => participants(resource, 'Location'),
			actor: resource => participants(resource, ''),
			slot: ({ slot = [] }) => slot.map(referenceOf),
		},
		read: readAppointment,
		search: searchAppointments,
	},
	Patient: {
		rights: { read: 'Patient.r', search: 'Patient.s' },
		params: {
			_id: { type: 'token' },
			identifier: { type: 'token' },
			name: { type: 'string' },
			family: { type: 'string' },
			given: { type: 'string' },
			phone: { type: 'token' },
			email: { type: 'token' },
			telecom: { type: 'token' },
			birthdate: { type: 'date' },
		},
		includes: {},
		read: readPatient,
		search: searchPatients,
	},
}

const dayMs = 86_400_000
const referenceOf = ({ reference }: { reference: string }) => reference
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const participants = ({ participant = [] }: Resource, type: string) =>
	participant.map(({ actor }: { actor: { reference: string } }) => actor.reference).filter((text: string) => text.startsWith(type))

type Listed<T> = {
	params: Params<T>
	includes?: Kind['includes']
	load(visit: Visit, criteria: readonly Criterion[]): Promise<T[]>
	/** By default, the one of `load` with the id. */
	loadOne?(id: string, visit: Visit): Promise<T | undefined>
	keyOf(thing: T): Key
	resourceOf(thing: T, visit: Visit): Promise<Resource>
}

/** A type of which a clinic has so few that they are searched in memory. */
function listed<T>({ params, includes = {}, load, loadOne, keyOf, resourceOf }: Listed<T>): Kind {
	return {
		params,
		includes,
		async read(visit, id) {
			const thing = loadOne ? await loadOne(id, visit) : (await load(visit, [])).find(each => keyOf(each)[1] === id)
			if (!thing) throw new Refusal('not_found')
			return await resourceOf(thing, visit)
		},
		async search(visit, query) {
			const { timeZone } = await visit.directory.clinic()
			const found = (await load(visit, query.criteria)).filter(thing => matches(thing, params, query.criteria, timeZone))
			const { items, next } = pageOf(found, keyOf, query)
			const resources = query.isCount ? [] : await Promise.all(items.map(thing => resourceOf(thing, visit)))
			return { total: found.length, resources, next: query.isCount ? undefined : next }
		},
	}
}

/** How many calendars of six weeks one search may read. */
const maxCalendars = 300

/** @throws FhirRefusal too-costly */
async function loadSlots({ directory, deps, origin }: Visit, criteria: readonly Criterion[]): Promise<Slot[]> {
	const { timeZone } = await directory.clinic()
	const { fromMs, untilMs } = boundsOf(criteria, 'start', timeZone)
	const firstMs = Number.isFinite(fromMs) ? fromMs : Math.min(deps.nowMs(), untilMs)
	const lastMs = Number.isFinite(untilMs) ? untilMs : firstMs + maxRangeDays * dayMs
	if (lastMs <= firstMs && Number.isFinite(fromMs)) return []
	// A day more on both sides, because doctors' days begin earlier and later than those of UTC.
	const windows = windowsOf(firstMs - dayMs, lastMs + dayMs)
	const asked = idsOf(criteria, ['schedule'], 'Schedule')
	const byActor = idsOf(criteria, ['schedule.actor'], 'Practitioner') ?? idsOf(criteria, ['schedule.actor'], 'PractitionerRole')
	const ids = idsOf(criteria, ['_id'], 'Slot')?.map(id => parseSlotId(id)?.doctorId)
	const doctors = (await directory.doctors()).filter(
		({ id }) => (!asked || asked.includes(id)) && (!byActor || byActor.includes(id)) && (!ids || ids.includes(id)),
	)
	if (doctors.length * windows.length > maxCalendars)
		throw new FhirRefusal(400, 'too-costly', 'invalid_input', 'Ask for fewer days or name a schedule')
	const found: Slot[][] = []
	for (const { id } of doctors)
		for (const query of windows) {
			const { slots } = await deps.ask(endpoints.listSlots, { actor: null, origin }, { params: { id }, query })
			found.push(slots.filter(({ startsAt }) => Date.parse(startsAt) >= firstMs && Date.parse(startsAt) < lastMs))
		}
	return found.flat()
}

/** Spans of dates that one question to a calendar may have. */
export function windowsOf(fromMs: number, untilMs: number): { from: string; to: string }[] {
	const windows = []
	const last = dateOf(untilMs)
	for (let ms = fromMs; dateOf(ms) <= last && windows.length <= maxCalendars; ms += maxRangeDays * dayMs) {
		const end = dateOf(ms + (maxRangeDays - 1) * dayMs)
		windows.push({ from: dateOf(ms), to: end < last ? end : last })
	}
	return windows
}

async function readAppointment(visit: Visit, id: string): Promise<Resource> {
	const { deps, origin } = visit
	const { actor } = needs(visit.guest, 'Appointment.r')
	if (parseProposal(id)) return await deps.readProposal(visit, id)
	await deps.ask(endpoints.getAppointment, { actor, origin }, { params: { id } })
	const [resource] = (await appointmentsWith(visit, { ids: [id], count: 1 })).resources
	if (!resource) throw new Refusal('not_found')
	return resource
}

/** Appointments as resources, with what they name. */
export async function appointmentsWith(visit: Visit, search: AppointmentSearch): Promise<FoundAppointments & { resources: Resource[] }> {
	const { deps, directory, base, guest } = visit
	const found = await deps.searchAppointments((guest as Guest).actor, search)
	const identifiers = await deps.identifiers.of(
		'appointment_id',
		found.items.map(({ visit: { id } }) => id),
	)
	const resources = found.items.map(async ({ visit: shown, siteId }) => {
		const { doctorName, typeName } = await directory.namesFor(shown)
		return as.appointment(shown, identifiers.get(shown.id) ?? [], { doctorName: shown.doctorName ?? doctorName, typeName, siteId, base })
	})
	return { ...found, resources: await Promise.all(resources) }
}

const statusesOf: Record<string, AppointmentStatus[]> = {
	booked: ['booked'],
	'checked-in': ['checked_in'],
	arrived: ['checked_in'],
	fulfilled: ['in_progress', 'completed'],
	noshow: ['no_show'],
	cancelled: ['cancelled'],
}

async function searchAppointments(visit: Visit, query: Query): Promise<Found> {
	const { deps, directory, base, origin } = visit
	const { actor } = needs(visit.guest, 'Appointment.s')
	const { criteria } = query
	const { timeZone } = await directory.clinic()
	for (const criterion of criteria) checkAppointmentCriterion(criterion, timeZone)
	const { fromMs, untilMs } = boundsOf(criteria, 'date', timeZone)
	const ids = bothOf(idsOf(criteria, ['_id'], 'Appointment'), await byIdentifier(visit, 'appointment_id', criteria, 'identifier'))
	const patientIds = bothOf(
		bothOf(idsOf(criteria, ['patient'], 'Patient'), actorsOf(criteria, 'Patient')),
		await byIdentifier(visit, 'patient_id', criteria, 'patient.identifier'),
	)
	const specialties = criteria.filter(({ name }) => name === 'specialty')
	const ofSpecialty = specialties.length
		? (await directory.doctors())
				.filter(doctor => matches(doctor, { specialty: specialtyParam }, specialties, timeZone))
				.map(({ id }) => id)
		: undefined
	const doctorIds = bothOf(bothOf(idsOf(criteria, ['practitioner'], 'Practitioner'), actorsOf(criteria, 'Practitioner')), ofSpecialty)
	const siteIds = bothOf(idsOf(criteria, ['location'], 'Location'), actorsOf(criteria, 'Location'))
	const statuses = listOf(criteria, 'status')?.flatMap(code => statusesOf[code] ?? [])
	const system = as.appointmentTypeSystem(base)
	const typeIds = listOf(criteria, 'service-type')?.map(text => (text.startsWith(`${system}|`) ? text.slice(system.length + 1) : text))
	const slots = idsOf(criteria, ['slot'], 'Slot')?.flatMap(id => parseSlotId(id) ?? [])
	const after = query.page === undefined ? undefined : readCursor(query.page)
	const found = await appointmentsWith(visit, {
		ids,
		patientIds,
		doctorIds,
		siteIds,
		typeIds,
		statuses,
		slots,
		...(Number.isFinite(fromMs) && { fromMs }),
		...(Number.isFinite(untilMs) && { untilMs }),
		count: query.isCount ? 0 : query.count,
		...(after && { after: { startMs: after[0], id: after[1] } }),
	})
	// The contract records what is read through it; this search asks the domain itself.
	deps.noteAccess({ actor, origin, action: 'listed', entity: 'appointment', details: { shown: found.items.length } })
	const last = found.items.at(-1)?.visit
	return {
		total: found.total,
		resources: found.resources,
		next: found.hasMore && last && !query.isCount ? encodeCursor([Date.parse(last.startsAt), last.id]) : undefined,
	}
}

function checkAppointmentCriterion({ name, modifier, values, text }: Criterion, zone: string) {
	const refuse = (message: string) => new FhirRefusal(400, 'not-supported', 'invalid_input', message)
	const takesType = ['patient', 'practitioner', 'actor', 'location', 'slot'].includes(name)
	if (modifier !== undefined && !(takesType && /^[A-Z]/.test(modifier))) throw refuse(`${name} does not take :${modifier.slice(0, 20)}`)
	if (name !== 'date') return
	if (values.length > 1 || text.startsWith('ne')) throw refuse('date takes one span, from and to, by repeating it')
	readDate(text, zone)
}

const actorsOf = (criteria: readonly Criterion[], type: string) => {
	const named = criteria.filter(({ name, values }) => name === 'actor' && values.some(value => value.includes(`${type}/`)))
	return named.length > 0 ? idsOf(named, ['actor'], type) : undefined
}

const listOf = (criteria: readonly Criterion[], wanted: string) => {
	const named = criteria.filter(({ name }) => name === wanted)
	return named.length > 0 ? named.map(({ values }) => values).reduce((a, b) => a.filter(value => b.includes(value))) : undefined
}

const bothOf = (a: string[] | undefined, b: string[] | undefined) => (a && b ? a.filter(id => b.includes(id)) : (a ?? b))

async function byIdentifier({ deps }: Visit, owner: 'patient_id' | 'appointment_id', criteria: readonly Criterion[], wanted: string) {
	let ids: string[] | undefined
	for (const { name, values } of criteria) if (name === wanted) ids = bothOf(ids, await deps.identifiers.idsWith(owner, values))
	return ids
}

async function readPatient(visit: Visit, id: string): Promise<Resource> {
	const { actor } = needs(visit.guest, 'Patient.r')
	return await patientResource(visit, actor, id)
}

export async function patientResource({ deps, origin }: Visit, actor: Actor, id: string): Promise<Resource> {
	const found = await deps.ask(endpoints.getPatient, { actor, origin }, { params: { id } })
	return as.patient(found, (await deps.identifiers.of('patient_id', [id])).get(id) ?? [])
}

const patientParams: Params<Patient> = {
	_id: { type: 'token', of: ({ id }) => [id] },
	name: { type: 'string', of: ({ fullName }) => [fullName] },
	family: { type: 'string', of: ({ fullName }) => [fullName] },
	given: { type: 'string', of: ({ fullName }) => [fullName] },
	email: { type: 'token', of: ({ email }) => [email] },
	birthdate: { type: 'date', of: ({ birthDate }) => (birthDate ? Date.parse(birthDate) : Number.NaN) },
}

/** How many files a search may read. */
const maxPatients = 2000

/** @throws FhirRefusal too-costly */
async function searchPatients(visit: Visit, query: Query): Promise<Found> {
	const { deps, origin } = visit
	const { actor } = needs(visit.guest, 'Patient.s')
	const ids = bothOf(idsOf(query.criteria, ['_id'], 'Patient'), await byIdentifier(visit, 'patient_id', query.criteria, 'identifier'))
	const reader = { actor, origin }
	const found: Patient[] = []
	if (ids) {
		for (const id of ids) {
			const one = await deps.ask(endpoints.getPatient, reader, { params: { id } }).catch(unlessUnknown)
			if (one) found.push(one)
		}
	} else {
		const phones = query.criteria.find(({ name }) => name === 'phone' || name === 'telecom')
		const words = query.criteria.find(({ name }) => ['name', 'family', 'given', 'email'].includes(name))
		// The longest word is looked for; everything else narrows what was found.
		const q = (phones ?? (words?.values.length === 1 ? words : undefined))?.values[0]?.slice(0, 100)
		for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
			const page: { items: Patient[]; nextCursor: string | null } = await deps.ask(endpoints.findPatients, reader, {
				query: { limit: 200, ...(q && { q }), ...(cursor && { cursor }) },
			})
			found.push(...page.items)
			cursor = page.nextCursor
			if (cursor !== null && found.length >= maxPatients)
				throw new FhirRefusal(400, 'too-costly', 'invalid_input', 'Say more about the patient')
		}
	}
	const params: Params<Patient> = { ...patientParams, phone: phoneParam, telecom: telecomParam }
	const narrowed = found.filter(patient => matches(normal(patient), params, query.criteria.map(normalCriterion), 'UTC'))
	const { items, next } = pageOf(narrowed, ({ id }) => [0, id], query)
	if (query.isCount) return { total: narrowed.length, resources: [], next: undefined }
	const identifiers = await deps.identifiers.of(
		'patient_id',
		items.map(({ id }) => id),
	)
	return { total: narrowed.length, resources: items.map(each => as.patient(each, identifiers.get(each.id) ?? [])), next }
}

const digits = (text: string | undefined) => text?.replace(/[^0-9]/g, '')
const phoneParam: Params<Patient>[string] = { type: 'token', of: ({ phone }) => [digits(phone)] }
const telecomParam: Params<Patient>[string] = { type: 'token', of: ({ phone, email }) => [digits(phone), email] }
const normal = (patient: Patient): Patient => ({ ...patient, ...(patient.email && { email: patient.email.toLowerCase() }) })

function normalCriterion(criterion: Criterion): Criterion {
	if (criterion.name === 'email') return { ...criterion, values: criterion.values.map(value => value.toLowerCase()) }
	if (criterion.name !== 'phone' && criterion.name !== 'telecom') return criterion
	return { ...criterion, values: criterion.values.map(value => (value.includes('@') ? value.toLowerCase() : (digits(value) ?? ''))) }
}

function unlessUnknown(error: unknown): undefined {
	if (error instanceof Refusal && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined
	throw error
}
