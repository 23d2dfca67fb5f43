import type { Row } from './measure.ts'
import type { Stores } from './stores.ts'

export type BenchContext = {
	stores: Stores
	rounds: number
	/** A quick look with less work in each round, and smaller tables. */
	short: boolean
	say: (line: string) => void
}

export type Benchmark = { name: string; run(context: BenchContext): Promise<Row[]> }
