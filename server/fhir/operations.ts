import { createHash } from 'node:crypto'
import { type Appointment, type AppointmentType, endpoints } from '../../contract/index.ts'
import type { Db } from '../platform/database/database.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { appointmentsWith, patientResource, type SpentKey, type Visit, windowsOf } from './catalogue.ts'
import { FhirRefusal, information } from './outcome.ts'
import { type Proposal, parseProposal, proposalId } from './proposals.ts'
import type { Resource } from './resource.ts'
import * as as from './resources.ts'
import { needs, withScopes } from './rights.ts'
import { type Key, pageOf, type Query, readDate, searchset } from './search.ts'

// IHE ITI Scheduling: Find Potential Appointments (ITI-115), Hold Appointment (ITI-116), Book Appointment (ITI-117).

export type OperationAnswer = { resource: Resource; status?: number; headers?: Record<string, string> }

const dayMs = 86_400_000
/** The span of a search that names no end. */
const defaultDays = 14
const maxDays = 62
/** How many questions a search may ask of the calendar: kinds of visit, times specialties, times sites. */
const maxQuestions = 60

export type FindParams = { name: string; value: string }[]

/** `$find`: times that can be booked, without those that are held. @throws Refusal, FhirRefusal */
export async function find(visit: Visit, params: FindParams, query: Query): Promise<OperationAnswer> {
	const { guest, origin, directory, deps, base } = visit
	const { actor } = needs(guest, 'Appointment.s', 'Slot.s')
	const { timeZone } = await directory.clinic()
	const valuesOf = (...names: string[]) => {
		const values = params.filter(({ name }) => names.includes(name)).flatMap(({ value }) => value.split(','))
		return values.length > 0 ? values : undefined
	}
	const fromMs = Math.max(instantOf('start', timeZone) ?? deps.nowMs(), deps.nowMs() - dayMs)
	const untilMs = instantOf('end', timeZone) ?? fromMs + defaultDays * dayMs
	const asksInOrder = (instantOf('start', timeZone) ?? Number.NEGATIVE_INFINITY) < untilMs
	if (!asksInOrder) throw invalidInput('end', 'must be after start')
	if (untilMs - fromMs > maxDays * dayMs) throw invalidInput('end', `must be at most ${maxDays} days after start`)

	const [types, doctors, sites] = await Promise.all([directory.types(), directory.doctors(), directory.sites()])
	const kinds = kindsAsked(types, valuesOf('visit-type'), base)
	const practitioners = valuesOf('practitioner')?.map(idIn('Practitioner', 'PractitionerRole'))
	const doctorIds = practitioners && doctors.map(({ id }) => id).filter(id => practitioners.includes(id))
	const places = valuesOf('location-reference', 'location')?.map(idIn('Location'))
	const placeNames = valuesOf('location-string')?.map(text => text.toLowerCase())
	const siteIds =
		places || placeNames
			? sites
					.filter(
						({ id, name }) =>
							(!places || places.includes(id)) && (!placeNames || placeNames.some(text => name.toLowerCase().includes(text))),
					)
					.map(({ id }) => id)
			: undefined
	const isOurs = valuesOf('organization')?.some(text => /(^|\/)clinic$/.test(text)) ?? true
	const specialties = valuesOf('specialty')?.map(text => text.split('|').at(-1) as string)
	const patientId = valuesOf('patient-reference')?.map(idIn('Patient'))[0]

	const found = new Map<string, Found>()
	const isPossible = isOurs && untilMs > fromMs && doctorIds?.length !== 0 && siteIds?.length !== 0
	if (isPossible) {
		const questions = kinds.flatMap(type =>
			(siteIds ?? [undefined]).flatMap(siteId => (specialties ?? [undefined]).map(specialty => ({ type, siteId, specialty }))),
		)
		if (questions.length > maxQuestions)
			throw new FhirRefusal(400, 'too-costly', 'invalid_input', 'Ask for fewer kinds, places or specialties')
		for (const { type, siteId, specialty } of questions) {
			const asked = {
				typeId: type.id,
				...(siteId && { siteId }),
				...(specialty && { specialty: specialty.slice(0, 100) }),
				...(doctorIds && { doctorIds: doctorIds.slice(0, 50).join(',') }),
			}
			const reader = { actor: withScopes(actor, 'calendar:read'), origin }
			const answers = await Promise.all(
				windowsOf(fromMs - dayMs, untilMs + dayMs).map(span =>
					deps.ask(endpoints.listAvailability, reader, { query: { ...asked, ...span } }),
				),
			)
			for (const { startsAt, endsAt, doctorIds: by, slotIds } of answers.flatMap(({ days }) => days.flatMap(({ times }) => times))) {
				const atMs = Date.parse(startsAt)
				if (atMs < fromMs || atMs >= untilMs) continue
				by.forEach((doctorId, index) => {
					const slotId = slotIds[index] as string
					const id = proposalId(slotId, type.id)
					found.set(id, { id, atMs, startsAt, endsAt, slotId, doctorId, type, siteId })
				})
			}
		}
	}
	const { items, next } = pageOf([...found.values()], ({ atMs, id }): Key => [atMs, id], query)
	const nameOf = new Map(doctors.map(doctor => [doctor.id, doctor]))
	const resources = items.map(({ type, siteId, ...time }) =>
		as.proposal(
			{ ...time, status: 'proposed', typeId: type.id, patientId },
			{ doctorName: nameOf.get(time.doctorId)?.fullName, typeName: type.name, siteId: siteId ?? onlySite(nameOf.get(time.doctorId)), base },
		),
	)
	const outcome = found.size === 0 ? information('No appointment is free for what was asked') : undefined
	// The next page is asked for by its address alone, also when the parameters came in a body.
	const linked = {
		...query,
		used: [...params.map(({ name, value }): [string, string] => [name, value]), ['_count', String(query.count)]] as [string, string][],
	}
	const bundle = searchset(
		`${base}/Appointment/$find`,
		linked,
		{ total: found.size, resources, next },
		{
			included: [],
			outcome,
			fullUrl: ({ id }) => `${base}/Appointment/${id}`,
		},
	)
	return { resource: bundle }

	function instantOf(name: string, zone: string): number | undefined {
		const [text] = params.filter(param => param.name === name).map(({ value }) => value)
		if (text === undefined) return undefined
		const span = readDate(text, zone)
		// An end that is a date means its whole day.
		return name === 'end' && text.length === 10 ? span.untilMs : span.fromMs
	}
}

