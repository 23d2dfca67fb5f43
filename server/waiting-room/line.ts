import { LRUCache } from 'lru-cache'
import type { LineEntry } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { groupBy } from '../platform/group-by.ts'
import { type DurationRow, estimateWaits, inOrder, type Learned, learn, takesOf } from './estimate.ts'

/** Reads lines as the database has them, with a range for each patient in them. */
export function createLines({ run, nowMs }: { run: Run; nowMs: () => number }): Lines {
	const learnedOf = new LRUCache<string, Learned>({ max: 2000, ttl: learnedForMs })

	return {
		async read(room) {
			const rows = await run<Row>(statements.line, [room.of === 'doctor' ? room.id : null, room.of === 'site' ? room.id : null])
			const doctorIds = [...new Set(rows.map(row => row.doctor_id))]
			if (doctorIds.length === 0) return []
			const [expected] = await Promise.all([run<ExpectedRow>(statements.expected, [doctorIds]), learnAbout(doctorIds)])
			const visits = inOrder(rows.map(toVisit))
			const waits = new Map(
				doctorIds.flatMap(doctorId => [
					...estimateWaits(
						visits.filter(visit => visit.doctorId === doctorId),
						expected.filter(row => row.doctor_id === doctorId).map(toExpected),
						nowMs(),
					),
				]),
			)
			return visits.map(visit => toLine(visit, waits.get(visit.appointmentId)))
		},
	}

	async function learnAbout(doctorIds: readonly string[]): Promise<void> {
		const unknown = doctorIds.filter(id => !learnedOf.has(id))
		if (unknown.length === 0) return
		const rows = groupBy(await run<DurationRow>(statements.durations, [unknown]), row => row.doctor_id)
		for (const id of unknown) learnedOf.set(id, learn(rows.get(id) ?? []))
	}

	function toVisit(row: Row) {
		const status: LineEntry['status'] =
			row.status === 'in_progress' ? 'in_progress' : row.stepped_out_at ? 'out' : row.called_at ? 'called' : 'waiting'
		const arrived = row.checked_in_at ?? row.started_at ?? row.starts_at
		const since = { waiting: arrived, out: row.stepped_out_at, called: row.called_at, in_progress: row.started_at }[status] ?? arrived
		return {
			ticket: row.ticket,
			status,
			sinceMs: since.getTime(),
			dueMs: row.starts_at.getTime(),
			arrivedMs: arrived.getTime(),
			doctorId: row.doctor_id,
			room: row.room,
			appointmentId: row.appointment_id,
			patientId: row.patient_id,
			patientName: row.patient_name,
			takes: takesOf(learnedOf.get(row.doctor_id), { typeId: row.type_id, plannedMinutes: row.planned_minutes }),
		}
	}

	function toExpected(row: ExpectedRow) {
		const takes = takesOf(learnedOf.get(row.doctor_id), { typeId: row.type_id, plannedMinutes: row.planned_minutes })
		return { dueMs: row.starts_at.getTime(), takes }
	}
}

export type Lines = { read(room: RoomRef): Promise<Line> }

/** The line of a doctor, or those of all doctors of a site. */
export type RoomRef = { of: 'doctor' | 'site'; id: string }

/** A line with all that is known of it. What a viewer sees of it: `seenBy` in rooms.ts. */
export type Line = readonly FullEntry[]

export type FullEntry = LineEntry & { appointmentId: string; patientId: string; patientName: string }

/** Long enough that a crowd at the door does not read the same two months again, short enough to learn during the day. */
const learnedForMs = 60_000

const statements = {
	line: { name: 'room_line', text: readSql('read_line.sql', import.meta.url) },
	expected: { name: 'room_expected', text: readSql('read_expected.sql', import.meta.url) },
	durations: { name: 'room_durations', text: readSql('read_durations.sql', import.meta.url) },
}

function toLine(visit: Omit<FullEntry, 'since' | 'room'> & { sinceMs: number; room: string | null }, wait: LineEntry['wait']): FullEntry {
	const { ticket, status, sinceMs, doctorId, room, appointmentId, patientId, patientName } = visit
	return {
		ticket,
		status,
		since: new Date(sinceMs).toISOString(),
		doctorId,
		...(room && { room }),
		...(wait && { wait }),
		appointmentId,
		patientId,
		patientName,
	}
}

type Row = {
	ticket: string
	appointment_id: string
	doctor_id: string
	patient_id: string
	type_id: string
	patient_name: string
	starts_at: Date
	status: 'checked_in' | 'in_progress'
	checked_in_at: Date | null
	called_at: Date | null
	room: string | null
	stepped_out_at: Date | null
	started_at: Date | null
	planned_minutes: number
}

type ExpectedRow = { doctor_id: string; type_id: string; starts_at: Date; planned_minutes: number }
