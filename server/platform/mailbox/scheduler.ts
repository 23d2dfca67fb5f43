/**
 * Decides which keys this node drains, and when.
 *
 * A key is
 *   idle      This node knows of no message for the key. The key leaves this state when a message is posted or a sweep finds one.
 *   waiting   The key has messages and no lane. The next free lane takes it.
 *   draining  One lane has the key, from asking for its lease until its batch is settled; two lanes never have the same key.
 *             Afterwards the key is idle, or waits again if messages were left or arrived meanwhile.
 *
 * A lane drains up to 100 keys together, then those that wait by then, until no key waits. A lane is
 *   open      Draining. While a lane has more than `fewKeys` keys, no other opens, because settling together costs least.
 *   held up   Open for longer than `heldUpMs`, because of a slow disk or rows that another transaction has locked. Other lanes
 *             open as if this one did not exist.
 *   closed    No key waited when its batch was settled, or another open lane is about to look.
 *
 * `drain` settles the waiting messages of the keys, and never rejects.
 */
export function createScheduler(
	drain: (keys: readonly string[]) => Promise<void>,
	nowMs: () => number = () => performance.now(),
): Scheduler {
	const waiting = new Set<string>()
	const draining = new Set<string>()
	const lanes = new Set<Lane>()
	let stage: Stage = { name: 'running', look: undefined }

	return { wake, wait: key => void waiting.add(key), begin, stop }

	/** Notes that the key has messages, which a free lane drains now. */
	function wake(key: string): void {
		waiting.add(key)
		wakeLane()
	}

	/** Returns a lane for the keys that no lane drains; null when no lane is free. The caller must run it. */
	function begin(keys: readonly string[]): Turn | null {
		const mine = keys.filter(key => !draining.has(key)).slice(0, maxKeys)
		const lane = mine.length > 0 ? openLane() : null
		if (!lane) return null
		lane.keys = mine.length
		for (const key of mine) draining.add(key)
		return { keys: mine, run: work => void runLane(lane, mine, work) }
	}

	/** Waits for running batches, and leaves waiting keys to other nodes. */
	async function stop(): Promise<void> {
		if (stage.name === 'running') clearTimeout(stage.look)
		waiting.clear()
		if (lanes.size === 0) stage = { name: 'stopped' }
		else await new Promise<void>(resolve => (stage = { name: 'stopping', stopped: resolve }))
	}

	function wakeLane(): void {
		if (!isAnyWaiting()) return
		const lane = openLane()
		if (!lane) {
			lookLater()
			return
		}
		const keys = takeWaiting()
		void runLane(lane, keys, () => drain(keys))
	}

	async function runLane(lane: Lane, keys: readonly string[], work: () => Promise<void>): Promise<void> {
		await runBatch(lane, keys, work)
		while (stage.name === 'running' && !isAnotherOpen(lane)) {
			const next = takeWaiting()
			if (next.length === 0) break
			await runBatch(lane, next, () => drain(next))
		}
		closeLane(lane)
	}

	async function runBatch(lane: Lane, keys: readonly string[], work: () => Promise<void>): Promise<void> {
		lane.sinceMs = nowMs()
		lane.keys = keys.length
		await work()
		for (const key of keys) draining.delete(key)
	}

	function openLane(): Lane | null {
		const isToBeAwaited = (lane: Lane) => lane.keys > fewKeys && !isHeldUp(lane)
		if (stage.name !== 'running' || lanes.size >= maxLanes || [...lanes].some(isToBeAwaited)) return null
		const lane = { sinceMs: nowMs(), keys: 0 }
		lanes.add(lane)
		return lane
	}

	function closeLane(lane: Lane): void {
		const isLeftToAnother = isAnotherOpen(lane)
		lanes.delete(lane)
		if (stage.name === 'stopping' && lanes.size === 0) {
			stage.stopped()
			stage = { name: 'stopped' }
		}
		if (isLeftToAnother) lookLater()
		else wakeLane()
	}

	/** Looks again later, in case the open lanes are held up by then. */
	function lookLater(): void {
		if (stage.name !== 'running' || stage.look) return
		const look = setTimeout(() => {
			stage = { name: 'running', look: undefined }
			wakeLane()
		}, heldUpMs)
		stage = { name: 'running', look: look.unref() }
	}

	function takeWaiting(): string[] {
		const keys: string[] = []
		for (const key of waiting) {
			if (keys.length >= maxKeys) break
			if (!draining.has(key)) keys.push(key)
		}
		for (const key of keys) {
			waiting.delete(key)
			draining.add(key)
		}
		return keys
	}

	function isAnyWaiting(): boolean {
		for (const key of waiting) if (!draining.has(key)) return true
		return false
	}

	function isHeldUp(lane: Lane): boolean {
		return nowMs() - lane.sinceMs >= heldUpMs
	}

	function isAnotherOpen(lane: Lane): boolean {
		return [...lanes].some(other => other !== lane && !isHeldUp(other))
	}
}

export type Scheduler = {
	wake(key: string): void
	/** Notes that the key has messages, for the next free lane. */
	wait(key: string): void
	begin(keys: readonly string[]): Turn | null
	stop(): Promise<void>
}

/** An open lane that waits for its work. */
export type Turn = {
	keys: readonly string[]
	/** Does the work, which must not reject, then drains the waiting keys. */
	run(work: () => Promise<void>): void
}

type Lane = { sinceMs: number; keys: number }

type Stage = { name: 'running'; look: NodeJS.Timeout | undefined } | { name: 'stopping'; stopped: () => void } | { name: 'stopped' }

/** Keys that one lane drains together. */
const maxKeys = 100
const maxLanes = 4
const fewKeys = 2
const heldUpMs = 100
