import pTimeout from 'p-timeout'
import type { Config } from './config.ts'
import { type Db, inTurn } from './platform/database/database.ts'
import { createJobs, type JobDefinition, type Jobs } from './platform/jobs/jobs.ts'
import { observeJobs } from './platform/observability/figures.ts'
import type { Log } from './platform/observability/log.ts'
import type { Metrics } from './platform/observability/metrics.ts'
import { cleanUp } from './privacy/retention.ts'

/** Starts the recurring work. Nodes that start together take turns, so that each job exists once. */
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

/** After this time the next run starts while a dispatch still sends. */
const sendingMs = 45_000
/** How long the desk can look up sent messages. */
const ledgerDays = 180

/** Recurring work, done by one node at a time. Times are UTC. */
function recurringWork({ db, config, log, generateSlots, endLeftoverSlots, sendReminders, finishErasures }: WorkDeps): JobDefinition[] {
	return [
		{ name: 'generate slots', every: '15 0 * * *', run: async () => void (await generateSlots()) },
		{ name: 'end leftover slots', every: '* * * * *', run: async () => void (await endLeftoverSlots()) },
		// Runs every full minute. A longer dispatch continues, and the next minute's run joins it.
		{ name: 'send reminders', every: '* * * * *', run: () => pTimeout(sendReminders(), { milliseconds: sendingMs, message: false }) },
		{ name: 'finish erasures', every: '* * * * *', run: finishErasures },
		{
			name: 'clean up',
			every: '40 2 * * *',
			run: async () => log.info(await cleanUp(db, { auditDays: config.auditRetentionDays, ledgerDays }), 'cleaned up'),
		},
	]
}
