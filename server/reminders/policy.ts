import type { NotificationChannel } from '../../contract/index.ts'

/** What a booking writes into the ledger. */
export type NoticePolicy = {
	/** Channels that this clinic has set up. */
	channels: readonly NotificationChannel[]
	/** How long before a visit patients are reminded of it. */
	leadMinutes: readonly number[]
}