type Found = {
	id: string
	atMs: number
	startsAt: string
	endsAt: string
	slotId: string
	doctorId: string
	type: AppointmentType
	siteId: string | undefined
}

const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const onlySite = (doctor: { siteIds: string[] } | undefined) => (doctor?.siteIds.length === 1 ? doctor.siteIds[0] : undefined)

/** The id in a reference to one of the types; the text itself when it is an id already. */
const idIn =
	(...types: string[]) =>
	(text: string): string => {
		const parts = text.split('/')
		return parts.length === 1 ? text : types.includes(parts.at(-2) as string) ? (parts.at(-1) as string) : ''
	}

/** Kinds by id, by our own code, or by name; all without a wish. */
function kindsAsked(types: readonly AppointmentType[], asked: readonly string[] | undefined, base: string): AppointmentType[] {
	const open = types.filter(({ archived }) => !archived)
	if (!asked) return open
	const system = as.appointmentTypeSystem(base)
	return open.filter(({ id, name }) =>
		asked.some(text => text === id || text === `${system}|${id}` || text.toLowerCase() === name.toLowerCase()),
	)
}

/** The parameters of `$find` in a Parameters resource, as an address would have them. */
export function flatten(parameters: Resource): FindParams {
	const list: unknown = parameters.parameter
	if (parameters.resourceType !== 'Parameters' || (list !== undefined && !Array.isArray(list)))
		throw invalidInput('resourceType', 'must be Parameters')
	return ((list ?? []) as Record<string, any>[]).flatMap(({ name, ...of }) => {
		const [value] = Object.entries(of)
			.filter(([key]) => key.startsWith('value'))
			.map(([, each]) => each)
		if (typeof name !== 'string' || value === undefined) return []
		const text = textOf(value)
		return text === undefined ? [] : [{ name: name.slice(0, 60), value: text.slice(0, 500) }]
	})
}

