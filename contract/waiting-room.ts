import { z } from 'zod'
import { Appointment } from './appointments.ts'
import { Id, IdParams, Instant, Text } from './common.ts'
import { endpoint } from './endpoint.ts'
import type { RefusalCode } from './refusals.ts'

export const LineStatus = z.enum(['waiting', 'called', 'in_progress', 'out'])
export type LineStatus = z.infer<typeof LineStatus>

export const LineEntry = z
	.object({
		ticket: z.string(),
		status: LineStatus,
		since: Instant.meta({ description: 'When the visit got this status.' }),
		doctorId: Id,
		room: z.string().optional(),
		wait: z
			.object({ fromMinutes: z.number().int(), toMinutes: z.number().int() })
			.optional()
			.meta({ description: 'How long the wait may be, from now; never ends before the visit’s own time.' }),
		mine: z.boolean().optional(),
		appointmentId: Id.optional(),
		patientName: z.string().optional(),
	})
	.meta({ id: 'LineEntry', description: 'Staff and the doctor see whose visit it is, patients only their own, screens the ticket.' })
export type LineEntry = z.infer<typeof LineEntry>

const RoomOf = { doctorId: Id.optional(), siteId: Id.optional() }

const Line = { ...RoomOf, entries: z.array(LineEntry) }

export const Room = z.object({ ...Line, version: z.number().int() }).meta({ id: 'Room' })
export type Room = z.infer<typeof Room>

export const RoomChanged = z.object({ ...Line, fromVersion: z.number().int(), toVersion: z.number().int() }).meta({
	id: 'RoomChanged',
	description: 'The whole line as it is now. Versions are contiguous for each watcher.',
})
export type RoomChanged = z.infer<typeof RoomChanged>

const isOneRoom = ({ doctorId, siteId }: { doctorId?: string | undefined; siteId?: string | undefined }) =>
	(doctorId === undefined) !== (siteId === undefined)
const oneRoom = { message: 'must be one of doctorId and siteId', path: ['doctorId'] }

const Secret = z.string().min(1).max(200)

/** `screenToken` is what a paired wall screen has in place of an account, `link` what a patient's message has. */
export const RoomRequest = z
	.object({ ...RoomOf, screenToken: Secret.optional(), link: Secret.optional() })
	.refine(request => request.link !== undefined || isOneRoom(request), oneRoom)
	.transform(request => ({ ...request, name: request.doctorId ?? `site ${request.siteId}` }))
export type RoomRequest = z.output<typeof RoomRequest>

export const ArrivedAppointment = Appointment.extend({ ticket: z.string().optional() }).meta({ id: 'ArrivedAppointment' })
export type ArrivedAppointment = z.infer<typeof ArrivedAppointment>

/** What the reader of a link may know of the visit. */
export const LinkedVisit = z
	.object({
		appointmentId: Id,
		doctorId: Id,
		doctorName: z.string(),
		startsAt: Instant,
		timeZone: z.string(),
		checkInFrom: Instant,
		status: Appointment.shape.status,
		ticket: z.string().optional(),
	})
	.meta({ id: 'LinkedVisit' })
export type LinkedVisit = z.infer<typeof LinkedVisit>

export const ScreenKind = z.enum(['wall', 'kiosk'])
export type ScreenKind = z.infer<typeof ScreenKind>

export const Screen = z
	.object({
		id: Id,
		siteId: Id,
		kind: ScreenKind,
		createdAt: Instant,
		pairedAt: Instant.optional(),
		code: z.string().optional().meta({ description: 'Shown once, to the admin who adds the screen. Pairs one screen, within minutes.' }),
		codeExpiresAt: Instant.optional(),
	})
	.meta({ id: 'Screen' })
export type Screen = z.infer<typeof Screen>

export const PairedScreen = z
	.object({ token: z.string(), kind: ScreenKind, siteId: Id, siteName: z.string(), clinicName: z.string(), locale: z.string() })
	.meta({ id: 'PairedScreen' })
export type PairedScreen = z.infer<typeof PairedScreen>

const moveRefusals: readonly RefusalCode[] = ['not_found', 'wrong_status']
const checkInRefusals: readonly RefusalCode[] = [...moveRefusals, 'too_soon', 'too_late', 'queue_full', 'booking_pending']
const tag = 'Waiting room'
const atDoor = ['doctor', 'receptionist', 'admin'] as const

