import type { Metrics } from '../platform/observability/metrics.ts'

/** Measures how changes reach watchers. The time from a commit to a screen is delivery plus lag. */
export function createCalendarObserver(metrics: Metrics): CalendarObserver {
	const frames = metrics.counter('calendar_frames_total', 'Frames of calendar changes')
	const changesSent = metrics.counter('calendar_changes_total', 'Changes in those frames')
	const lagSeconds = metrics.histogram('fan_out_seconds', 'Time from a change’s arrival until its watchers have been told', lagBuckets)
	const deliverySeconds = metrics.histogram('feed_delivery_seconds', 'Time from Redis to this node, of what is published now', lagBuckets)
	return {
		frame(changes) {
			frames.inc()
			changesSent.inc(changes)
		},
		lag: ms => lagSeconds.observe(ms / 1000),
		delivery: ms => deliverySeconds.observe(ms / 1000),
	}
}

/** Registers gauges that are read at each scrape. */
export function registerWatchGauges(metrics: Metrics, watched: () => { calendars: number; watchers: number }) {
	metrics.sampled('calendars_watched', 'Calendars that are watched through this node', () => watched().calendars)
	metrics.sampled('calendar_watchers', 'Watches of calendars through this node', () => watched().watchers)
}

/** From unnoticeable to broken. */
const lagBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export type CalendarObserver = {
	/** One frame was sent to watchers. */
	frame(changes: number): void
	/** The time from the arrival of a frame's oldest change until the frame was sent. */
	lag(ms: number): void
	/** The time that a message published now takes to arrive here, behind all messages before it. */
	delivery(ms: number): void
}
