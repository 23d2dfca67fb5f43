import type { Socket } from 'socket.io'
import { Refusal } from '../platform/refusal.ts'
import { signedIn } from './access.ts'
import type { Actor } from './actor.ts'
import type { EventHandlers } from './handlers.ts'
import type { Identity } from './identity.ts'

export type RenewDeps = {
	identity: Pick<Identity, 'authenticateToken'>
	setCaller: (socket: Socket, actor: Actor) => void
	/** The socket is its account's again. */
	renewed: (socket: Socket) => void
}

/** A socket outlives its access token: it brings the next one, of the same account. */
export const renewHandlers = ({ identity, setCaller, renewed }: RenewDeps): Pick<EventHandlers, 'session:renew'> => ({
	'session:renew': async ({ token }, { socket, actor }) => {
		const next = signedIn(await identity.authenticateToken(token))
		if (actor && actor.userId !== next.userId) throw new Refusal('forbidden')
		setCaller(socket, next)
		renewed(socket)
		return { expiresIn: Math.floor((next.tokenExpiresAtMs - Date.now()) / 1000) }
	},
})
