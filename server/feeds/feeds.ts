import { type RequestHandler, Router } from 'express'
import type { Route } from '../identity/handlers.ts'
import { digestSecret } from '../identity/secrets.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import type { VisitCalendar } from '../reminders/visit-calendar.ts'
import { linkRoutes } from './links.ts'
import { type FeedOwner, readVisits } from './visits.ts'

export type FeedsDeps = {
	db: Db
	run: Run
	limiter: CreateLimiter
	calendar: VisitCalendar
	publicUrl: () => string
	nowMs: () => number
}

/** Calendars that programs subscribe to, by a secret address. */
export function createFeeds({ db, run, limiter, calendar, publicUrl, nowMs }: FeedsDeps): Feeds {
	const limit = limiter({ name: 'calendars', points: 120, perSeconds: 60 })

	return {
		routes: linkRoutes({ db, publicUrl }),
		// Logs, metrics and traces name the pattern, never the address with its secret.
		page: Router().get('/calendars/:token.ics', async (req, res) => {
			await limit.consume(req.ip ?? '')
			const owner = await readOwner(run, String(req.params.token))
			if (!owner) throw new Refusal('not_found')
			const etag = etagOf(owner, nowMs())
			res.setHeader('ETag', etag)
			res.setHeader('Cache-Control', 'private, no-cache')
			res.setHeader('Referrer-Policy', 'no-referrer')
			if (req.headers['if-none-match']?.split(/\s*,\s*/).includes(etag)) return void res.status(304).end()
			const { visits, ...face } = await readVisits(run, owner, nowMs())
			if (owner.names && owner.role === 'doctor')
				await recordAudit(db, {
					actor: { userId: owner.userId },
					origin: { ip: req.ip ?? '', requestId: res.locals.requestId },
					action: 'listed',
					entity: 'appointment',
					details: { by: 'calendar link', shown: visits.length },
				})
			res.type('text/calendar').send(calendar.feed(face, visits))
		}),
	}
}

export type Feeds = {
	routes: Route[]
	page: RequestHandler
}

/** Finds the owner of a link and the state of the calendar, which is not read for it. Undefined for a link that does not work. */
async function readOwner(run: Run, token: string): Promise<FeedOwner | undefined> {
	const [owner] = await run<FeedOwner>(ownerStatement, [digestSecret(token)])
	return owner
}

const ownerStatement = {
	name: 'feed_owner',
	text: `
		WITH link AS (
			SELECT l.user_id, u.role, p.id AS patient_id, l.names, l.created_at, l.read_at
			FROM calendar_links l
			JOIN users u ON u.id = l.user_id AND u.status = 'active' AND u.role IN ('patient', 'doctor')
			LEFT JOIN patients p ON p.user_id = u.id
			WHERE l.token_hash = $1::bytea AND p.erasure_asked_at IS NULL
		),
		used AS (
			UPDATE calendar_links l SET read_at = date_trunc('hour', now())
			FROM link
			WHERE l.user_id = link.user_id AND link.read_at IS DISTINCT FROM date_trunc('hour', now())
		)
		SELECT user_id::text AS "userId", role, patient_id::text AS "patientId", names,
			floor(extract(epoch FROM created_at) * 1000)::bigint::text AS "createdMs",
			(SELECT coalesce(max(c.id), 0) || '-' || count(*) FROM calendar_changes c WHERE c.user_id = link.user_id) AS changes
		FROM link`,
}

/** Changes with the day, too, so that names of kinds and places follow, and old changes can be forgotten. */
function etagOf({ createdMs, changes }: FeedOwner, nowMs: number): string {
	return `W/"${Math.floor(nowMs / 86_400_000)}-${createdMs}-${changes}"`
}
