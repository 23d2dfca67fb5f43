import { useEffect, useState, useSyncExternalStore } from 'react'
import type { CalendarChanged, CalendarPresence, Slot } from '../../contract/index.ts'
import { ApiError } from './http.ts'
import { createPicture } from './picture.ts'
import { ask, socket } from './socket.ts'

export type LiveCalendar = {
	/** `live` only while every change arrives: in any other state no slot may be offered as free. */
	state: 'loading' | 'live' | 'stale' | 'failed'
	error: ApiError | undefined
	timeZone: string | undefined
	slots: ReadonlyMap<string, Slot>
	viewers: number | undefined
}

const empty: LiveCalendar = { state: 'loading', error: undefined, timeZone: undefined, slots: new Map(), viewers: undefined }

/** A doctor's live calendar between two dates of the doctor's zone, both inclusive. */
export function useCalendar(doctorId: string | undefined, from: string, to: string): LiveCalendar {
	const [calendar, setCalendar] = useState<ReturnType<typeof createLiveCalendar> | typeof noCalendar>(noCalendar)
	useEffect(() => {
		if (!doctorId) return
		const opened = createLiveCalendar(doctorId, from, to)
		count(doctorId, 1)
		setCalendar(opened)
		return () => {
			opened.close()
			// After the next one has begun, so that moving to another week does not stop watching in between.
			setTimeout(() => count(doctorId, -1), 0)
		}
	}, [doctorId, from, to])
	return useSyncExternalStore(calendar.subscribe, calendar.read)
}

/** How many parts of the page watch a doctor: the last to go stops watching. */
const watchers = new Map<string, number>()

const count = (doctorId: string, by: 1 | -1) => {
	const left = (watchers.get(doctorId) ?? 0) + by
	if (left > 0) watchers.set(doctorId, left)
	else watchers.delete(doctorId)
	if (left === 0 && socket.connected) void ask('calendar:unwatch', { doctorId }).catch(() => {})
}

const noCalendar = { read: () => empty, subscribe: () => () => {} }

const retryMs = 1500
/** So long may a calendar take to appear before it is said that it cannot be had for now. It is tried on. */
const patienceMs = 9000
const snapshotTimeoutMs = 8000

/**
 * Watches one doctor's calendar: a snapshot, then changes in order of their versions. A break in the versions or a reconnect
 * asks for a fresh snapshot. Changes are shown once per animation frame, however many arrive.
 */
const createLiveCalendar = (doctorId: string, from: string, to: string) => {
	let current = empty
	let closed = false
	let frame: number | undefined
	let retry: number | undefined
	let patience: number | undefined
	const picture = createPicture()
	const listeners = new Set<() => void>()

	const show = (change: Partial<LiveCalendar>) => {
		current = { ...current, ...change }
		for (const listener of listeners) listener()
	}

	const showSlots = () => {
		frame ??= requestAnimationFrame(() => {
			frame = undefined
			show({ slots: picture.slots() })
		})
	}

	const expectSlots = () => {
		window.clearTimeout(patience)
		patience = window.setTimeout(() => {
			if (current.state === 'loading') show({ state: 'failed', error: new ApiError('unreachable') })
		}, patienceMs)
	}

	const watch = async () => {
		if (picture.isAwaiting() || closed) return
		picture.expectSnapshot()
		try {
			const snapshot = await ask('calendar:watch', { doctorId, from, to }, snapshotTimeoutMs)
			if (closed) return
			const became = picture.takeSnapshot(snapshot)
			show({ state: 'live', error: undefined, timeZone: snapshot.timeZone, slots: picture.slots() })
			if (became === 'gap') startOver()
		} catch (error) {
			picture.missSnapshot()
			const { code } = error as ApiError
			const final = code === 'not_found' || code === 'invalid_input'
			show({ state: final || current.slots.size === 0 ? 'failed' : 'stale', error: error as ApiError })
			if (!final && !closed) retry = window.setTimeout(() => socket.connected && void watch(), retryMs)
		}
	}

	const startOver = () => {
		show({ state: 'stale' })
		void watch()
	}

	const onChanged = (changed: CalendarChanged) => {
		if (changed.doctorId !== doctorId) return
		const became = picture.take(changed)
		if (became === 'applied') showSlots()
		else if (became === 'gap') startOver()
	}
	const onPresence = (presence: CalendarPresence) => presence.doctorId === doctorId && show({ viewers: presence.viewers })
	const onConnect = () => void watch()
	const onDisconnect = () => {
		show({ state: current.slots.size === 0 ? 'loading' : 'stale' })
		expectSlots()
	}

	socket.on('calendar:changed', onChanged)
	socket.on('calendar:presence', onPresence)
	socket.on('connect', onConnect)
	socket.on('disconnect', onDisconnect)
	expectSlots()
	if (socket.connected) void watch()

	return {
		read: () => current,
		subscribe: (listener: () => void) => {
			listeners.add(listener)
			return () => listeners.delete(listener)
		},
		close: () => {
			closed = true
			window.clearTimeout(retry)
			window.clearTimeout(patience)
			if (frame !== undefined) cancelAnimationFrame(frame)
			socket.off('calendar:changed', onChanged)
			socket.off('calendar:presence', onPresence)
			socket.off('connect', onConnect)
			socket.off('disconnect', onDisconnect)
		},
	}
}
