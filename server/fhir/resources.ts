import { createHash } from 'node:crypto'
import type {
	Address,
	Appointment,
	AppointmentStatus,
	AppointmentType,
	Clinic,
	Doctor,
	Hold,
	Patient,
	Plan,
	Site,
	Slot,
} from '../../contract/index.ts'
import type { Resource } from './resource.ts'

// What the clinic has, as resources of FHIR R4. Nothing here reads or decides.

export const timeZoneExtension = 'http://hl7.org/fhir/StructureDefinition/timezone'

/** Adds what identifies a version: a sequence where the thing has one, else a digest of what it says. */
export function versioned(resource: Resource): Resource {
	if (resource.meta?.versionId) return resource
	const versionId = createHash('sha256').update(JSON.stringify(resource)).digest('hex').slice(0, 16)
	const { resourceType, id, ...rest } = resource
	return { resourceType, ...(id !== undefined && { id }), meta: { ...resource.meta, versionId }, ...rest }
}

export function practitioner({ id, fullName, title, languages, timeZone }: Doctor): Resource {
	return {
		resourceType: 'Practitioner',
		id,
		extension: [{ url: timeZoneExtension, valueCode: timeZone }],
		active: true,
		name: [{ text: title ? `${title} ${fullName}` : fullName, ...(title && { prefix: [title] }) }],
		...(languages?.length && { communication: languages.map(code => ({ coding: [{ system: 'urn:ietf:bcp:47', code }] })) }),
	}
}

/** The doctor at work: one role, whose hours are those of the plan in force. */
export function practitionerRole(doctor: Doctor, plan: Plan | undefined, services: readonly AppointmentType[]): Resource {
	const { id, fullName, siteIds } = doctor
	return {
		resourceType: 'PractitionerRole',
		id,
		active: true,
		practitioner: { reference: `Practitioner/${id}`, display: fullName },
		organization: { reference: 'Organization/clinic' },
		specialty: [specialtyOf(doctor)],
		...(siteIds.length > 0 && { location: siteIds.map(siteId => ({ reference: `Location/${siteId}` })) }),
		...(services.length > 0 && { healthcareService: services.map(type => ({ reference: `HealthcareService/${type.id}` })) }),
		...(plan && plan.weekly.length > 0 && { availableTime: plan.weekly.flatMap(availableTime) }),
	}
}

export function specialtyOf({ specialty, specialtyCode }: Doctor) {
	return { ...(specialtyCode && { coding: [{ system: nucc, code: specialtyCode, display: specialty }] }), text: specialty }
}

export const nucc = 'http://nucc.org/provider-taxonomy'

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** FHIR's times are `HH:MM:SS` and know no `24:00`: hours until midnight end a second before it. */
function availableTime({ weekday, start, end }: Plan['weekly'][number]): Record<string, unknown>[] {
	const daysOfWeek = [weekdays[weekday - 1]]
	if (start === '00:00' && end === '24:00') return [{ daysOfWeek, allDay: true }]
	return [{ daysOfWeek, availableStartTime: `${start}:00`, availableEndTime: end === '24:00' ? '23:59:59' : `${end}:00` }]
}

export function schedule(doctor: Doctor, services: readonly AppointmentType[], base: string): Resource {
	const { id, fullName, siteIds } = doctor
	return {
		resourceType: 'Schedule',
		id,
		active: true,
		...(services.length > 0 && { serviceType: services.map(type => serviceType(type, base)) }),
		specialty: [specialtyOf(doctor)],
		actor: [
			{ reference: `Practitioner/${id}`, display: fullName },
			{ reference: `PractitionerRole/${id}` },
			...siteIds.map(siteId => ({ reference: `Location/${siteId}` })),
		],
	}
}

export const appointmentTypeSystem = (base: string) => `${base}/CodeSystem/appointment-type`

export function serviceType({ id, name }: Pick<AppointmentType, 'id' | 'name'>, base: string) {
	return { coding: [{ system: appointmentTypeSystem(base), code: id, display: name }], text: name }
}

export const slotStatus = { free: 'free', held: 'busy-tentative', booked: 'busy', blocked: 'busy-unavailable' } as const

/** Never names a person. */
export function slot({ id, doctorId, startsAt, endsAt, state }: Slot): Resource {
	return {
		resourceType: 'Slot',
		id,
		schedule: { reference: `Schedule/${doctorId}` },
		status: slotStatus[state],
		start: startsAt,
		end: endsAt,
	}
}

export function organization({ name, address, phone, email, website }: Clinic): Resource {
	const telecom = contactPoints({ phone, email, url: website })
	return {
		resourceType: 'Organization',
		id: 'clinic',
		active: true,
		name,
		...(telecom.length > 0 && { telecom }),
		...(address && { address: [addressOf(address)] }),
	}
}

export function location({ id, name, address, phone, timeZone, directions, archived }: Site, clinic: Clinic): Resource {
	const telecom = contactPoints({ phone: phone ?? clinic.phone })
	return {
		resourceType: 'Location',
		id,
		extension: [{ url: timeZoneExtension, valueCode: timeZone }],
		status: archived ? 'inactive' : 'active',
		name,
		...(directions && { description: directions }),
		mode: 'instance',
		...(telecom.length > 0 && { telecom }),
		...(address && { address: addressOf(address) }),
		managingOrganization: { reference: 'Organization/clinic' },
	}
}