function textOf(value: any): string | undefined {
	if (typeof value === 'string') return value
	if (typeof value === 'number') return String(value)
	if (typeof value !== 'object' || value === null) return undefined
	if (typeof value.reference === 'string') return value.reference
	const coding = value.coding?.[0] ?? (value.code ? value : undefined)
	if (typeof coding?.code === 'string') return typeof coding.system === 'string' ? `${coding.system}|${coding.code}` : coding.code
	const identifier = value.identifier ?? value
	if (typeof identifier?.value === 'string') return `${typeof identifier.system === 'string' ? identifier.system : ''}|${identifier.value}`
	return typeof value.text === 'string' ? value.text : undefined
}

/** A proposal by its id: `proposed` while it is free, `pending` for its holder. @throws Refusal not_found otherwise */
export async function readProposal(visit: Visit, id: string): Promise<Resource> {
	const { guest, origin, directory, deps, base } = visit
	const { actor } = needs(guest, 'Appointment.r', 'Appointment.c', 'Appointment.u')
	const proposal = parseProposal(id)
	if (!proposal) throw new Refusal('not_found')
	const { doctorId, slotId, typeId, startMinute } = proposal
	const reader = { actor: withScopes(actor, 'calendar:read'), origin }
	const [from, to] = [dateOf(startMinute * 60_000 - dayMs), dateOf(startMinute * 60_000 + dayMs)]
	const [{ days }, { slots }] = await Promise.all([
		deps.ask(endpoints.listAvailability, reader, { query: { typeId, from, to, doctorIds: doctorId } }),
		deps.ask(endpoints.listSlots, reader, { params: { id: doctorId }, query: { from, to } }),
	])
	const time = days.flatMap(({ times }) => times).find(({ slotIds }) => slotIds.includes(slotId))
	if (!time) throw new Refusal('not_found')
	const held = slots.find(slot => slot.id === slotId && slot.heldByMe)
	const names = await directory.namesFor(proposal)
	const doctor = (await directory.doctors()).find(each => each.id === doctorId)
	return as.proposal(
		{ id, ...proposal, startsAt: time.startsAt, endsAt: time.endsAt, status: held ? 'pending' : 'proposed', heldUntil: held?.heldUntil },
		{ ...names, siteId: onlySite(doctor), base },
	)
}

/** `$hold`: a hold of the program's own account. @throws Refusal, whose OperationOutcome says `not-found` where the time is gone */
export async function hold(visit: Visit, parameters: Resource): Promise<OperationAnswer> {
	const { guest, origin, deps } = visit
	const { actor } = needs(guest, 'Appointment.c')
	const proposal = parseProposal(referenceIn(parameters) ?? '')
	if (!proposal) throw invalidInput('appointment-reference', 'must name a proposed appointment, as $find returns them')
	const { slotId, typeId } = proposal
	const held = await deps.ask(endpoints.placeHold, { actor, origin }, { params: { id: slotId }, body: { typeId } })
	const appointment = await readProposal(visit, proposalId(slotId, typeId))
	const text = `Held until ${held.expiresAt}. Hold it again to renew it, or book it.`
	return {
		resource: bundleOf(visit, { ...appointment, status: 'pending' }, information(text)),
		headers: { Expires: new Date(held.expiresAt).toUTCString() },
	}
}

/** A Bundle with what an operation made, and what there is to say about it. */
export function bundleOf({ base }: Pick<Visit, 'base'>, appointment: Resource | undefined, outcome?: Resource): Resource {
	return {
		resourceType: 'Bundle',
		type: 'searchset',
		total: appointment ? 1 : 0,
		entry: [
			...(appointment ? [{ fullUrl: `${base}/Appointment/${appointment.id}`, resource: appointment, search: { mode: 'match' } }] : []),
			...(outcome ? [{ resource: outcome, search: { mode: 'outcome' } }] : []),
		],
	}
}

const parameterOf = (parameters: Resource, name: string): Record<string, any>[] => {
	if (parameters.resourceType !== 'Parameters' || !Array.isArray(parameters.parameter))
		throw invalidInput('resourceType', 'must be Parameters')
	return parameters.parameter.filter((each: any) => each?.name === name)
}

