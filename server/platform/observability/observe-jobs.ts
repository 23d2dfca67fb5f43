import type { JobDefinition, JobObserver } from '../jobs/jobs.ts'
import type { Metrics } from './metrics.ts'

/** Counts runs of jobs, how late they start and how long they take. */
export function observeJobs(metrics: Metrics, jobs: readonly Pick<JobDefinition, 'name'>[]): JobObserver {
	// The label is not `job`, because Prometheus uses that name for its targets and would rename ours.
	const lag = metrics.histogram(
		'job_lag_seconds',
		'How much later than planned a job started',
		[0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
		['name'],
	)
	const seconds = metrics.histogram('job_seconds', 'Time that a job took', [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800], ['name'])
	const total = metrics.counter('jobs_total', 'Runs of jobs by what came of them', ['name', 'outcome'])
	for (const { name } of jobs) for (const outcome of ['ok', 'failed']) total.inc({ name, outcome }, 0)
	return {
		started(name, lagMs) {
			if (lagMs !== undefined) lag.observe({ name }, lagMs / 1000)
		},
		ended(name, ms, failed) {
			total.inc({ name, outcome: failed ? 'failed' : 'ok' })
			seconds.observe({ name }, ms / 1000)
		},
	}
}
