import type { Socket } from 'socket.io'
import type { EventHandlers } from '../platform/live/events.ts'
import { Refusal } from '../platform/refusal.ts'
import { signedIn } from './access.ts'
import type { Actor } from './actor.ts'
import type { Authentication } from './identity.ts'

export type RenewDeps = {
	authenticateToken: Authentication['authenticateToken']
	setActor: (socket: Socket, actor: Actor) => void
	/** The socket is its account's again. */
	renewed: (socket: Socket) => void
}

/** A socket outlives its access token: it brings the next one, of the same account. */
export const renewHandlers = ({ authenticateToken, setActor, renewed }: RenewDeps): Pick<EventHandlers, 'session:renew'> => ({
	'session:renew': async ({ token }, { socket, actor }) => {
		const next = signedIn(await authenticateToken(token))
		if (actor && actor.userId !== next.userId) throw new Refusal('forbidden')
		setActor(socket, next)
		renewed(socket)
		return { expiresIn: Math.floor((next.tokenExpiresAtMs - Date.now()) / 1000) }
	},
})
