import ical, { ICalAttendeeRole, ICalAttendeeStatus, ICalCalendarMethod, type ICalEventData, ICalEventStatus } from 'ical-generator'
import type { AppointmentStatus } from '../../contract/index.ts'
import type { Message } from './message.ts'

export type Organizer = { name: string; email: string }

export type Invitation = { method: 'REQUEST' | 'CANCEL'; content: string }

export type CalendarDeps = {
	/** Who invites, in the calendar's sense. */
	organizer: Organizer
	/** The name that makes a visit's UID the clinic's own; it must stay the same for good, whatever name a request uses. */
	host: string
}

/** What a calendar shows of a visit. */
export type CalendarVisit = Omit<Message['visit'], 'timeZone'>

export type VisitCalendar = {
	/** For mail (RFC 5546): cancelling is a method of its own. */
	invitation(message: Message): Invitation
	/** For any calendar program (RFC 5545): the same event, without the patient. */
	file(visit: CalendarVisit & { status: AppointmentStatus }): string
}

/**
 * A visit as one calendar event, mailed and downloaded alike: the UID stays through every change, and the sequence grows with
 * each. Times are in UTC, which needs no description of a zone.
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

/** A quotation mark would end the parameter, as RFC 5545 knows no way to escape one (section 3.2). */
function parameter(text: string): string {
	return text.replaceAll('"', "'")
}

function write(method: ICalCalendarMethod, event: ICalEventData): string {
	const calendar = ical({ prodId: { company: 'Liveslot', product: 'Liveslot' }, method })
	calendar.createEvent(event)
	return calendar.toString()
}
