import type { NotificationChannel } from '../../contract/index.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Claimed, DueMessage, Ledger } from './ledger.ts'
import type { Channel, Message } from './message.ts'
import { type QuietHours, whenToRing } from './quiet-hours.ts'
import { backoffMs, maxAttempts, whyNotSend } from './rules.ts'

export type DispatchDeps = {
	ledger: Ledger
	channels: readonly Channel[]
	links: (message: DueMessage, channel: NotificationChannel) => Message['links']
	quietHours: QuietHours | undefined
	log: Log
	/** The time that nodes agree on; a wrong clock of one must not make a visit seem over. */
	nowMs: () => number
	/** How long a dead process keeps its rows from others. */
	leaseMs?: number
	batch?: number
	/** Whether somebody waits for something more urgent of this process. */
	giveWay?: (() => boolean) | undefined
	observe?: (channel: NotificationChannel, outcome: string) => void
}

export type Dispatch = {
	/** Sends what is due, and resolves when nothing is left that may be sent now. */
	tick(): Promise<void>
	/** Lets messages that are under way end; what waits is left to others. */
	stop(): Promise<void>
}

/**
 * Sends what the ledger says is due: at least once, and normally once.
 *
 * A row is leased, looked at again immediately before sending, sent, and marked. A process that dies between sending and
 * marking leaves a row that is sent again when its lease has run out: as many as were under way, never more.
 */
export function createDispatch(deps: DispatchDeps): Dispatch {
	const { ledger, channels, quietHours, log, nowMs } = deps
	const lanes = channels.map(channel => createLane(channel, deps))
	let planning: Promise<void> | undefined

	return {
		async tick() {
			planning ??= plan().finally(() => {
				planning = undefined
			})
			await planning
			const outcomes = await Promise.allSettled(lanes.map(lane => lane.wake()))
			for (const outcome of outcomes) if (outcome.status === 'rejected') log.warn({ err: outcome.reason }, 'dispatch interrupted')
		},
		async stop() {
			await Promise.all(lanes.map(lane => lane.stop()))
			await planning?.catch(() => {})
		},
	}

	/** Holds new messages that ring against quiet hours. */
	async function plan() {
		for (let rows = await ledger.unplanned(); rows.length > 0; rows = await ledger.unplanned()) {
			const planningMs = nowMs()
			await ledger.plan(rows.map(row => ({ id: row.id, atMs: whenToRing(row, quietHours, planningMs) })))
		}
	}
}

/** Failures in a row after which a provider counts as away until the next tick. */
const tooManyFailures = 20

/** How long a message gives way at most, so that a busy day's messages still go out. */
const giveWayMs = 500

/** One channel of one process: it sends with its own speed, and its provider's troubles are its own. */
function createLane(channel: Channel, deps: DispatchDeps) {
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
					await drain()
				}
			} finally {
				running = undefined
				wakeWhenAllowed()
			}
		})()
		return running
	}

	async function drain(): Promise<void> {
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

		async function worker() {
			for (let claimed = await next(); claimed; claimed = await next()) {
				await letOthersPass()
				try {
					failures = (await send(claimed)) === 'failing' ? failures + 1 : 0
				} catch (error) {
					// The ledger is out of reach, or the row is beyond us: its lease runs out, and others go on.
					failures++
					log.error({ err: error, notification: claimed.id, channel: channel.name }, 'notification not sent')
				}
			}
		}

		const workers = await Promise.allSettled(Array.from({ length: channel.concurrency }, worker))
		await ledger.release(waiting)
		const failed = workers.find(each => each.status === 'rejected')
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
		const { id, kind, patient, visit } = due
		const sending = await channel.send({ id, kind, patient, visit, links: links(due, channel.name) })
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
		const given = failure === 'permanent' || attempts >= maxAttempts
		await ledger.settle(claimed, {
			status: given ? 'failed' : 'due',
			reason,
			countsAsAttempt: true,
			...(!given && { retryAtMs: nowMs() + backoffMs(attempts) }),
		})
		observe?.(channel.name, given ? 'failed' : 'postponed')
		return failure === 'permanent' ? 'ok' : 'failing'
	}

	function wakeWhenAllowed() {
		clearTimeout(wakeTimer)
		const waitMs = pausedUntilMs - nowMs()
		if (!stopping && waitMs > 0 && waitMs < 60_000) wakeTimer = setTimeout(() => void wake().catch(() => {}), waitMs + 10)
	}
}
