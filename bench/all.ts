import { fewDoctors, manyDoctors } from './bookings.ts'
import { burstFanOut, fanOut } from './fan-out.ts'
import { benchmark as generation } from './generation.ts'
import { benchmark as growth } from './growth.ts'
import { benchmark as holdToSight } from './hold-to-sight.ts'
import { benchmark as memory } from './memory.ts'
import { benchmark as oneBooking } from './one-booking.ts'
import { benchmark as scaleOut } from './scale-out.ts'
import { benchmark as snapshot } from './snapshot.ts'
import { benchmark as stampede } from './stampede.ts'
import type { Benchmark } from './support/benchmark.ts'

/** Every benchmark, in the order of the table. */
export const benchmarks: readonly Benchmark[] = [
	manyDoctors,
	fewDoctors,
	stampede,
	oneBooking,
	fanOut,
	burstFanOut,
	holdToSight,
	snapshot,
	generation,
	growth,
	memory,
	scaleOut,
]
