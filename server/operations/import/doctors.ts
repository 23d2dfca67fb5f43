import { z } from 'zod'
import { Email, Phone, Text, TimeZone } from '../../../contract/common.ts'
import { ScheduleInput, type WeeklyHours } from '../../../contract/index.ts'
import { readSql } from '../../platform/database/database.ts'
import { generateSlots } from '../../schedule/generate.ts'
import { readHorizon } from '../../schedule/horizon.ts'
import { type BadLine, importCommand } from './import.ts'

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
		// Slots now, so that doctors with hours can be booked at once and not only after the coming night.
		if (doctorIds.length > 0) await generateSlots(trx, { doctorIds, ...(await readHorizon(trx, slotDaysAhead)) })
		return { bad: bad.rows, added: doctorIds.length, present }
	},
})

/** Reads hours such as `mon-fri 08:00-12:00 13:00-17:00; sat 09:00-12:00`; undefined for any other notation. */
function parseHours(text: string): WeeklyHours[] | undefined {
	const parts = text
		.split(';')
		.filter(part => part.trim() !== '')
		.map(partOf)
	const hours = parts.filter(part => part !== undefined)
	return parts.length === 0 || hours.length < parts.length ? undefined : hours.flat()
}

function partOf(part: string): WeeklyHours[] | undefined {
	const [days = '', ...texts] = part.trim().split(/\s+/)
	const on = daysOf(days)
	const spans = texts.map(spanOf).filter(span => span !== undefined)
	if (!on || texts.length === 0 || spans.length < texts.length) return undefined
	return on.flatMap(weekday => spans.map(span => ({ weekday, ...span })))
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function daysOf(text: string): number[] | undefined {
	const [first = '', last = first, ...rest] = text.toLowerCase().split('-')
	const [from, to] = [weekdays.indexOf(first), weekdays.indexOf(last)]
	if (rest.length > 0 || from === -1 || to < from) return undefined
	return Array.from({ length: to - from + 1 }, (_, day) => from + day + 1)
}

function spanOf(text: string): { start: string; end: string } | undefined {
	const [, start, end] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? []
	return start && end ? { start, end } : undefined
}
