import type { Db } from '../platform/database/database.ts'
import type { VisitCalendar } from '../reminders/visit-calendar.ts'
import type { FullAppointment } from './facts.ts'

/** Returns the appointment as an iCalendar file. */
export async function calendarFile(db: Db, calendar: VisitCalendar, appointment: FullAppointment): Promise<string> {
	const { startMinute, endMinute } = appointment
	const names = await readVisitNames(db, appointment)
	return calendar.file({ ...appointment, ...names, startsAtMs: startMinute * 60_000, endsAtMs: endMinute * 60_000 })
}

async function readVisitNames(db: Db, { doctorId, typeId }: FullAppointment): Promise<{ doctorName: string; typeName: string }> {
	const [doctor, type] = await Promise.all([
		db('users').where({ id: doctorId }).first('full_name'),
		db('appointment_types').where({ id: typeId }).first('name'),
	])
	return { doctorName: doctor?.full_name ?? '', typeName: type?.name ?? '' }
}
