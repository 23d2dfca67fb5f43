import type { Socket } from 'socket.io'
import type { Caller } from '../caller.ts'

/** The account that a socket is signed in as; null for a socket without one. */
export function callerOf<C extends Caller = Caller>(socket: Socket): C | null {
	return socket.data.caller ?? null
}
