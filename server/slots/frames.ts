import type { FeedMessage } from '../platform/live/feed.ts'

/**
 * Changes that go out together: a contiguous stretch of one doctor's versions. Each slot is JSON, which mostly is handed on unparsed.
 * Without slots it is a skipped number.
 */
export type Frame = { doctorId: string; fromVersion: number; toVersion: number; slots: string[] }

export type FrameDeps = {
	send: (frame: Frame) => void
	/** How long changes are gathered while a calendar is busy. */
	windowMs: number
	nowMs?: () => number
	/** Told how long the oldest change of a frame was here when all had been told of it. */
	observe?: (ms: number) => void
}

type Gathering = { frame: Frame | undefined; beganMs: number; sentAtMs: number; timer: NodeJS.Timeout | undefined }

/**
 * Gathers changes into frames. A change on an idle calendar leaves at once; those that follow within the window leave
 * together at its end, so that a busy calendar costs each watcher a bounded number of frames a second.
 */
export function createFrames({ send, windowMs, nowMs = () => performance.now(), observe }: FrameDeps) {
	const calendars = new Map<string, Gathering>()

	return {
		add(message: FeedMessage) {
			const { topic, from, to } = message
			let gathering = calendars.get(topic)
			if (!gathering) {
				gathering = { frame: undefined, beganMs: 0, sentAtMs: Number.NEGATIVE_INFINITY, timer: undefined }
				calendars.set(topic, gathering)
			}
			const slots = slotsIn(message)
			const { frame } = gathering
			if (frame && frame.toVersion + 1 === from && frame.slots.length > 0 && slots.length > 0) {
				frame.slots.push(...slots)
				frame.toVersion = to
			} else {
				// A skipped number is told as it is: watchers see the gap and start over.
				if (frame) flush(gathering)
				gathering.frame = { doctorId: topic, fromVersion: from, toVersion: to, slots }
				gathering.beganMs = nowMs()
			}
			if (gathering.timer) return
			const waitMs = gathering.sentAtMs + windowMs - nowMs()
			if (waitMs <= 0) flush(gathering)
			else gathering.timer = setTimeout(flush, waitMs, gathering)
		},
		/** Sends what is gathered for a calendar now. */
		flush(doctorId: string) {
			const gathering = calendars.get(doctorId)
			if (gathering?.timer) clearTimeout(gathering.timer)
			if (gathering) flush(gathering)
		},
		forget(doctorId: string) {
			const gathering = calendars.get(doctorId)
			if (gathering?.timer) clearTimeout(gathering.timer)
			calendars.delete(doctorId)
		},
		stop() {
			for (const gathering of calendars.values()) if (gathering.timer) clearTimeout(gathering.timer)
			calendars.clear()
		},
	}

	function flush(gathering: Gathering) {
		gathering.timer = undefined
		const { frame } = gathering
		if (!frame) return
		gathering.frame = undefined
		gathering.sentAtMs = nowMs()
		send(frame)
		observe?.(nowMs() - gathering.beganMs)
	}
}

/** What of a frame is news to someone who knows everything through `version`; null when nothing is. */
export function newsAfter(frame: Frame, version: number): Frame | null {
	if (frame.toVersion <= version) return null
	if (frame.fromVersion > version) return frame
	return { ...frame, fromVersion: version + 1, slots: frame.slots.slice(version + 1 - frame.fromVersion) }
}

/** The slots of a message, one a version (board.lua). */
function slotsIn({ from, to, changes }: FeedMessage): string[] {
	if (changes === '[]') return []
	const slots = changes.slice(1, -1).split(',\n')
	// Nodes of an earlier version, which may run beside this one, do not set them apart.
	return slots.length === to - from + 1 ? slots : JSON.parse(changes).map((slot: unknown) => JSON.stringify(slot))
}
