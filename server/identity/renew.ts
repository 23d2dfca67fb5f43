import type { Socket } from 'socket.io'
import type { Actor } from './actor.ts'
import type { EventHandlers } from './handlers.ts'

export type RenewDeps = {
	/** Signs a socket in with a token. @throws Refusal */
	renew: (socket: Socket, token: string) => Promise<Actor>
	/** Told when the socket is its account's again. */
	renewed: (socket: Socket) => void
}

/** A socket outlives its access token: it hands in the next one of the same account. */
export function renewHandlers({ renew, renewed }: RenewDeps): Pick<EventHandlers, 'session:renew'> {
	return {
		'session:renew': async ({ token }, { socket }) => {
			const { tokenExpiresAtMs } = await renew(socket, token)
			renewed(socket)
			return { expiresIn: Math.floor((tokenExpiresAtMs - Date.now()) / 1000) }
		},
	}
}
