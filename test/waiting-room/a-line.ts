import type { LineEntry, Room, RoomChanged } from '../../contract/index.ts'
import { slotId } from '../../server/slots/slot-id.ts'
import { aType } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { aPatient, aReceptionist, type Person } from '../support/people.ts'
import { type Client, ok } from '../support/watcher.ts'

const minuteMs = 60_000

/** Books a visit that starts so many minutes from now, with its slot. */
export const aVisit = async (node: TestNode, doctor: Person, { inMinutes = 0, minutes = 5, patient }: VisitOptions = {}) => {
	const of = patient ?? (await aPatient(node))
	const startsAt = new Date(Math.floor(Date.now() / minuteMs + inMinutes) * minuteMs)
	const endsAt = new Date(startsAt.getTime() + minutes * minuteMs)
	const [{ id: typeId }] = await node.db('appointment_types').orderBy('position').limit(1).select('id')
	const [row] = await node
		.db('appointments')
		.insert({
			doctor_id: doctor.id,
			patient_id: of.id,
			type_id: typeId,
			starts_at: startsAt,
			ends_at: endsAt,
			slot_starts: [startsAt],
			booked_by: of.id,
			idempotency_key: `visit ${of.id} ${inMinutes}`,
		})
		.returning('id')
	await node.db('appointment_slots').insert({ doctor_id: doctor.id, starts_at: startsAt, ends_at: endsAt, appointment_id: row.id })
	return { id: String(row.id), patient: of, slotId: slotId(doctor.id, startsAt.getTime() / minuteMs), startsAt }
}

type VisitOptions = { inMinutes?: number; minutes?: number; patient?: Person }

export type Visit = Awaited<ReturnType<typeof aVisit>>

export const aDesk = async (node: TestNode) => {
	const { token } = await aReceptionist(node)
	const act =
		(what: string) =>
		(visit: { id: string }, body: unknown = {}) =>
			call(node, 'POST', `/appointments/${visit.id}/${what}`, { token, body })
	return {
		token,
		checkIn: act('check-in'),
		call: act('call'),
		stepOut: act('step-out'),
		stepIn: act('step-in'),
		status: (visit: { id: string }, status: string) => act('status')(visit, { status }),
		line: async (doctorId: string): Promise<LineEntry[]> =>
			(await call(node, 'GET', `/waiting-room?doctorId=${doctorId}`, { token })).body.entries,
	}
}

export const siteOf = async (node: TestNode): Promise<string> => String((await node.db('sites').orderBy('id').first('id')).id)

/** Follows a line as the contract says: a snapshot, then changes whose versions continue it. */
export const aLineWatcher = async (
	socket: Client,
	request: { doctorId?: string; siteId?: string; screenToken?: string; link?: string },
) => {
	const changes: RoomChanged[] = []
	let room: Room | undefined
	let gaps = 0
	socket.on('room:changed', changed => {
		if (!room) throw new Error('a change before the snapshot')
		if (changed.fromVersion !== room.version + 1) gaps++
		changes.push(changed)
		room = { ...room, version: changed.toVersion, entries: changed.entries }
	})
	room = await new Promise<Room>((resolve, reject) => {
		socket.emit('room:watch', request, answer => {
			try {
				const { ok: _, ...snapshot } = ok(answer)
				room = snapshot
				resolve(snapshot)
			} catch (error) {
				reject(error)
			}
		})
	})
	return {
		changes,
		gaps: () => gaps,
		entries: (): LineEntry[] => (room as Room).entries,
		statuses: () => Object.fromEntries((room as Room).entries.map(({ ticket, status }) => [ticket, status])),
		version: () => (room as Room).version,
	}
}

export { aType }