/** The id that `appointment-reference` names. */
function referenceIn(parameters: Resource): string | undefined {
	const [given] = parameterOf(parameters, 'appointment-reference')
	const text = given?.valueReference?.reference ?? given?.valueString ?? given?.valueUri ?? given?.valueId
	return typeof text === 'string' ? text.split('/').at(-1) : undefined
}

/** `$book`: a new appointment, a changed one, or its end. @throws Refusal */
export async function book(visit: Visit, parameters: Resource, headers: BookHeaders): Promise<OperationAnswer> {
	const { guest } = visit
	needs(guest, 'Appointment.c', 'Appointment.u')
	const resource = parameterOf(parameters, 'appointment-resource')[0]?.resource as Resource | undefined
	if (resource !== undefined && resource?.resourceType !== 'Appointment')
		throw invalidInput('appointment-resource', 'must be an Appointment')
	const id = referenceIn(parameters) ?? idOf(resource)
	const comment = parameterOf(parameters, 'comment')[0]?.valueString
	const patients = parameterOf(parameters, 'patient-resource').map(({ resource: given }) => given as Resource)
	if (patients.length > 1) throw invalidInput('patient-resource', 'must be one patient')
	const wish: Wish = { id, resource, comment: typeof comment === 'string' ? comment : undefined, patient: patients[0] }
	const { appointment, text } = await carryOut(visit, wish, headers)
	return { resource: bundleOf(visit, appointment, text === undefined ? undefined : information(text)) }
}

export type BookHeaders = { idempotencyKey: string | undefined; ifMatch?: string | undefined }

export type Wish = { id: string | undefined; resource: Resource | undefined; comment: string | undefined; patient: Resource | undefined }

export type Carried = { appointment: Resource; text?: string; isNew: boolean }

const idOf = (resource: Resource | undefined) => (typeof resource?.id === 'string' ? resource.id : undefined)

/** Books, changes, or cancels, by what the resource says. */
export async function carryOut(visit: Visit, wish: Wish, headers: BookHeaders): Promise<Carried> {
	const proposal = wish.id === undefined ? undefined : parseProposal(wish.id)
	if (wish.id !== undefined && !proposal) return await change(visit, wish.id, wish, headers)
	const meant = proposal ?? (await proposalIn(visit, wish.resource))
	if (!meant) throw invalidInput('appointment-reference', 'must name a proposed appointment, or the resource its slot and its service type')
	if (wish.resource?.status === 'cancelled') return await letGo(visit, meant)
	return await bookNew(visit, meant, wish, headers)
}

/** What a resource without an id of ours means: its slot, or its practitioner and start. */
async function proposalIn({ directory, base }: Visit, resource: Resource | undefined): Promise<Proposal | undefined> {
	if (!resource) return undefined
	const code = resource.serviceType?.[0]?.coding?.find?.(
		(coding: any) => coding?.system === as.appointmentTypeSystem(base) || coding?.system === undefined,
	)?.code
	const types = await directory.types()
	const typeId = types.find(({ id }) => id === code)?.id ?? (code === undefined ? types.find(({ archived }) => !archived)?.id : undefined)
	const slotId = lastPart(resource.slot?.[0]?.reference)
	if (typeId === undefined) return undefined
	if (slotId !== undefined) return parseProposal(proposalId(slotId, typeId))
	const doctorId = participantOf(resource, 'Practitioner')
	const startMs = typeof resource.start === 'string' ? Date.parse(resource.start) : Number.NaN
	if (doctorId === undefined || Number.isNaN(startMs)) return undefined
	return parseProposal(proposalId(`${doctorId}-${startMs / 60_000}`, typeId))
}

const lastPart = (reference: unknown) => (typeof reference === 'string' ? reference.split('/').at(-1) : undefined)

function participantOf(resource: Resource | undefined, type: string): string | undefined {
	const list: unknown = resource?.participant
	if (!Array.isArray(list)) return undefined
	const reference = list.map(each => each?.actor?.reference).find(text => typeof text === 'string' && text.split('/').at(-2) === type)
	return lastPart(reference)
}

