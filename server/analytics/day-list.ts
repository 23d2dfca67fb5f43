import { type DayListItem, listEndpoints } from '../../contract/index.ts'
import { isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'

/** The visits of a day in their order, as the desk prints them: of everyone, a doctor, or a site. */
export function listRoutes({ db }: { db: Db }): Route[] {
	return [
		route(listEndpoints.getDayList, async ({ query: { date, doctorId, siteId } }, actor) => {
			const wanted = doctorId ?? (isStaff(actor) ? undefined : actor.userId)
			if (!isStaff(actor) && wanted !== actor.userId) throw new Refusal('forbidden')
			if ([wanted, siteId].some(id => id !== undefined && !isDatabaseId(id))) return { date, items: [] }
			const { rows } = await db.raw<{ rows: Row[] }>(dayList, { date, doctorId: wanted ?? null, siteId: siteId ?? null })
			return { date, items: rows.map(toItem) }
		}),
	]
}

const dayList = readSql('day_list.sql', import.meta.url)

type Row = {
	appointment_id: string
	doctor_id: string
	doctor_name: string
	time_zone: string
	site_name: string | null
	starts_at: Date
	ends_at: Date
	type_name: string
	status: DayListItem['status']
	reason: string | null
	patient_id: string
	patient_name: string
	birth_date: string | null
	phone: string | null
}

function toItem(row: Row): DayListItem {
	return {
		appointmentId: row.appointment_id,
		doctorId: row.doctor_id,
		doctorName: row.doctor_name,
		timeZone: row.time_zone,
		...(row.site_name !== null && { siteName: row.site_name }),
		startsAt: row.starts_at.toISOString(),
		endsAt: row.ends_at.toISOString(),
		typeName: row.type_name,
		status: row.status,
		...(row.reason !== null && { reason: row.reason }),
		patientId: row.patient_id,
		patientName: row.patient_name,
		...(row.birth_date !== null && { birthDate: row.birth_date }),
		...(row.phone !== null && { phone: row.phone }),
	}
}
