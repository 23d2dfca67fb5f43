import ical, { ICalAttendeeRole, ICalAttendeeStatus, ICalCalendarMethod, type ICalEventData, ICalEventStatus } from 'ical-generator'
import type { AppointmentStatus } from '../../contract/index.ts'
import type { Message } from './message.ts'

export type Organizer = { name: string; email: string }

export type Invitation = { method: 'REQUEST' | 'CANCEL'; content: string }

export type CalendarDeps = {
	/** The sender of invitations. */
	organizer: Organizer
	/** The domain in a visit's UID. It must never change, whatever name a request uses for the server. */
	host: string
}

/** The parts of a visit that a calendar shows. */
export type CalendarVisit = Omit<Message['visit'], 'timeZone'>

export type VisitCalendar = {
	/** The event for mail (RFC 5546), in which cancelling is a method of its own. */
	invitation(message: Message): Invitation
	/** The same event, without the patient, for any calendar program (RFC 5545). */
	file(visit: CalendarVisit & { status: AppointmentStatus }): string
}

/**
 * Writes a visit as one calendar event, the same for mail and download: every change keeps the UID and raises the sequence. Times are
 * in UTC, which needs no description of a zone.
 */
export function createVisitCalendar({ organizer, host }: CalendarDeps): VisitCalendar {
	return {
		invitation({ kind, patient, visit }) {
			const method = kind === 'cancelled' ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST
			const attendees = patient.email ? [attendee(patient.fullName, patient.email)] : []
			const status = kind === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED
			return { method, content: write(method, { ...eventOf(visit), status, attendees }) }
		},
		file(visit) {
			const status = visit.status === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED
			return write(ICalCalendarMethod.PUBLISH, { ...eventOf(visit), status })
		},
	}

	function eventOf(visit: CalendarVisit): ICalEventData {
		return {
			id: `appointment-${visit.id}@${host}`,
			sequence: visit.sequence,
			start: new Date(visit.startsAtMs),
			end: new Date(visit.endsAtMs),
			stamp: new Date(visit.updatedAtMs),
			summary: `${visit.typeName}: ${visit.doctorName}`,
			organizer: { ...organizer, name: parameter(organizer.name) },
		}
	}
}

function attendee(name: string, email: string) {
	return { name: parameter(name), email, role: ICalAttendeeRole.REQ, status: ICalAttendeeStatus.ACCEPTED, rsvp: false }
}

/** Replaces quotation marks, which would end the parameter: RFC 5545 has no way to escape them (section 3.2). */
function parameter(text: string): string {
	return text.replaceAll('"', "'")
}

function write(method: ICalCalendarMethod, event: ICalEventData): string {
	const calendar = ical({ prodId: { company: 'Liveslot', product: 'Liveslot' }, method })
	calendar.createEvent(event)
	return calendar.toString()
}