async function letGo(visit: Visit, proposal: Proposal): Promise<Carried> {
	const { guest, origin, deps } = visit
	const { actor } = needs(guest, 'Appointment.c', 'Appointment.u')
	await deps.ask(endpoints.releaseHold, { actor, origin }, { params: { id: proposal.slotId } })
	const released = await readProposal(visit, proposalId(proposal.slotId, proposal.typeId))
	return { appointment: { ...released, status: 'cancelled' }, text: 'The hold was released', isNew: false }
}

async function bookNew(visit: Visit, proposal: Proposal, wish: Wish, { idempotencyKey }: BookHeaders): Promise<Carried> {
	const { guest, origin, deps } = visit
	const { actor } = needs(guest, 'Appointment.c')
	const identifiers = identifiersOf(wish.resource)
	const patientId = await patientFor(visit, wish)
	const { slotId, typeId } = proposal
	const reason = wish.comment ?? wish.resource?.reasonCode?.[0]?.text ?? wish.resource?.comment
	const key = idempotencyKey ?? (await keyFor(visit, identifiers, { slotId, patientId }))
	if (key && typeof key === 'object') return { appointment: await booked(visit, key.repeats), isNew: false }
	try {
		const made: Appointment = await deps.ask(
			endpoints.bookAppointment,
			{ actor, origin },
			{
				body: { slotId, typeId, patientId, ...(typeof reason === 'string' && reason.trim() && { reason: reason.slice(0, 500) }) },
				idempotencyKey: key,
			},
		)
		await deps.identifiers.add('appointment_id', made.id, identifiers)
		return { appointment: await booked(visit, made.id), isNew: true }
	} catch (error) {
		const repeated = error instanceof Refusal && isTaken(error) ? await liveVisit(visit, proposal, patientId) : undefined
		if (repeated === undefined) throw error
		return { appointment: await booked(visit, repeated), isNew: false }
	}
}

const isTaken = ({ code }: Refusal) => code === 'slot_booked' || code === 'patient_overlap'

/** The same client's appointment for the same patient in the same slot: what a lost answer said. */
async function liveVisit(visit: Visit, { doctorId, startMinute }: Proposal, patientId: string): Promise<string | undefined> {
	const { actor } = needs(visit.guest, 'Appointment.c')
	const { items } = await visit.deps.searchAppointments(actor, {
		patientIds: [patientId],
		slots: [{ doctorId, startMinute }],
		statuses: ['booked', 'checked_in', 'in_progress'],
		count: 1,
	})
	const found = items[0]?.visit
	return found?.bookedBy === actor.userId ? found.id : undefined
}

/** An appointment, as the client that just booked or changed it sees it. */
async function booked(visit: Visit, id: string): Promise<Resource> {
	const [resource] = (await appointmentsWith(visit, { ids: [id], count: 1 })).resources
	if (!resource) throw new Refusal('not_found')
	return resource
}

function identifiersOf(resource: Resource | undefined): as.Identifier[] {
	const list: unknown = resource?.identifier
	if (!Array.isArray(list)) return []
	return list.slice(0, 20).flatMap(each => {
		if (typeof each?.value !== 'string' || each.value === '' || each.value.length > 200) return []
		return [{ ...(typeof each.system === 'string' && each.system.length <= 200 && { system: each.system }), value: each.value }]
	})
}

/**
 * The key of a booking that brings identifiers. Its number counts what these identifiers have already come to: after a refusal or a
 * cancelling, the same identifiers book another appointment.
 *
 * @throws Refusal idempotency_mismatch when they belong to a live appointment of another slot or patient
 */
async function keyFor(visit: Visit, identifiers: readonly as.Identifier[], { slotId, patientId }: { slotId: string; patientId: string }) {
	if (identifiers.length === 0) return undefined
	const { actor } = needs(visit.guest, 'Appointment.c')
	const mark = createHash('sha256')
		.update(JSON.stringify(identifiers.map(({ system, value }) => [system ?? '', value]).sort()))
		.digest('base64url')
	const spent = await visit.deps.spentKeys(actor.userId, `fhir-${mark}-`)
	const live = spent.find(({ appointmentId, status }) => appointmentId !== null && status !== 'cancelled')
	if (live?.appointmentId) {
		const [known] = (await visit.deps.searchAppointments(actor, { ids: [live.appointmentId], count: 1 })).items
		if (known?.visit.patientId === patientId && known.visit.slotIds[0] === slotId) return { repeats: live.appointmentId }
		throw new Refusal('idempotency_mismatch', { message: 'These identifiers belong to another appointment' })
	}
	const numbers = spent.map(({ key }) => Number(key.split('-').at(-1)))
	return `fhir-${mark}-${Math.max(-1, ...numbers) + 1}`
}

