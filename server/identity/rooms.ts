import type { CallerRooms } from '../platform/live/callers.ts'
import { type Actor, isStaff } from './actor.ts'

export const staffRoom = 'staff'

/** Rooms are named by whom they are for. A socket is in its actor's rooms, and changes rooms when the actor's role changes. */
export const actorRooms: CallerRooms<Actor> = {
	account: userRoom,
	session: sessionRoom,
	others: actor => (actor.status === 'active' && isStaff(actor) ? [staffRoom] : []),
}

export function userRoom(userId: string): string {
	return `user:${userId}`
}

function sessionRoom(sessionId: string): string {
	return `session:${sessionId}`
}
