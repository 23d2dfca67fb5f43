import type { Metrics } from '../platform/observability/metrics.ts'

/** From unnoticed to broken. */
const lagBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export type CalendarObserver = {
	/** One frame was sent to watchers. */
	frame(changes: number): void
	/** How long the oldest change of a frame was here when all had been told of it. */
	lag(ms: number): void
	/** How long something published now takes to arrive here, behind all that was published before it. */
	delivery(ms: number): void
}

/** Tells metrics how watchers are told. What a change takes from its commit to a screen is the delivery and the lag together. */
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

/** Gauges that are read when metrics are asked for. */
export function registerWatchGauges(metrics: Metrics, watched: () => { calendars: number; watchers: number }) {
	metrics.sampled('calendars_watched', 'Calendars that are watched through this node', () => watched().calendars)
	metrics.sampled('calendar_watchers', 'Watches of calendars through this node', () => watched().watchers)
}
