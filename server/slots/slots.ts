import { createHoldScripts } from './board.ts'
import { type CalendarDeps, createCalendar } from './calendar.ts'
import { createHolds, type HoldsDeps } from './holds.ts'
import { createHoldsApi, type HoldsApiDeps } from './holds-api.ts'

export type SlotsDeps = Omit<CalendarDeps, 'readHolds'> & Omit<HoldsDeps, 'knownVersion'> & Omit<HoldsApiDeps, 'holds'>

/** Creates the short-lived parts of slots: holds and watchers. */
export function createSlots(deps: SlotsDeps) {
	const calendar = createCalendar({ ...deps, readHolds: createHoldScripts(deps.redis).read })
	const holds = createHolds({ ...deps, knownVersion: calendar.knownVersion })
	const holdsApi = createHoldsApi({ ...deps, holds })
	return {
		holds,
		nextFree: calendar.nextFree,
		routes: [...calendar.routes, ...holdsApi.routes],
		handlers: { ...calendar.handlers, ...holdsApi.handlers },
		connected: holdsApi.connected,
		callerChanged: calendar.callerChanged,
		disconnected(socket: Parameters<typeof holdsApi.disconnected>[0]) {
			holdsApi.disconnected(socket)
			calendar.disconnected(socket)
		},
		async stop() {
			holdsApi.stop()
			await calendar.stop()
		},
	}
}
