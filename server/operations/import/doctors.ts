import { z } from 'zod'
import { Email, Phone, Text, TimeZone } from '../../../contract/common.ts'
import { ScheduleInput } from '../../../contract/index.ts'
import { readSql } from '../../platform/database/database.ts'
import { generateSlots } from '../../schedule/generate.ts'
import { parseHours } from './hours.ts'
import { importCommand } from './import.ts'
import type { BadLine } from './report.ts'

const refuseLines = readSql('./refuse_doctors.sql', import.meta.url)
const addDoctors = readSql('./add_doctors.sql', import.meta.url)

const { slotMinutes: SlotMinutes, weekly: Weekly } = ScheduleInput.shape

const Hours = z
	.string()
	.transform((text, context) => {
		const hours = parseHours(text)
		if (!hours) context.addIssue('must be such as mon-fri 08:00-12:00 13:00-17:00; sat 09:00-12:00')
		return hours ?? []
	})
	.pipe(Weekly)

const DoctorLine = z
	.object({
		email: Email,
		full_name: Text(120).transform(name => name.normalize()),
		phone: Phone.optional(),
		specialty: Text(80).default('General practice'),
		time_zone: TimeZone.default('UTC'),
		slot_minutes: z.coerce.number().pipe(SlotMinutes).default(30),
		hours: Hours.optional(),
	})
	.transform(({ hours, ...rest }) => ({ ...rest, weekly: hours && JSON.stringify(hours) }))

export const importDoctors = importCommand<z.infer<typeof DoctorLine>>({
	what: 'doctors',
	columns: { required: ['email', 'full_name'], optional: ['phone', 'specialty', 'time_zone', 'slot_minutes', 'hours'] },
	schema: DoctorLine,
	incoming: {
		email: 'text',
		full_name: 'text',
		phone: 'text',
		specialty: 'text',
		time_zone: 'text',
		slot_minutes: 'integer',
		weekly: 'jsonb',
	},
	load: async (trx, { slotDaysAhead }) => {
		const bad: { rows: BadLine[] } = await trx.raw(refuseLines)
		const { rows } = await trx.raw(addDoctors)
		const [{ doctorIds, present }] = rows as [{ doctorIds: string[]; present: number }]
		// Those who have hours can be booked at once, not only after the coming night.
		if (doctorIds.length > 0) await generateSlots(trx, { doctorIds, days: slotDaysAhead })
		return { bad: bad.rows, added: doctorIds.length, present }
	},
})
