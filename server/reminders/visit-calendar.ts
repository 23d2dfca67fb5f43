import ical, { ICalAttendeeRole, ICalAttendeeStatus, ICalCalendarMethod, type ICalEventData, ICalEventStatus } from 'ical-generator'
import { addressLines } from '../../contract/address.ts'
import type { AppointmentStatus, Language } from '../../contract/index.ts'
import type { Message } from './message.ts'
import { wordsOf } from './texts.ts'
import { addressOf, phoneOf, type VisitFace } from './visit-face.ts'

export type Invitation = { method: 'REQUEST' | 'CANCEL'; content: string }

export type CalendarDeps = {
	/** The address from which invitations come. */
	sender: string
	/** The domain in a visit's UID. It must never change, whatever name a request uses for the server. */
	host: string
	publicUrl: () => string
}

/** The parts of a visit that a calendar shows. */
export type CalendarVisit = Omit<Message['visit'], 'timeZone'>

export type VisitCalendar = {
	/** The event for mail (RFC 5546), in which cancelling is a method of its own. */
	invitation(message: Message): Invitation
	/** The same event, without the patient, for any calendar program (RFC 5545). */
	file(visit: CalendarVisit & { status: AppointmentStatus; language: Language }): string
	/** Many visits, for programs that subscribe. The events are the same ones as those of mail, and name a person only where `who` does. */
	feed(face: FeedFace, visits: readonly FeedVisit[]): string
}

export type FeedFace = { name: string; language: Language }

export type FeedVisit = Omit<CalendarVisit, 'doctorName'> & { status: AppointmentStatus; who?: string }

/**
 * Writes a visit as one calendar event, the same for mail and download: every change keeps the UID and raises the sequence. Times are
 * in UTC, which needs no description of a zone.
 */
export function createVisitCalendar({ sender, host, publicUrl }: CalendarDeps): VisitCalendar {
	return {
		invitation({ kind, patient, visit }) {
			const method = kind === 'cancelled' ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST
			const attendees = patient.email ? [attendee(patient.fullName, patient.email)] : []
			const status = kind === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED
			return { method, content: write(method, { ...eventOf(visit, patient.language), status, attendees }) }
		},
		file(visit) {
			const status = visit.status === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED
			return write(ICalCalendarMethod.PUBLISH, { ...eventOf(visit, visit.language), status })
		},
		feed({ name, language }, visits) {
			const calendar = ical({ prodId, method: ICalCalendarMethod.PUBLISH, name, ttl: 3600 })
			for (const { who, ...visit } of visits) {
				const event = eventOf({ ...visit, doctorName: who ?? '' }, language)
				calendar.createEvent({
					...event,
					status: ICalEventStatus.CONFIRMED,
					summary: who === undefined ? visit.face.typeName : event.summary,
				})
			}
			return calendar.toString()
		},
	}

	function eventOf(visit: CalendarVisit, language: Language): ICalEventData {
		const { face } = visit
		return {
			id: `appointment-${visit.id}@${host}`,
			sequence: visit.sequence,
			start: new Date(visit.startsAtMs),
			end: new Date(visit.endsAtMs),
			stamp: new Date(visit.updatedAtMs),
			summary: `${face.typeName}: ${visit.doctorName}`,
			location: locationOf(face),
			description: descriptionOf(face, language),
			url: `${publicUrl()}/visits`,
			organizer: { email: sender, name: parameter(face.clinic.name) },
		}
	}
}

function locationOf(face: VisitFace): string {
	const address = addressOf(face)
	return [face.place?.name ?? face.clinic.name, ...(address ? addressLines(address) : [])].join(', ')
}

/** What to know before one comes, and whom to call. */
function descriptionOf(face: VisitFace, language: Language): string {
	const words = wordsOf(language)
	const phone = phoneOf(face)
	return [
		face.instructions && `${words.prepare}: ${face.instructions}`,
		face.place?.directions && `${words.directions}: ${face.place.directions}`,
		face.price && `${words.price}: ${face.price}`,
		phone && `${words.call}: ${phone}`,
	]
		.filter(Boolean)
		.join('\n')
}

function attendee(name: string, email: string) {
	return { name: parameter(name), email, role: ICalAttendeeRole.REQ, status: ICalAttendeeStatus.ACCEPTED, rsvp: false }
}

/** Replaces quotation marks, which would end the parameter: RFC 5545 has no way to escape them (section 3.2). */
function parameter(text: string): string {
	return text.replaceAll('"', "'")
}

const prodId = { company: 'Liveslot', product: 'Liveslot' }

function write(method: ICalCalendarMethod, event: ICalEventData): string {
	const calendar = ical({ prodId, method })
	calendar.createEvent(event)
	return calendar.toString()
}
