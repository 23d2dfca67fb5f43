import type { LineEntry } from '../../contract/index.ts'
import { type Actor, checkAccess, isStaff } from '../identity/actor.ts'
import type { Line, RoomRef } from './line.ts'

/** Who looks at a line, and so what may be seen of it. */
export type Viewer =
	| { kind: 'staff' }
	| { kind: 'doctor'; doctorId: string }
	| { kind: 'patient'; patientId: string | undefined }
	/** The reader of a link sees one visit, whatever else the patient has that day. */
	| { kind: 'link'; appointmentId: string }
	| { kind: 'screen'; screenId: string }

export function topicOf({ of, id }: RoomRef): string {
	return `room:${of}:${id}`
}

/** @throws Refusal unauthenticated, account_pending, account_disabled, second_factor_needed */
export function viewerOf(actor: Actor | null): Viewer {
	checkAccess('signed-in', actor)
	const { role, userId, patientId } = actor as Actor
	if (isStaff(actor)) return { kind: 'staff' }
	return role === 'doctor' ? { kind: 'doctor', doctorId: userId } : { kind: 'patient', patientId }
}

/** What a viewer sees of a line. A screen gets nothing that leads to a person: no names, and no ids of visits. */
export function seenBy(viewer: Viewer, line: Line): LineEntry[] {
	switch (viewer.kind) {
		case 'staff':
			return line.map(({ patientId: _, ...entry }) => entry)
		case 'doctor':
			return line.filter(({ doctorId }) => doctorId === viewer.doctorId).map(({ patientId: _, ...entry }) => entry)
		case 'patient':
			return line.filter(({ patientId }) => patientId === viewer.patientId).map(own)
		case 'link':
			return line.filter(({ appointmentId }) => appointmentId === viewer.appointmentId).map(own)
		case 'screen':
			return line.map(({ ticket, status, since, doctorId, room }) => ({
				ticket,
				status,
				since,
				doctorId,
				...(room !== undefined && { room }),
			}))
	}
}

function own({ ticket, status, since, doctorId, room, wait, appointmentId }: Line[number]): LineEntry {
	return {
		ticket,
		status,
		since,
		doctorId,
		...(room !== undefined && { room }),
		...(wait && { wait }),
		mine: true,
		appointmentId,
	}
}
