import { z } from 'zod'
import { CalendarDate, Email, Phone, Text, TimeZone } from '../../../contract/common.ts'
import { Language } from '../../../contract/index.ts'
import { readSql } from '../../platform/database/database.ts'
import { type BadLine, importCommand } from './import.ts'

const refuseLines = readSql('./refuse_patients.sql', import.meta.url)
const addPatients = readSql('./add_patients.sql', import.meta.url)

const PatientLine = z
	.object({
		// Composes letters with marks, as the patient file does for names from the desk.
		full_name: Text(120).transform(name => name.normalize()),
		phone: Phone.optional(),
		email: Email.optional(),
		birth_date: CalendarDate.optional(),
		language: Language.optional(),
		time_zone: TimeZone.optional(),
	})
	.refine(
		({ phone, email, birth_date }) => phone ?? email ?? birth_date,
		'must have a phone, an email or a birth_date, to be told from others of that name',
	)

export const importPatients = importCommand<z.infer<typeof PatientLine>>({
	what: 'patients',
	columns: { required: ['full_name'], optional: ['phone', 'email', 'birth_date', 'language', 'time_zone'] },
	schema: PatientLine,
	incoming: { full_name: 'text', phone: 'text', email: 'text', birth_date: 'date', language: 'text', time_zone: 'text' },
	load: async trx => {
		const bad: { rows: BadLine[] } = await trx.raw(refuseLines)
		const { rows } = await trx.raw(addPatients)
		await trx.raw('ANALYZE patients')
		return { bad: bad.rows, ...rows[0] }
	},
})
