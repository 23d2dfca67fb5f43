import type { Caller, CallerPolicy } from '../../server/platform/caller.ts'

/** A policy that admits every caller: for the transports alone, without a domain behind them. */
export const openToAll: CallerPolicy<Caller> = {
	admit: (_access, caller) => caller,
	isReadingRecorded: () => false,
	followedEntity: 'thing',
}
