import type { Origin } from '../identity/actor.ts'
import type { Db } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import type { Screens } from './screens.ts'
import type { Visits } from './visits.ts'

/**
 * Checks in a patient who stands at a kiosk.
 *
 * A kiosk must not become a way to find out who is a patient. It needs the birth date and the beginning of a name together, finds only
 * visits that may be checked in at its site now, never shows a name, gives the same answer to all that fits none or several, and
 * sends everyone to the desk after a few misses.
 */
export function createKiosk({ db, limiter, screens, visits }: KioskDeps) {
	const misses = limiter({ name: 'kiosk-misses', points: 8, perSeconds: 600 })

	return {
		/** @throws Refusal unauthenticated, not_found, rate_limited */
		async checkIn({ token, link, birthDate, name }: KioskInput, origin: Origin): Promise<{ ticket: string }> {
			const screen = await screens.identify(token, 'kiosk')
			await misses.check(screen.id)
			const visit =
				link === undefined ? await findVisit(screen.siteId, birthDate as string, name as string) : await ofLink(screen.siteId, link)
			try {
				if (!visit) throw new Refusal('not_found')
				return { ticket: await visits.checkInAtKiosk(origin, visit, screen.id) }
			} catch (error) {
				if (!(error instanceof Refusal) || ['queue_full', 'booking_pending'].includes(error.code)) throw error
				await misses.consume(screen.id)
				throw new Refusal('not_found')
			}
		},
	}

	async function ofLink(siteId: string, link: string): Promise<Found | undefined> {
		const visit = visits.linkedVisit(/([vesp]\.[0-9a-z.]+)\s*$/.exec(link)?.[1] ?? '')
		if (!visit) return undefined
		const { rows } = await db.raw('SELECT site_of_visit(doctor_id, starts_at)::text AS site FROM appointments WHERE id = ?', [
			visit.appointmentId,
		])
		return rows[0]?.site === siteId ? visit : undefined
	}

	/** The only visit that fits, or none. */
	async function findVisit(siteId: string, birthDate: string, name: string): Promise<Found | undefined> {
		const wanted = foldName(name)
		if (wanted.length < shortestName) return undefined
		const { rows } = await db.raw<{ rows: { appointment_id: string; patient_id: string; full_name: string }[] }>(
			`SELECT a.id::text AS appointment_id, a.patient_id::text, p.full_name
			FROM patients p
			JOIN appointments a ON a.patient_id = p.id
			WHERE p.birth_date = ? AND p.erasure_asked_at IS NULL AND a.status IN ('booked', 'checked_in')
				AND a.starts_at <= now() + interval '60 minutes' AND a.ends_at > now()
				AND site_of_visit(a.doctor_id, a.starts_at) = ?
			ORDER BY a.starts_at
			LIMIT 20`,
			[birthDate, siteId],
		)
		const fitting = rows.filter(
			({ full_name }) => wordsOf(full_name).some(word => word.startsWith(wanted)) || foldName(full_name).startsWith(wanted),
		)
		const patients = new Set(fitting.map(({ patient_id }) => patient_id))
		const [first] = fitting
		return first && patients.size === 1 ? { appointmentId: first.appointment_id, patientId: first.patient_id } : undefined
	}
}

export type KioskDeps = { db: Db; limiter: CreateLimiter; screens: Pick<Screens, 'identify'>; visits: Visits }

export type KioskInput = { token: string; link?: string | undefined; birthDate?: string | undefined; name?: string | undefined }

type Found = { appointmentId: string; patientId: string }

const shortestName = 2

const foldName = (text: string) =>
	text
		.normalize('NFKD')
		.replace(/\p{M}/gu, '')
		.toLowerCase()
		.replace(/[^\p{L}\p{N}]+/gu, '')
const wordsOf = (text: string) => text.split(/[\s,-]+/).map(foldName)
