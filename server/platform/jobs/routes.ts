import { notificationEndpoints as endpoints } from '../../../contract/index.ts'
import type { Db } from '../database/database.ts'
import { type Route, route } from '../http/routes.ts'
import { Refusal } from '../refusal.ts'
import { recordAudit } from '../security/audit.ts'
import type { Jobs } from './jobs.ts'

/** Routes by which admins see and start recurring work. */
export function jobRoutes({ db, jobs }: { db: Db; jobs: Jobs }): Route[] {
	return [
		route(endpoints.listJobs, async () => ({
			items: (await jobs.list()).map(({ lastRunAt, lastFinishedAt, nextRunAt, failedAt, lastRunBy, error, ...job }) => ({
				...job,
				lastRunAt: instant(lastRunAt),
				lastFinishedAt: instant(lastFinishedAt),
				lastRunBy: lastRunBy ?? null,
				nextRunAt: instant(nextRunAt),
				failedAt: instant(failedAt),
				error: error ?? null,
			})),
		})),
		route(endpoints.runJob, async ({ params, origin }, actor) => {
			if (!(await jobs.runNow(params.name))) throw new Refusal('not_found')
			await recordAudit(db, { actor, origin, action: 'ran', entity: 'job', entityId: params.name })
			return {}
		}),
	]
}

const instant = (value: Date | undefined) => value?.toISOString() ?? null