function contactPoints(of: Record<string, string | undefined>) {
	return Object.entries(of).flatMap(([system, value]) => (value ? [{ system, value }] : []))
}

function addressOf({ line, city, postalCode, region, country }: Address) {
	return { line: [line], city, ...(region && { state: region }), ...(postalCode && { postalCode }), country }
}

export function healthcareService(type: AppointmentType, base: string): Resource {
	const { id, name, description, instructions, archived } = type
	return {
		resourceType: 'HealthcareService',
		id,
		active: !archived,
		providedBy: { reference: 'Organization/clinic' },
		type: [serviceType(type, base)],
		name,
		...(description && { comment: description }),
		...(instructions && { extraDetails: instructions }),
		appointmentRequired: true,
	}
}

export type Identifier = { system?: string; value: string }

export function patient({ id, fullName, phone, email, birthDate }: Patient, identifiers: readonly Identifier[]): Resource {
	const telecom = contactPoints({ phone, email })
	return {
		resourceType: 'Patient',
		id,
		...(identifiers.length > 0 && { identifier: identifiers }),
		active: true,
		name: [{ text: fullName }],
		...(telecom.length > 0 && { telecom }),
		...(birthDate && { birthDate }),
	}
}

export const appointmentStatus: Record<AppointmentStatus, string> = {
	booked: 'booked',
	checked_in: 'checked-in',
	in_progress: 'fulfilled',
	completed: 'fulfilled',
	no_show: 'noshow',
	cancelled: 'cancelled',
}

export type Names = { doctorName: string | undefined; typeName: string | undefined; siteId: string | undefined; base: string }

export function appointment(visit: Appointment, identifiers: readonly Identifier[], names: Names): Resource {
	const { id, status, startsAt, endsAt, doctorId, patientId, typeId, slotIds, reason, createdAt, updatedAt, sequence, patientName } = visit
	const { doctorName, typeName = 'Appointment', siteId, base } = names
	const isExact = status === 'booked' || status === 'checked_in' || status === 'no_show' || status === 'cancelled'
	return {
		resourceType: 'Appointment',
		id,
		meta: { versionId: String(sequence), lastUpdated: updatedAt, profile: [iheProfile] },
		...(!isExact && { extension: [{ url: `${base}/StructureDefinition/exact-status`, valueCode: status.replace('_', '-') }] }),
		...(identifiers.length > 0 && { identifier: identifiers }),
		status: appointmentStatus[status],
		serviceType: [serviceType({ id: typeId, name: typeName }, base)],
		...(reason && { reasonCode: [{ text: reason }] }),
		start: startsAt,
		end: endsAt,
		minutesDuration: Math.max(1, (Date.parse(endsAt) - Date.parse(startsAt)) / 60_000),
		...(slotIds.length > 0 && { slot: slotIds.map(slotId => ({ reference: `Slot/${slotId}` })) }),
		created: createdAt,
		participant: [
			participant(`Patient/${patientId}`, patientName, 'accepted'),
			participant(`Practitioner/${doctorId}`, doctorName, 'accepted'),
			...(siteId === undefined ? [] : [participant(`Location/${siteId}`, undefined, 'accepted')]),
		],
		requestedPeriod: [{ start: startsAt, end: endsAt }],
	}
}

const iheProfile = 'https://profiles.ihe.net/ITI/Scheduling/StructureDefinition/ihe-sched-appt'

function participant(reference: string, display: string | undefined, status: 'accepted' | 'needs-action' | 'tentative') {
	return { actor: { reference, ...(display && { display }) }, required: 'required', status }
}

export type ProposedVisit = {
	id: string
	status: 'proposed' | 'pending' | 'cancelled'
	startsAt: string
	endsAt: string
	slotId: string
	doctorId: string
	typeId: string
	patientId?: string | undefined
	/** When the hold expires. */
	heldUntil?: Hold['expiresAt'] | undefined
}

/** A time that is free, or that its caller holds. */
export function proposal(visit: ProposedVisit, { doctorName, typeName = 'Appointment', siteId, base }: Names): Resource {
	const { id, status, startsAt, endsAt, slotId, doctorId, typeId, patientId, heldUntil } = visit
	const answer = status === 'pending' ? 'tentative' : 'needs-action'
	return {
		resourceType: 'Appointment',
		id,
		meta: { profile: [iheProfile] },
		...(heldUntil && { extension: [{ url: `${base}/StructureDefinition/hold-expires`, valueInstant: heldUntil }] }),
		status,
		serviceType: [serviceType({ id: typeId, name: typeName }, base)],
		start: startsAt,
		end: endsAt,
		minutesDuration: Math.max(1, (Date.parse(endsAt) - Date.parse(startsAt)) / 60_000),
		slot: [{ reference: `Slot/${slotId}` }],
		participant: [
			...(patientId === undefined ? [] : [participant(`Patient/${patientId}`, undefined, answer)]),
			participant(`Practitioner/${doctorId}`, doctorName, answer),
			...(siteId === undefined ? [] : [participant(`Location/${siteId}`, undefined, answer)]),
		],
		requestedPeriod: [{ start: startsAt, end: endsAt }],
	}
}
