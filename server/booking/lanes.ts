/** Doctors that one lane drains together. */
const maxDoctors = 100
/** Lanes of one node: while one waits for the disk, the other reads and decides. */
const maxLanes = 2

/** A lane that is kept for these doctors until it is known what there is to do; whoever has it must start it. */
export type KeptLane = { doctorIds: readonly string[]; start(work: () => Promise<void>): void }

/** Which doctors wait to be drained on this node, and by which lane. No doctor is in two at once. `drain` must not reject. */
export const createLanes = (drain: (doctorIds: readonly string[]) => Promise<void>) => {
	const waiting = new Set<string>()
	const busy = new Set<string>()
	let running = 0
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

	const work = async (doctorIds: readonly string[], task: () => Promise<void>) => {
		await task()
		for (const doctorId of doctorIds) busy.delete(doctorId)
	}

	const lane = async (): Promise<void> => {
		for (let doctorIds = nextDoctors(); doctorIds.length > 0 && !stopping; doctorIds = nextDoctors()) {
			const together = doctorIds
			await work(together, () => drain(together))
		}
	}

	const leave = () => {
		running--
		if (!stopping && [...waiting].some(doctorId => !busy.has(doctorId))) wake()
		else if (running === 0) for (const resolve of idle.splice(0)) resolve()
	}

	const wake = () => {
		if (running >= maxLanes || stopping) return
		running++
		void lane().finally(leave)
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
			if (running >= maxLanes || stopping || mine.length === 0) return null
			running++
			for (const doctorId of mine) busy.add(doctorId)
			return { doctorIds: mine, start: task => void work(mine, task).then(lane).finally(leave) }
		},
		/** Lets running batches end; what waits is left to other nodes. */
		async stop(): Promise<void> {
			stopping = true
			waiting.clear()
			if (running > 0) await new Promise<void>(resolve => idle.push(resolve))
		},
	}
}
