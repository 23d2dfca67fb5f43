import ical, { ICalCalendarMethod, ICalEventStatus } from 'ical-generator'
import type { Db } from '../platform/database/database.ts'
import type { FullAppointment } from './facts.ts'

export type VisitNames = { doctorName: string; typeName: string }

export const readVisitNames = async (db: Db, { doctorId, typeId }: Pick<FullAppointment, 'doctorId' | 'typeId'>): Promise<VisitNames> => {
	const [doctor, type] = await Promise.all([
		db('users').where({ id: doctorId }).first('full_name'),
		db('appointment_types').where({ id: typeId }).first('name'),
	])
	return { doctorName: doctor?.full_name ?? '', typeName: type?.name ?? '' }
}

/** An appointment as a file for anybody's calendar (RFC 5545): one event, in UTC, with a UID that stays through every change. */
export const calendarFile = (appointment: FullAppointment, { doctorName, typeName }: VisitNames, host: string): string => {
	const calendar = ical({ prodId: { company: 'Liveslot', product: 'Liveslot' }, method: ICalCalendarMethod.PUBLISH })
	calendar.createEvent({
		id: `appointment-${appointment.id}@${host}`,
		sequence: appointment.sequence,
		start: new Date(appointment.startMinute * 60_000),
		end: new Date(appointment.endMinute * 60_000),
		stamp: new Date(appointment.updatedAtMs),
		summary: `${typeName}: ${doctorName}`,
		status: appointment.status === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
	})
	return calendar.toString()
}
