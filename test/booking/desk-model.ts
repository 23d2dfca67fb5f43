import type { AppointmentStatus } from '../../contract/index.ts'

export const doctorCount = 2
export const patientCount = 3
export const slotCount = 7
const holdLimits = { patient: 5, staff: 20 }
/** The desk is the actor after the patients. */
export const deskIndex = patientCount

/** A slot is a number that stands for its doctor and its position in the day. */
export type Op =
	| { do: 'hold'; actor: number; slot: number; long: boolean }
	| { do: 'release'; actor: number; slot: number }
	| { do: 'expire'; slot: number }
	| { do: 'book'; actor: number; patient: number; slot: number; long: boolean }
	| { do: 'cancel'; actor: number; appointment: number }
	| { do: 'move'; actor: number; appointment: number; slot: number }
	| { do: 'start'; appointment: number }

type OpOf<Kind extends Op['do']> = Extract<Op, { do: Kind }>

type Visit = { patient: number; slots: number[]; status: AppointmentStatus }

const dayOf = (index: number) => Math.floor(index / slotCount)
const hourOf = (index: number) => index % slotCount

/** The product's promises as a model without a database, mailboxes or time. */
export class Model {
	readonly visits: Visit[] = []
	readonly holds = new Map<number, { by: number; together: number[] }>()

	visitAt(index: number) {
		return this.visits.find(visit => visit.status !== 'cancelled' && visit.slots.includes(index))
	}

	private run(from: number, length: number): number[] | undefined {
		const indexes = Array.from({ length }, (_, step) => from + step)
		return indexes.every(index => dayOf(index) === dayOf(from)) ? indexes : undefined
	}

	private whyNotHad(indexes: number[], by: number, who?: number, own?: Visit): string | undefined {
		// The desk books for the patient who holds the slot.
		const isInTheWay = (holder: number | undefined) => holder !== undefined && holder !== by && !(by === deskIndex && holder === who)
		const foreign = indexes.filter(index => !own?.slots.includes(index))
		if (foreign.some(index => this.visitAt(index))) return 'slot_booked'
		if (foreign.some(index => isInTheWay(this.holds.get(index)?.by))) return 'slot_held'
		return undefined
	}

	private isBusy(who: number, indexes: number[], except?: Visit): boolean {
		const hours = new Set(indexes.map(hourOf))
		return this.visits.some(
			visit =>
				visit !== except && visit.patient === who && visit.status !== 'cancelled' && visit.slots.some(index => hours.has(hourOf(index))),
		)
	}

	private whyNotVisited(indexes: number[], by: number, who: number, own?: Visit): string | undefined {
		return this.whyNotHad(indexes, by, who, own) ?? (this.isBusy(who, indexes, own) ? 'patient_overlap' : undefined)
	}

	private take(indexes: number[]) {
		for (const index of indexes) this.holds.delete(index)
	}

	private letGo(together: number[], by: number) {
		for (const index of together) if (this.holds.get(index)?.by === by) this.holds.delete(index)
	}

	/** Returns `ok` or the code of the refusal; undefined when the operation has no subject. */
	apply(op: Op): string | undefined {
		if (op.do === 'hold') return this.hold(op)
		if (op.do === 'release') return this.release(op)
		if (op.do === 'expire') return this.expire(op)
		if (op.do === 'book') return this.book(op)
		const visit = this.visits[op.appointment]
		if (!visit) return undefined
		const by = op.do === 'start' ? deskIndex : op.actor
		if (by !== deskIndex && by !== visit.patient) return 'not_found'
		if (visit.status !== 'booked') return 'wrong_status'
		if (op.do === 'move') return this.move(visit, op)
		visit.status = op.do === 'cancel' ? 'cancelled' : 'in_progress'
		return 'ok'
	}

	/** Whether the slots exceed the actor's limit. Held slots may be held again, and one appointment may be longer than the limit. */
	private isOverLimit(actor: number, wanted: number[]): boolean {
		const held = [...this.holds].flatMap(([index, { by }]) => (by === actor ? [index] : []))
		const limit = actor === deskIndex ? holdLimits.staff : holdLimits.patient
		const isMore = wanted.some(index => !held.includes(index))
		const hasOthers = held.some(index => !wanted.includes(index))
		return isMore && hasOthers && new Set([...held, ...wanted]).size > limit
	}

	private hold({ actor, slot, long }: OpOf<'hold'>) {
		if (this.isOverLimit(actor, [slot])) return 'hold_limit'
		const run = this.run(slot, long ? 2 : 1)
		if (!run) return 'slot_blocked'
		const why = this.whyNotHad(run, actor)
		if (why === 'slot_booked') return why
		if (this.isOverLimit(actor, run)) return 'hold_limit'
		if (why) return why
		const replaced = run.flatMap(index => this.holds.get(index)?.together ?? []).filter(index => !run.includes(index))
		this.letGo(replaced, actor)
		for (const index of run) this.holds.set(index, { by: actor, together: run })
		return 'ok'
	}

	private release({ actor, slot }: OpOf<'release'>) {
		const held = this.holds.get(slot)
		if (held?.by !== actor) return 'hold_expired'
		this.letGo(held.together, actor)
		return 'ok'
	}

	private expire({ slot }: OpOf<'expire'>) {
		const held = this.holds.get(slot)
		if (!held) return undefined
		this.letGo(held.together, held.by)
		return 'ok'
	}

	private book({ actor, patient, slot, long }: OpOf<'book'>) {
		if (actor !== deskIndex && actor !== patient) return 'forbidden'
		const run = this.run(slot, long ? 2 : 1)
		if (!run) return 'slot_blocked'
		const why = this.whyNotVisited(run, actor, patient)
		if (why) return why
		this.take(run)
		this.visits.push({ patient, slots: run, status: 'booked' })
		return 'ok'
	}

	private move(visit: Visit, { actor, slot }: OpOf<'move'>) {
		const run = this.run(slot, visit.slots.length)
		if (!run) return 'slot_blocked'
		const why = this.whyNotVisited(run, actor, visit.patient, visit)
		if (why) return why
		this.take(run)
		visit.slots = run
		return 'ok'
	}

	/** A slot as the desk sees it. */
	view(index: number): string {
		const visit = this.visitAt(index)
		if (visit) return `booked ${this.visits.indexOf(visit)} ${visit.status}`
		const held = this.holds.get(index)
		return held ? `held by ${held.by}` : 'free'
	}
}
