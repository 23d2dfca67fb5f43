import type { Server, ServerResponse } from 'node:http'

/**
 * Ends a server without dropping a request. Node.js alone would also wait for connections on which nothing is asked: browsers
 * open some to have one at hand, and as long as none has carried a request they count as busy.
 * See https://nodejs.org/docs/latest-v20.x/api/http.html#servercloseidleconnections
 */
export const createEnding = (server: Server) => {
	const unanswered = new Set<ServerResponse>()
	let answered = () => {}
	// Before all others: who answers at once is noticed, too.
	server.prependListener('request', (_, response) => {
		unanswered.add(response)
		response.once('close', () => {
			unanswered.delete(response)
			if (unanswered.size === 0) answered()
		})
	})

	return {
		/** Cuts all connections as soon as everything that was asked is answered, or so much time has passed. */
		async cut(timeoutMs: number): Promise<void> {
			let timer: NodeJS.Timeout | undefined
			if (unanswered.size > 0) {
				await new Promise<void>(resolve => {
					answered = resolve
					timer = setTimeout(resolve, timeoutMs)
				})
			}
			clearTimeout(timer)
			server.closeAllConnections()
		},
	}
}
