import type { NotificationChannel } from '../../contract/index.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Claimed, DueMessage, Ledger } from './ledger.ts'
import type { Channel, Message } from './message.ts'
import { backoffMs, maxAttempts, maxAttemptsOfOffer, type QuietHours, whenToRing, whyNotSend } from './rules.ts'

export type DispatchDeps = {
	ledger: Ledger
	channels: readonly Channel[]
	links: (message: DueMessage, channel: NotificationChannel) => Message['links']
	quietHours: QuietHours | undefined
	log: Log
	/** The time that nodes agree on: one node's wrong clock must not make a visit seem over. */
	nowMs: () => number
	/** How long a process that dies keeps its rows from other processes. */
	leaseMs?: number
	batch?: number
	/** Whether a caller waits for more urgent work of this process. */
	giveWay?: (() => boolean) | undefined
	observe?: (channel: NotificationChannel, outcome: string) => void
}

export type Dispatch = {
	/** Sends messages that are due, and resolves when none is left that may be sent now. */
	tick(): Promise<void>
	/** Finishes messages that are under way, and leaves the others to other processes. */
	stop(): Promise<void>
}

/**
 * Sends the messages that are due in the ledger: each at least once, and normally once.
 *
 * A row is leased, read again immediately before sending, sent, and settled. When a process dies between sending and settling, the
 * row is sent again once its lease expires. Only messages that were under way can be sent twice.
 */
export function createDispatch(deps: DispatchDeps): Dispatch {
	const { ledger, channels, quietHours, log, nowMs } = deps
	const senders = channels.map(channel => createSender(channel, deps))
	let planning: Promise<void> | undefined

	return {
		async tick() {
			planning ??= plan().finally(() => {
				planning = undefined
			})
			await planning
			const outcomes = await Promise.allSettled(senders.map(sender => sender.wake()))
			for (const outcome of outcomes) if (outcome.status === 'rejected') log.warn({ err: outcome.reason }, 'dispatch interrupted')
		},
		async stop() {
			await Promise.all(senders.map(sender => sender.stop()))
			await planning?.catch(() => {})
		},
	}

	/** Moves new messages that make a phone ring out of quiet hours. */
	async function plan() {
		for (let rows = await ledger.unplanned(); rows.length > 0; rows = await ledger.unplanned()) {
			const planningMs = nowMs()
			await ledger.plan(rows.map(row => ({ id: row.id, atMs: whenToRing(row, quietHours, planningMs) })))
		}
	}
}

/** After this many failures in a row, a provider counts as unreachable until the next tick. */
const tooManyFailures = 20

/** The longest that a message gives way, so that messages are sent on a busy day too. */
const giveWayMs = 500

/** Sends the messages of one channel, so that no channel waits for another channel's slow or failing provider. */
function createSender(channel: Channel, deps: DispatchDeps) {
	const { ledger, links, quietHours, log, nowMs, leaseMs = 90_000, batch = 100, giveWay, observe } = deps
	let stopping = false
	let pausedUntilMs = 0
	let wakeTimer: NodeJS.Timeout | undefined
	let running: Promise<void> | undefined
	let again = false

	return {
		wake,
		async stop() {
			stopping = true
			clearTimeout(wakeTimer)
			await running?.catch(() => {})
		},
	}

	function wake(): Promise<void> {
		if (stopping) return Promise.resolve()
		again = true
		running ??= (async () => {
			try {
				while (again && !stopping) {
					again = false
					await sendDue()
				}
			} finally {
				running = undefined
				wakeWhenAllowed()
			}
		})()
		return running
	}

	async function sendDue(): Promise<void> {
		const waiting: Claimed[] = []
		let claiming: Promise<void> | undefined
		let isLast = false
		let failures = 0
		const mayGoOn = () => !stopping && failures < tooManyFailures && nowMs() >= pausedUntilMs

		async function claim() {
			const rows = await ledger.claim(channel.name, batch, leaseMs)
			waiting.push(...rows)
			isLast = rows.length < batch
		}

		async function next(): Promise<Claimed | undefined> {
			while (mayGoOn()) {
				const claimed = waiting.shift()
				if (claimed || isLast) return claimed
				claiming ??= claim().finally(() => {
					claiming = undefined
				})
				await claiming
			}
			return undefined
		}

		async function sendOneByOne() {
			for (let claimed = await next(); claimed; claimed = await next()) {
				await letOthersPass()
				try {
					failures = (await send(claimed)) === 'failing' ? failures + 1 : 0
				} catch (error) {
					// The ledger is unreachable, or this row cannot be processed. The row's lease will expire, and the other rows go on.
					failures++
					log.error({ err: error, notification: claimed.id, channel: channel.name }, 'notification not sent')
				}
			}
		}

		const outcomes = await Promise.allSettled(Array.from({ length: channel.concurrency }, sendOneByOne))
		await ledger.release(waiting)
		const failed = outcomes.find(each => each.status === 'rejected')
		if (failed?.status === 'rejected') throw failed.reason
	}

	async function letOthersPass() {
		const latestMs = performance.now() + giveWayMs
		while (giveWay?.() && performance.now() < latestMs && !stopping) await new Promise(resolve => setTimeout(resolve, 20))
	}

	async function send(claimed: Claimed): Promise<'ok' | 'failing' | 'throttled'> {
		const due = await ledger.read(claimed)
		if (!due?.isOurs) return 'ok'
		const sendingMs = nowMs()
		const objection = whyNotSend(due, channel.name, sendingMs)
		if (objection) {
			await ledger.settle(claimed, objection)
			observe?.(channel.name, objection.status)
			return 'ok'
		}
		if (channel.name !== 'email') {
			const atMs = whenToRing({ ...due, visitMs: due.visit.startsAtMs, timeZone: due.patientZone }, quietHours, sendingMs)
			if (atMs === null || atMs > sendingMs) {
				await ledger.settle(claimed, atMs === null ? { status: 'skipped', reason: 'quiet hours' } : { status: 'due', retryAtMs: atMs })
				return 'ok'
			}
		}
		const { id, kind, text, offer, patient, visit } = due
		const sending = await channel.send({ id, kind, text, offer, patient, visit, links: links(due, channel.name) })
		if (sending.sent) {
			await ledger.settle(claimed, { status: 'sent', providerId: sending.providerId, countsAsAttempt: true })
			observe?.(channel.name, 'sent')
			return 'ok'
		}
		const { failure, reason } = sending
		if (failure === 'throttled') {
			const retryAtMs = nowMs() + sending.retryAfterMs
			pausedUntilMs = Math.max(pausedUntilMs, retryAtMs)
			await ledger.settle(claimed, { status: 'due', reason, retryAtMs })
			observe?.(channel.name, 'throttled')
			return 'throttled'
		}
		const attempts = due.attempts + 1
		const isGivenUp = failure === 'permanent' || attempts >= (kind === 'offer' ? maxAttemptsOfOffer : maxAttempts)
		await ledger.settle(claimed, {
			status: isGivenUp ? 'failed' : 'due',
			reason,
			countsAsAttempt: true,
			...(!isGivenUp && { retryAtMs: nowMs() + backoffMs(attempts) }),
		})
		observe?.(channel.name, isGivenUp ? 'failed' : 'postponed')
		return failure === 'permanent' ? 'ok' : 'failing'
	}

	function wakeWhenAllowed() {
		clearTimeout(wakeTimer)
		const waitMs = pausedUntilMs - nowMs()
		if (!stopping && waitMs > 0 && waitMs < 60_000) wakeTimer = setTimeout(() => void wake().catch(() => {}), waitMs + 10)
	}
}
