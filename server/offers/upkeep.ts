import type { Commands } from '../booking/commands.ts'
import { staffRoom, userRoom } from '../identity/actor.ts'
import { type Db, isDatabaseUnavailable, type Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Absences } from './absences.ts'
import { readOffer, readOffers, toAnswer, toWireOffer } from './records.ts'
import { systemActor } from './system-actor.ts'

/**
 * What happens to offers without a call: their time is over, their message failed, their slots are gone; and people are told of what
 * changed. Everything is found in PostgreSQL by whichever node is alive, so that a node that dies leaves nothing undone.
 */
export function createUpkeep(deps: UpkeepDeps): Upkeep {
	const { db, run, io, log, commands, absences, announce } = deps
	let stopped = false
	let sweeping = Promise.resolve()
	let telling: Promise<void> | undefined
	let timer: NodeJS.Timeout | undefined
	schedule()

	return {
		tell: () => void tell(),
		async stop() {
			stopped = true
			clearTimeout(timer)
			await sweeping
			await telling
		},
	}

	function schedule() {
		if (stopped) return
		timer = setTimeout(() => {
			sweeping = sweep()
		}, sweepEveryMs)
		timer.unref()
	}

	async function sweep() {
		try {
			const [found] = await run<{ to_end: boolean; to_tell: boolean; to_do: boolean; is_outdated: boolean }>(whatIsThere, [])
			if (found?.to_end) await endThose()
			if (found?.is_outdated) await run(expireEntries, [])
			if (found?.to_do) await absences.finish()
			if (found?.to_tell) await tell()
		} catch (error) {
			if (!isDatabaseUnavailable(error)) log.warn({ reason: (error as Error).message }, 'the sweep of offers failed')
		}
		schedule()
	}

	/** Each offer is ended by one node; another tries again when that node has died. */
	async function endThose() {
		const rows = await run<{ id: string; end_as: 'expired' | 'withdrawn' }>(claimEnds, [])
		await Promise.all(
			rows.map(async ({ id, end_as: as }) => {
				try {
					const offer = await readOffer(db, id)
					if (!offer) return
					const caller = {
						actor: systemActor(offer.offered_by),
						origin: { ip: '', requestId: 'offers' },
						idempotencyKey: `offer-${id}-${as}`,
					}
					await commands.endOffer(caller, toAnswer(offer), as)
				} catch (error) {
					if (!(error instanceof Refusal)) log.warn({ reason: (error as Error).message, offerId: id }, 'an offer could not be ended')
				}
			}),
		)
	}

	function tell(): Promise<void> {
		telling ??= tellAll()
			.catch(error => log.debug({ reason: error.message }, 'changes of offers could not be told; the next sweep tries again'))
			.finally(() => (telling = undefined))
		return telling
	}

	async function tellAll() {
		while ((await db.transaction(tellSome)) === toldAtOnce);
		for (const rebooking of await absences.takeChanged()) io.to(staffRoom).emit('rebooking:changed', { rebooking })
	}

	/** A node that dies here has told some people, and another node tells all of them again, which does no harm. */
	async function tellSome(trx: Tx): Promise<number> {
		await trx.raw(`SET LOCAL idle_in_transaction_session_timeout = ${frozenAfterMs}`)
		const { rows } = await trx.raw<{ rows: { id: string }[] }>(markTold, { toldAtOnce })
		for (const offer of await readOffers(
			trx,
			rows.map(({ id }) => id),
		)) {
			const rooms = [staffRoom, ...(offer.patient_user_id === null ? [] : [userRoom(offer.patient_user_id)])]
			io.to(rooms).emit('offer:changed', { offer: toWireOffer(offer) })
			// The clock has started, so the slots are held until another moment than was published.
			if (offer.status === 'open') await announce(offer.doctor_id, offer.slot_starts)
		}
		return rows.length
	}
}

export type UpkeepDeps = {
	db: Db
	run: Run
	io: LiveServer
	log: Log
	commands: Pick<Commands, 'endOffer'>
	absences: Pick<Absences, 'finish' | 'takeChanged'>
	/** Has a doctor's mailbox read and publish slots. */
	announce: (doctorId: string, startsAt: readonly Date[]) => Promise<void>
}

export type Upkeep = {
	/** Tells people of changes that were committed. The caller does not wait; what is lost here the next sweep tells. */
	tell(): void
	stop(): Promise<void>
}

const sweepEveryMs = 250
const toldAtOnce = 100
const frozenAfterMs = 1000

/** An open offer whose time is over, whose patient cannot be told, or whose slots, doctor, patient or visit are gone. */
const toEnd = `o.status IN ('sending', 'open') AND (o.swept_at IS NULL OR o.swept_at < now() - interval '3 seconds') AND (
	o.expires_at <= now() OR o.starts_at <= now() OR (o.status = 'sending' AND o.is_unreachable)
	OR (SELECT count(*) FROM appointment_slots s WHERE s.offer_id = o.id AND NOT s.is_blocked) < cardinality(o.slot_starts)
	OR NOT EXISTS (SELECT FROM users u WHERE u.id = o.doctor_id AND u.status = 'active' AND u.role = 'doctor')
	OR EXISTS (SELECT FROM patients p WHERE p.id = o.patient_id AND p.erasure_asked_at IS NOT NULL)
	OR EXISTS (SELECT FROM appointments a WHERE a.id = o.replaces AND a.status NOT IN ('booked', 'checked_in'))
)`

const whatIsThere = {
	name: 'offers upkeep',
	text: `SELECT EXISTS (SELECT FROM slot_offers o WHERE ${toEnd}) AS to_end,
		EXISTS (SELECT FROM slot_offers WHERE told IS NULL) OR EXISTS (SELECT FROM rebookings WHERE changes <> told) AS to_tell,
		EXISTS (SELECT FROM rebooking_visits v JOIN rebookings r ON r.id = v.rebooking_id
			WHERE NOT v.is_done AND r.undone_at IS NULL AND r.created_at < now() - interval '5 seconds') AS to_do,
		EXISTS (SELECT FROM waitlist_entries WHERE status = 'waiting' AND instant_of_day(wanted_until, 'UTC', 2) < now()) AS is_outdated`,
}

const claimEnds = {
	name: 'offers to end',
	text: `UPDATE slot_offers SET swept_at = now()
		FROM (
			SELECT o.id AS ending FROM slot_offers o WHERE ${toEnd} ORDER BY o.expires_at LIMIT 50 FOR UPDATE SKIP LOCKED
		) found
		WHERE id = found.ending
		RETURNING id::text, CASE WHEN expires_at <= now() THEN 'expired' ELSE 'withdrawn' END AS end_as`,
}

/** The last day is over in every zone. */
const expireEntries = {
	name: 'expire entries',
	text: `UPDATE waitlist_entries SET status = 'expired', updated_at = now()
		WHERE status = 'waiting' AND instant_of_day(wanted_until, 'UTC', 2) < now()`,
}

const markTold = `
	UPDATE slot_offers SET told = status
	WHERE id IN (SELECT id FROM slot_offers WHERE told IS NULL ORDER BY id LIMIT :toldAtOnce FOR UPDATE SKIP LOCKED)
	RETURNING id`
