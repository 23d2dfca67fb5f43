import type { FeedMessage } from '../platform/live/feed.ts'
import type { FullSlot } from './codec.ts'

/**
 * Gathers changes into frames. A change on an idle calendar is sent at once. Changes that follow within the window are sent together
 * at its end, so that a busy calendar sends each watcher a limited number of frames a second.
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
			const slots = JSON.parse(message.changes) as FullSlot[]
			const { frame } = gathering
			if (frame && frame.toVersion + 1 === from && frame.slots.length > 0 && slots.length > 0) {
				frame.slots.push(...slots)
				frame.toVersion = to
			} else {
				// A skipped number is sent as a frame of its own, so that watchers see the gap and start over.
				if (frame) flush(gathering)
				gathering.frame = { doctorId: topic, fromVersion: from, toVersion: to, slots }
				gathering.beganMs = nowMs()
			}
			if (gathering.timer) return
			const waitMs = gathering.sentAtMs + windowMs - nowMs()
			if (waitMs <= 0) flush(gathering)
			else gathering.timer = setTimeout(flush, waitMs, gathering)
		},
		/** Sends a calendar's gathered changes now. */
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

/**
 * Changes that are sent together: a contiguous range of one doctor's versions. A frame without slots is a skipped number.
 */
export type Frame = { doctorId: string; fromVersion: number; toVersion: number; slots: FullSlot[] }

export type FrameDeps = {
	send: (frame: Frame) => void
	/** How long changes of a busy calendar are gathered. */
	windowMs: number
	nowMs?: () => number
	/** Called with the time from the arrival of a frame's oldest change until the frame was sent. */
	observe?: (ms: number) => void
}

type Gathering = { frame: Frame | undefined; beganMs: number; sentAtMs: number; timer: NodeJS.Timeout | undefined }

/** Returns the part of a frame after `version`; null when there is none. */
export function partAfter(frame: Frame, version: number): Frame | null {
	if (frame.toVersion <= version) return null
	if (frame.fromVersion > version) return frame
	return { ...frame, fromVersion: version + 1, slots: frame.slots.slice(version + 1 - frame.fromVersion) }
}
