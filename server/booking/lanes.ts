/** Doctors that one lane drains together. */
const maxDoctors = 100
/** Lanes of one node. */
const maxLanes = 4
/** What one lane settles together costs least, so one that has more doctors than these takes up what comes meanwhile, too. */
const fewDoctors = 2
/** It is not waited for when something holds it up: a disk, or rows of a doctor that somebody else has locked. */
const heldUpMs = 100

/** A lane that is kept for these doctors until it is known what there is to do; whoever has it must start it. */
export type KeptLane = { doctorIds: readonly string[]; start(work: () => Promise<void>): void }

type Lane = { sinceMs: number; doctors: number }

/** Which doctors wait to be drained on this node, and by which lane. No doctor is in two at once. `drain` must not reject. */
export const createLanes = (drain: (doctorIds: readonly string[]) => Promise<void>, nowMs: () => number = () => performance.now()) => {
	const waiting = new Set<string>()
	const busy = new Set<string>()
	const open = new Set<Lane>()
	let looking: NodeJS.Timeout | undefined
	let stopping = false
	const idle: (() => void)[] = []

	const nextDoctors = (): string[] => {
		const doctorIds = [...waiting].filter(doctorId => !busy.has(doctorId)).slice(0, maxDoctors)
		for (const doctorId of doctorIds) {
			waiting.delete(doctorId)
			busy.add(doctorId)
		}
		return doctorIds
	}

	const work = async (lane: Lane, doctorIds: readonly string[], task: () => Promise<void>) => {
		Object.assign(lane, { sinceMs: nowMs(), doctors: doctorIds.length })
		await task()
		for (const doctorId of doctorIds) busy.delete(doctorId)
	}

	const isHeldUp = (lane: Lane) => nowMs() - lane.sinceMs >= heldUpMs
	const isAnyWaiting = () => [...waiting].some(doctorId => !busy.has(doctorId))
	/** Another lane is about to look at what waits. */
	const isLeftToAnother = (lane: Lane) => [...open].some(other => other !== lane && !isHeldUp(other))

	const workOn = async (lane: Lane, doctorIds: readonly string[], task: () => Promise<void>): Promise<void> => {
		await work(lane, doctorIds, task)
		while (!stopping && !isLeftToAnother(lane)) {
			const next = nextDoctors()
			if (next.length === 0) return
			await work(lane, next, () => drain(next))
		}
	}

	const close = (lane: Lane) => {
		const isLeft = isLeftToAnother(lane)
		open.delete(lane)
		if (isLeft) lookLater()
		else if (!stopping) wake()
		if (open.size === 0) for (const resolve of idle.splice(0)) resolve()
	}

	const openLane = (): Lane | null => {
		const isToWait = (lane: Lane) => lane.doctors > fewDoctors && !isHeldUp(lane)
		if (stopping || open.size >= maxLanes || [...open].some(isToWait)) return null
		const lane = { sinceMs: nowMs(), doctors: 0 }
		open.add(lane)
		return lane
	}

	/** In case those that are open are held up until then. */
	const lookLater = () => {
		looking ??= setTimeout(() => {
			looking = undefined
			if (!stopping) wake()
		}, heldUpMs).unref()
	}

	const wake = () => {
		if (!isAnyWaiting()) return
		const lane = openLane()
		if (!lane) return lookLater()
		const doctorIds = nextDoctors()
		void workOn(lane, doctorIds, () => drain(doctorIds)).finally(() => close(lane))
	}

	return {
		/** There is something in the doctor's queue: whichever lane is free next looks after it. */
		later: (doctorId: string): void => void waiting.add(doctorId),
		/** There is something in the doctor's queue, and a lane that is free looks after it now. */
		poke(doctorId: string): void {
			waiting.add(doctorId)
			wake()
		},
		/** A free lane for those of the doctors that nobody drains here; null when there is none, or no such doctor. */
		keep(doctorIds: readonly string[]): KeptLane | null {
			const mine = doctorIds.filter(doctorId => !busy.has(doctorId)).slice(0, maxDoctors)
			const lane = mine.length > 0 ? openLane() : null
			if (!lane) return null
			lane.doctors = mine.length
			for (const doctorId of mine) busy.add(doctorId)
			return { doctorIds: mine, start: task => void workOn(lane, mine, task).finally(() => close(lane)) }
		},
		/** Lets running batches end; what waits is left to other nodes. */
		async stop(): Promise<void> {
			stopping = true
			clearTimeout(looking)
			waiting.clear()
			if (open.size > 0) await new Promise<void>(resolve => idle.push(resolve))
		},
	}
}
