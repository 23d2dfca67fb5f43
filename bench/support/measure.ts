/** The target of a benchmark: a ratio to its baseline, or a difference in milliseconds. */
export type Target = ({ atLeast: number } | { atMost: number }) & { unit: 'x' | 'ms' }

/** One row of the table: a number for each round, and its parts. */
export type Row = {
	name: string
	target: Target
	values: number[]
	/** The measurements of subject and baseline, in their own unit. */
	measured?: { unit: string; subject: number[]; baseline: number[] }
	note?: string
}

export type Summary = { min: number; median: number; max: number; met: boolean }

/** The value below which a share of all values lies, interpolated as in spreadsheets. */
export const quantile = (values: readonly number[], share: number): number => {
	const sorted = [...values].sort((a, b) => a - b)
	if (sorted.length === 0) return Number.NaN
	const position = (sorted.length - 1) * share
	const below = sorted[Math.floor(position)] as number
	const above = sorted[Math.ceil(position)] as number
	return below + (above - below) * (position - Math.floor(position))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const reaches = (value: number, target: Target): boolean => ('atLeast' in target ? value >= target.atLeast : value <= target.atMost)

/** Compares the median with the target, so that one noisy round decides nothing. */
export const summarise = ({ values, target }: Row): Summary => ({
	min: Math.min(...values),
	median: median(values),
	max: Math.max(...values),
	met: values.length > 0 && reaches(median(values), target),
})

export type Pair = { subject: number; baseline: number }

export type Rounds = { rounds: number; subject: (round: number) => Promise<number>; baseline: (round: number) => Promise<number> }

/**
 * Measures both sides in turns, so that a slow spell of the machine slows both. The side that goes first changes every round. Round 0
 * warms up and is not counted.
 */
export const alternate = async ({ rounds, subject, baseline }: Rounds): Promise<Pair[]> => {
	const pairs: Pair[] = []
	for (let round = 0; round <= rounds; round++) {
		const pair: Pair = { subject: 0, baseline: 0 }
		const sides: [keyof Pair, (round: number) => Promise<number>][] = [
			['subject', subject],
			['baseline', baseline],
		]
		if (round % 2 === 1) sides.reverse()
		for (const [side, measure] of sides) pair[side] = await measure(round)
		if (round > 0) pairs.push(pair)
	}
	return pairs
}

const sidesOf = (pairs: readonly Pair[], unit: string) => ({
	unit,
	subject: pairs.map(each => each.subject),
	baseline: pairs.map(each => each.baseline),
})

/** A row of ratios of the subject to the baseline. */
export const ratioRow = (name: string, target: Target, pairs: readonly Pair[], unit: string, note?: string): Row => ({
	name,
	target,
	values: pairs.map(({ subject, baseline }) => subject / baseline),
	measured: sidesOf(pairs, unit),
	...(note && { note }),
})

/** A row of differences: how much longer the subject takes than the baseline. */
export const differenceRow = (name: string, target: Target, pairs: readonly Pair[], unit: string, note?: string): Row => ({
	name,
	target,
	values: pairs.map(({ subject, baseline }) => subject - baseline),
	measured: sidesOf(pairs, unit),
	...(note && { note }),
})

/** Runs the work `count` times, `atOnce` at a time. */
export const inParallel = async (count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> => {
	let next = 0
	const runInTurn = async () => {
		while (next < count) await work(next++)
	}
	await Promise.all(Array.from({ length: Math.min(atOnce, count) }, runInTurn))
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