export const waitingRoomEndpoints = {
	getRoom: endpoint({
		method: 'get',
		path: '/waiting-room',
		tag,
		summary: 'Today’s line of a doctor or of a site: all for staff, a doctor’s own, of a patient their own visit.',
		access: 'signed-in',
		reveals: 'waiting_room',
		query: z.object(RoomOf).refine(isOneRoom, oneRoom),
		response: Room,
		refusals: ['not_found'],
	}),
	checkIn: endpoint({
		method: 'post',
		path: '/appointments/:id/check-in',
		tag,
		summary: 'Join the line: one’s own visit from 60 minutes before, with an account or the link of a message; staff and the doctor any.',
		access: 'anyone',
		params: IdParams,
		body: z.object({ link: Secret.optional() }),
		response: ArrivedAppointment,
		refusals: ['unauthenticated', ...checkInRefusals],
	}),
	callIn: endpoint({
		method: 'post',
		path: '/appointments/:id/call',
		tag,
		summary: 'Call a waiting patient, to a room. Calling again sounds again; to another room only after stepping in.',
		access: atDoor,
		params: IdParams,
		body: z.object({ room: Text(20).optional() }),
		response: ArrivedAppointment,
		refusals: moveRefusals,
	}),
	stepOut: endpoint({
		method: 'post',
		path: '/appointments/:id/step-out',
		tag,
		summary: 'A patient leaves the waiting room for a while, and keeps the place.',
		access: atDoor,
		params: IdParams,
		response: ArrivedAppointment,
		refusals: moveRefusals,
	}),
	stepIn: endpoint({
		method: 'post',
		path: '/appointments/:id/step-in',
		tag,
		summary: 'A patient is back, or a call is taken back: waiting again, at the same place.',
		access: atDoor,
		params: IdParams,
		response: ArrivedAppointment,
		refusals: moveRefusals,
	}),
	readVisitLink: endpoint({
		method: 'post',
		path: '/visit-links',
		tag,
		summary: 'The visit behind the link of a message.',
		access: 'anyone',
		body: z.object({ link: Secret }),
		response: LinkedVisit,
		refusals: ['not_found'],
	}),
	listScreens: endpoint({
		method: 'get',
		path: '/screens',
		tag,
		summary: 'Screens that are paired or wait for it.',
		access: ['admin'],
		response: z.object({ items: z.array(Screen), nextCursor: z.null() }),
	}),
	addScreen: endpoint({
		method: 'post',
		path: '/screens',
		tag,
		summary: 'Add a wall screen or a kiosk, with a code that pairs it once.',
		access: ['admin'],
		body: z.object({ siteId: Id, kind: ScreenKind }),
		status: 201,
		response: Screen,
		refusals: ['not_found'],
	}),
	removeScreen: endpoint({
		method: 'delete',
		path: '/screens/:id',
		tag,
		summary: 'Revoke a screen. It is disconnected at once.',
		access: ['admin'],
		params: IdParams,
		refusals: ['not_found'],
	}),
	pairScreen: endpoint({
		method: 'post',
		path: '/screens/pair',
		tag,
		summary: 'Exchange a code for the token of a screen.',
		access: 'anyone',
		body: z.object({ code: z.string().min(1).max(20) }),
		response: PairedScreen,
		refusals: ['not_found'],
	}),
	checkInAtKiosk: endpoint({
		method: 'post',
		path: '/screens/check-in',
		tag,
		summary: 'A patient checks in at a kiosk: by birth date and a part of the name, or by the link of a message.',
		access: 'anyone',
		body: z
			.object({ token: Secret, birthDate: z.iso.date().optional(), name: Text(100).optional(), link: z.string().max(300).optional() })
			.refine(({ link, birthDate, name }) => link !== undefined || (birthDate !== undefined && name !== undefined), {
				message: 'must be a link, or a birth date and a name',
				path: ['link'],
			}),
		response: z.object({ ticket: z.string() }),
		refusals: ['unauthenticated', 'not_found'],
	}),
}

/** A walk-in becomes an appointment, so its call answers as booking does. */
export const walkInEndpoints = {
	addWalkIn: endpoint({
		method: 'post',
		path: '/walk-ins',
		tag,
		summary: 'A patient without an appointment joins the line of a doctor.',
		access: ['receptionist', 'admin'],
		body: z.object({ doctorId: Id, patientId: Id, typeId: Id.optional(), reason: Text(500).optional() }),
		status: 201,
		response: ArrivedAppointment,
		repeatable: true,
		refusals: ['not_found', 'patient_overlap', 'type_not_offered', 'idempotency_mismatch', 'queue_full', 'booking_pending'],
	}),
}
