import pTimeout from 'p-timeout'
import type { Config } from './config.ts'
import { type Db, inTurn } from './platform/database/database.ts'
import { createJobs, type JobDefinition, type Jobs } from './platform/jobs/jobs.ts'
import type { Log } from './platform/observability/log.ts'
import type { Metrics } from './platform/observability/metrics.ts'
import { observeJobs } from './platform/observability/observe-jobs.ts'
import { cleanUp } from './reminders/clean-up.ts'

type WorkDeps = {
	db: Db
	config: Pick<Config, 'auditRetentionDays' | 'databasePrepare' | 'mongoUrl'>
	log: Log
	generateSlots: () => Promise<unknown>
	endLeftoverSlots: () => Promise<unknown>
	sendReminders: () => Promise<void>
	finishErasures: () => Promise<void>
}

export type JobsDeps = WorkDeps & { databaseUrl: string; metrics: Metrics; nodeId: string; runs: boolean }

/** Starts the recurring work. Nodes that start together take turns at making sure that each job is there once. */
export function startJobs({ databaseUrl, metrics, nodeId, runs, ...deps }: JobsDeps): Promise<Jobs> {
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

/** Other nodes join a dispatch that takes longer. */
const sendingMs = 45_000
/** How long the desk can look up what patients were told. */
const ledgerDays = 180

/** What is done again and again, by one node at a time. Times are UTC. */
function recurringWork({ db, config, log, generateSlots, endLeftoverSlots, sendReminders, finishErasures }: WorkDeps): JobDefinition[] {
	return [
		{ name: 'generate slots', every: '15 0 * * *', run: async () => void (await generateSlots()) },
		{ name: 'end leftover slots', every: '* * * * *', run: async () => void (await endLeftoverSlots()) },
		// Every full minute. Sending that takes longer goes on by itself, and the next minute's joins it.
		{ name: 'send reminders', every: '* * * * *', run: () => pTimeout(sendReminders(), { milliseconds: sendingMs, message: false }) },
		{ name: 'finish erasures', every: '* * * * *', run: finishErasures },
		{
			name: 'clean up',
			every: '40 2 * * *',
			run: async () => log.info(await cleanUp(db, { auditDays: config.auditRetentionDays, ledgerDays }), 'cleaned up'),
		},
	]
}
