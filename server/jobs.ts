import type { Config } from './config.ts'
import { type Db, inTurn } from './platform/database/database.ts'
import { createJobs, type JobDefinition, type Jobs } from './platform/jobs/jobs.ts'
import { observeJobs } from './platform/observability/gauges.ts'
import type { Log } from './platform/observability/log.ts'
import type { Metrics } from './platform/observability/metrics.ts'
import type { Privacy } from './privacy/privacy.ts'
import { cleanUp } from './reminders/clean-up.ts'
import type { Reminders } from './reminders/reminders.ts'
import type { Schedules } from './schedule/schedule.ts'

type WorkDeps = {
	db: Db
	config: Pick<Config, 'auditRetentionDays' | 'databasePrepare' | 'mongoUrl'>
	log: Log
	schedules: Pick<Schedules, 'generateAll'>
	reminders: Pick<Reminders, 'dispatch'>
	privacy: Pick<Privacy, 'finishErasures'>
}

export type JobsDeps = WorkDeps & { databaseUrl: string; metrics: Metrics; nodeId: string; runs: boolean }

/** Other nodes join a dispatch that takes longer. */
const dispatchMs = 45_000
/** How long the desk can look up what patients were told. */
const ledgerDays = 180

/** Waits for work, but not for ever; it goes on without being waited for. */
const atMost = async (work: Promise<void>, timeoutMs: number): Promise<void> => {
	let timer: NodeJS.Timeout | undefined
	await Promise.race([
		work,
		new Promise<void>(resolve => {
			timer = setTimeout(resolve, timeoutMs)
		}),
	])
	clearTimeout(timer)
}

/** What is done again and again, by one node at a time. Times are UTC. */
const recurringWork = ({ db, config, log, schedules, reminders, privacy }: WorkDeps): JobDefinition[] => [
	{ name: 'generate slots', every: '15 0 * * *', run: async () => void (await schedules.generateAll()) },
	// Every full minute. What takes longer goes on by itself, and is joined by the next minute's.
	{ name: 'send reminders', every: '* * * * *', run: () => atMost(reminders.dispatch(), dispatchMs) },
	{ name: 'finish erasures', every: '* * * * *', run: privacy.finishErasures },
	{
		name: 'clean up',
		every: '40 2 * * *',
		run: async () => log.info(await cleanUp(db, { auditDays: config.auditRetentionDays, ledgerDays }), 'cleaned up'),
	},
]

/** Nodes that start together take turns at making sure that each job is there once. */
export const startJobs = ({ databaseUrl, metrics, nodeId, runs, ...deps }: JobsDeps): Promise<Jobs> => {
	const { db, config, log } = deps
	const jobs = recurringWork(deps)
	return inTurn(db, 'liveslot jobs', () =>
		createJobs({
			databaseUrl,
			isPooled: !config.databasePrepare,
			mongoUrl: config.mongoUrl,
			log,
			nodeId,
			runs,
			jobs,
			observe: observeJobs(metrics, jobs),
		}),
	)
}
