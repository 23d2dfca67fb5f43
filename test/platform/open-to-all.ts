import type { Caller, CallerPolicy } from '../../server/platform/caller.ts'

/** A policy that admits every caller, for tests of the transports without a domain. */
export const openToAll: CallerPolicy<Caller> = {
	admit: (_access, caller) => caller,
	isReadingRecorded: () => false,
	followedEntity: 'thing',
}
