import ical, { ICalAttendeeRole, ICalAttendeeStatus, ICalCalendarMethod, ICalEventStatus } from 'ical-generator'
import type { Message } from './message.ts'

export type Invitation = { method: 'REQUEST' | 'CANCEL'; content: string }

export type Organizer = { name: string; email: string }

/**
 * A visit as an invitation (RFC 5546): the UID stays through every change, the sequence grows with each, and cancelling is a
 * method of its own. Times are in UTC, which needs no description of a zone.
 */
export const invitation = ({ kind, patient, visit }: Message, organizer: Organizer, host: string): Invitation => {
	const cancelled = kind === 'cancelled'
	const calendar = ical({
		prodId: { company: 'Liveslot', product: 'Liveslot' },
		method: cancelled ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
	})
	calendar.createEvent({
		id: `appointment-${visit.id}@${host}`,
		sequence: visit.sequence,
		start: new Date(visit.startsAtMs),
		end: new Date(visit.endsAtMs),
		stamp: new Date(visit.updatedAtMs),
		summary: `${visit.typeName}: ${visit.doctorName}`,
		organizer,
		attendees: patient.email
			? [
					{
						name: patient.fullName,
						email: patient.email,
						role: ICalAttendeeRole.REQ,
						status: ICalAttendeeStatus.ACCEPTED,
						rsvp: false,
					},
				]
			: [],
		status: cancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
	})
	return { method: cancelled ? 'CANCEL' : 'REQUEST', content: calendar.toString() }
}
