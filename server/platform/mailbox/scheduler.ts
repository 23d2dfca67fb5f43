/**
 * Decides which keys this node drains, and when.
 *
 * A key is
 *   idle      This node knows of no message for it. It leaves this state when a message is posted or found by a sweep.
 *   waiting   It has messages, and no lane has taken it. The next free lane takes it.
 *   draining  One lane has it, from asking for its lease until its batch is settled; two lanes never have the same key.
 *             It is idle after that, or waits again if messages were left or came meanwhile.
 *
 * A lane drains up to 100 keys together, then those that wait by then, until nothing waits. It is
 *   open      Draining. A lane with more than `fewKeys` keys is the only one that opens: what is settled together costs least.
 *   held up   Open for longer than `heldUpMs`, by a disk or by rows that another transaction has locked. Others open as if
 *             it were not there.
 *   closed    Nothing waited when its batch was settled, or another open lane is about to look.
 *
 * `drain` settles what waits for the keys, and never rejects.
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

	/** The key has messages, and a free lane drains it now. */
	function wake(key: string): void {
		waiting.add(key)
		wakeLane()
	}

	/** A lane for those of the keys that no lane drains; null when no lane is free. Its owner must run it. */
	function begin(keys: readonly string[]): Turn | null {
		const mine = keys.filter(key => !draining.has(key)).slice(0, maxKeys)
		const lane = mine.length > 0 ? openLane() : null
		if (!lane) return null
		lane.keys = mine.length
		for (const key of mine) draining.add(key)
		return { keys: mine, run: work => void runLane(lane, mine, work) }
	}

	/** Lets running batches end; what waits is left to other nodes. */
	async function stop(): Promise<void> {
		if (stage.name === 'running') clearTimeout(stage.look)
		waiting.clear()
		if (lanes.size === 0) stage = { name: 'stopped' }
		else await new Promise<void>(resolve => (stage = { name: 'stopping', stopped: resolve }))
	}

	function wakeLane(): void {
		if (!isAnyWaiting()) return
		const lane = openLane()
		if (!lane) return lookLater()
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

	/** Looks once more in case the open lanes are held up by then. */
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
	/** The key has messages; whichever lane is free next drains it. */
	wait(key: string): void
	begin(keys: readonly string[]): Turn | null
	stop(): Promise<void>
}

/** An open lane whose work is not known yet. */
export type Turn = {
	keys: readonly string[]
	/** Does the work, which must not reject, then drains what waits. */
	run(work: () => Promise<void>): void
}

type Lane = { sinceMs: number; keys: number }

type Stage = { name: 'running'; look: NodeJS.Timeout | undefined } | { name: 'stopping'; stopped: () => void } | { name: 'stopped' }

/** Keys that one lane drains together. */
const maxKeys = 100
const maxLanes = 4
const fewKeys = 2
const heldUpMs = 100
