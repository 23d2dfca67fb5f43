import { clinicEndpoints as endpoints, type SetupStep, setupSteps } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, readSql } from '../platform/database/database.ts'

const readSteps = readSql('./read_setup.sql', import.meta.url)

/** What a new clinic has set up: whatever the way in which it did, since each step is an ordinary setting. */
export function setupRoutes(db: Db): Route[] {
	return [
		route(endpoints.getSetup, async () => {
			const { rows } = await db.raw<{ rows: Record<SetupStep['id'], boolean>[] }>(readSteps)
			return { steps: setupSteps.map(id => ({ id, done: rows[0]?.[id] ?? false })) }
		}),
	]
}