/** Reads what the keys of a client that begin so have come to. Outcomes are kept for a day, appointments with their keys for good. */
export function createSpentKeys(db: Db) {
	return async (by: string, beginning: string): Promise<SpentKey[]> => {
		const like = `${beginning.replace(/[\\%_]/g, '\\$&')}%`
		const { rows } = await db.raw<{ rows: SpentKey[] }>(
			`SELECT r.idempotency_key AS key, r.appointment_id::text AS "appointmentId", a.status
			 FROM booking_requests r LEFT JOIN appointments a ON a.id = r.appointment_id
			 WHERE r.requested_by = ? AND r.idempotency_key LIKE ?
			 UNION
			 SELECT a.idempotency_key, a.id::text, a.status FROM appointments a WHERE a.booked_by = ? AND a.idempotency_key LIKE ?`,
			[by, like, by, like],
		)
		return rows
	}
}

/** Whom the appointment is for: by id, by an identifier that we know, or as a new file. @throws Refusal */
async function patientFor(visit: Visit, { resource, patient }: Wish): Promise<string> {
	const { guest, deps } = visit
	const named = participantOf(resource, 'Patient')
	if (!patient) {
		if (named !== undefined) return named
		throw invalidInput('patient-resource', 'say for whom')
	}
	if (patient.resourceType !== 'Patient') throw invalidInput('patient-resource', 'must be a Patient')
	const identifiers = identifiersOf(patient)
	const known = await deps.identifiers.idsWith('patient_id', identifiers.map(textOfIdentifier))
	if (known.length > 1) throw invalidInput('patient-resource', 'its identifiers belong to more than one patient')
	if (known[0] !== undefined) return known[0]
	if (typeof patient.id === 'string' && (await isPatient(visit, patient.id, patient))) {
		await deps.identifiers.add('patient_id', patient.id, identifiers)
		return patient.id
	}
	if (named !== undefined) return named
	needs(guest, 'Patient.c')
	return (await createPatient(visit, patient)).id as string
}

/**
 * Whether an id is that of one of our patients. The id may be of the client's own system, so a name that comes with it must be the
 * patient's.
 */
