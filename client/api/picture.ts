import type { CalendarChanged, Slot, Snapshot } from '../../contract/index.ts'

/**
 * What a page knows of one calendar, kept right by versions.
 *
 * - `awaiting`: a snapshot is on its way. Changes are kept, as some of them may be newer than it.
 * - `following`: every change up to `version` is in `slots`.
 * - `broken`: a change is missing, or the server gives numbers out again. Only a snapshot makes the picture right.
 */
export type PictureState = { is: 'awaiting'; early: CalendarChanged[] } | { is: 'following'; version: number } | { is: 'broken' }

export type Picture = ReturnType<typeof createPicture>

export function createPicture() {
	let state: PictureState = { is: 'broken' }
	let slots = new Map<string, Slot>()

	/** @returns whether the change is in the picture now, or kept for the snapshot; `gap` asks for a fresh snapshot */
	const take = (changed: CalendarChanged): 'applied' | 'kept' | 'gap' => {
		switch (state.is) {
			case 'awaiting':
				state.early.push(changed)
				return 'kept'
			case 'broken':
				return 'gap'
			case 'following':
				// Versions follow one another. A later one means that a change is missing; an earlier one, that the numbers are given
				// out again (a Redis replica that lagged was promoted): what the page knows may then never have been.
				if (changed.fromVersion !== state.version + 1) {
					state = { is: 'broken' }
					return 'gap'
				}
				apply(changed)
				return 'applied'
		}
	}

	const apply = ({ toVersion, changes }: CalendarChanged) => {
		for (const { version: _, ...slot } of changes) slots.set(slot.id, slot)
		state = { is: 'following', version: toVersion }
	}

	return {
		/** A snapshot was asked for. */
		expectSnapshot() {
			state = { is: 'awaiting', early: [] }
		},
		/** The snapshot did not come. */
		missSnapshot() {
			state = { is: 'broken' }
		},
		/** Takes the snapshot, and the newer changes that arrived before it. @returns `gap` when a change is still missing */
		takeSnapshot(snapshot: Pick<Snapshot, 'version' | 'slots'>): 'applied' | 'gap' {
			const early = state.is === 'awaiting' ? state.early : []
			slots = new Map(snapshot.slots.map(slot => [slot.id, slot]))
			state = { is: 'following', version: snapshot.version }
			for (const changed of early) {
				// These came from the watch before: the snapshot holds some of them, or a part of one.
				if (changed.toVersion <= state.version) continue
				const fromVersion = Math.max(changed.fromVersion, state.version + 1)
				if (take({ ...changed, fromVersion }) === 'gap') return 'gap'
			}
			return 'applied'
		},
		take,
		isAwaiting: () => state.is === 'awaiting',
		/** A copy, as of now. */
		slots: (): ReadonlyMap<string, Slot> => new Map(slots),
	}
}