async function isPatient({ guest, origin, deps }: Visit, id: string, resource: Resource): Promise<boolean> {
	const { actor } = needs(guest, 'Appointment.c')
	const { fullName: name, phone } = fileOf(resource)
	const reader = { actor: withScopes(actor, 'patients:read'), origin }
	const file = await deps.ask(endpoints.getPatient, reader, { params: { id } }).catch(error => {
		if (error instanceof Refusal && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined
		throw error
	})
	if (!file) {
		// Without more than an id there is no patient to make.
		if (name === undefined || phone === undefined) throw new Refusal('not_found', { message: 'There is no such patient' })
		return false
	}
	return name === undefined || name.normalize().toLowerCase() === file.fullName.toLowerCase()
}

const textOfIdentifier = ({ system = '', value }: as.Identifier) => `${system}|${value}`

/** Takes a patient into the file, unless one with the same identifier is there already. @throws Refusal */
export async function createPatient(visit: Visit, resource: Resource): Promise<{ id: string; resource: Resource; isNew: boolean }> {
	const { guest, origin, deps } = visit
	const { actor } = needs(guest, 'Patient.c')
	const identifiers = identifiersOf(resource)
	const texts = identifiers.map(textOfIdentifier)
	return await deps.identifiers.onePatientAtATime(texts, async () => {
		const [known] = await deps.identifiers.idsWith('patient_id', texts)
		const reader = withScopes(actor, 'patients:read')
		if (known !== undefined) return { id: known, resource: await patientResource(visit, reader, known), isNew: false }
		const made = await deps.ask(endpoints.createPatient, { actor, origin }, { body: fileOf(resource) })
		await deps.identifiers.add('patient_id', made.id, identifiers)
		return { id: made.id, resource: as.patient(made, identifiers), isNew: true }
	})
}

/** The fields of a file that a Patient resource has. */
export function fileOf(resource: Resource): { fullName?: string; phone?: string; email?: string; birthDate?: string } {
	const name = resource.name?.[0]
	const parts: unknown[] = [...(Array.isArray(name?.given) ? name.given : []), name?.family]
	const fullName = typeof name?.text === 'string' ? name.text : parts.filter(part => typeof part === 'string').join(' ')
	const contact = (system: string) =>
		(Array.isArray(resource.telecom) ? resource.telecom : []).find((each: any) => each?.system === system)?.value
	return {
		...(fullName && { fullName: String(fullName) }),
		...(contact('phone') && { phone: contact('phone') }),
		...(contact('email') && { email: contact('email') }),
		...(resource.birthDate && { birthDate: resource.birthDate }),
	}
}

/** Changes an appointment that there is: its status, its slot, or its end. */
async function change(visit: Visit, id: string, { resource, comment }: Wish, { idempotencyKey, ifMatch }: BookHeaders): Promise<Carried> {
	const { guest, origin, deps } = visit
	const { actor } = needs(guest, 'Appointment.u', 'Appointment.c')
	const by = { actor, origin }
	const now = (await deps.searchAppointments(actor, { ids: [id], count: 1 })).items[0]?.visit
	if (!now) throw new Refusal('not_found')
	checkVersion(ifMatch, String(now.sequence))
	const done = async (text?: string): Promise<Carried> => ({ appointment: await booked(visit, id), ...(text && { text }), isNew: false })
	if (!resource) return await done()
	const status = typeof resource.status === 'string' ? resource.status : undefined
	if (status === 'cancelled' && now.status === 'cancelled') return await done()
	if (status === 'cancelled') {
		const reason = comment ?? resource.cancelationReason?.text
		await deps.ask(endpoints.cancelAppointment, by, {
			params: { id },
			body: typeof reason === 'string' && reason.trim() ? { reason: reason.slice(0, 500) } : {},
			idempotencyKey,
		})
		return await done()
	}
	const wanted = wantedStatus[status ?? '']
	if (!wanted) throw invalidInput('status', 'is not one that an appointment can be given')
	const slotId = lastPart(resource.slot?.[0]?.reference)
	const startMs = typeof resource.start === 'string' ? Date.parse(resource.start) : Number.NaN
	const moved =
		slotId !== undefined && slotId !== now.slotIds[0]
			? slotId
			: !Number.isNaN(startMs) && startMs !== Date.parse(now.startsAt)
				? `${participantOf(resource, 'Practitioner') ?? now.doctorId}-${startMs / 60_000}`
				: undefined
	if (moved !== undefined) await deps.ask(endpoints.rescheduleAppointment, by, { params: { id }, body: { slotId: moved }, idempotencyKey })
	if (wanted !== now.status && !(wanted === 'completed' && now.status === 'in_progress' && isInProgress(resource)))
		await deps.ask(endpoints.setAppointmentStatus, by, { params: { id }, body: { status: wanted } })
	return await done()
}

const isInProgress = (resource: Resource) =>
	Array.isArray(resource.extension) && resource.extension.some((each: any) => each?.valueCode === 'in-progress')

const wantedStatus: Record<string, Appointment['status']> = {
	booked: 'booked',
	'checked-in': 'checked_in',
	arrived: 'checked_in',
	fulfilled: 'completed',
	noshow: 'no_show',
}

/** @throws FhirRefusal 412 when the caller knows an older version */
export function checkVersion(ifMatch: string | undefined, versionId: string): void {
	if (ifMatch === undefined || ifMatch.trim() === '*') return
	const known = ifMatch.split(',').map(text => text.trim().replace(/^W\//, '').replace(/^"|"$/g, ''))
	if (!known.includes(versionId)) throw new FhirRefusal(412, 'conflict', 'stale_version', `The current version is W/"${versionId}"`)
}
