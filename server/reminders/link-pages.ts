import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import { type Language, type NotificationChannel, refusalProperties, type SlotOffer } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import type { Db } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { Limiter } from '../platform/security/rate-limit.ts'
import { htmlPage } from './html.ts'
import { expiredView, unsubscribeView, type View, type Visit, type VisitViewOptions, visitView } from './link-views.ts'
import type { Grant, LinkTokens } from './links.ts'
import { wordsOf } from './texts.ts'
import { type ClinicFace, readClinicFace } from './visit-face.ts'

type UnsubscribeGrant = Extract<Grant, { may: 'unsubscribe' }>

type Asking = { actor: Actor; origin: Origin; idempotencyKey: undefined }

export type LinkPagesDeps = {
	db: Db
	tokens: LinkTokens
	limit: Limiter
	nowMs: () => number
	/** Visits change only through booking, in the doctor's mailbox and by its rules. */
	operations: {
		cancel(asked: Asking, payload: { appointmentId: string }): Promise<unknown>
		reschedule(asked: Asking, payload: { appointmentId: string; slotId: string }): Promise<unknown>
	}
	/** The next free times of a doctor. */
	freeTimes: (doctorId: string) => Promise<SlotOffer[]>
}

/**
 * The pages behind links in messages. Programs that scan mail follow every link, so a GET only shows, and a POST acts (RFC 8058 asks
 * for the same).
 */
export function linkPages({ db, tokens, limit, nowMs, operations, freeTimes }: LinkPagesDeps): RequestHandler {
	const router = Router()
	router.get('/n/:token', open)
	router.post('/n/:token', express.urlencoded({ extended: false, limit: '2kb', parameterLimit: 10 }), open)

	return router

	async function open(req: Request, res: Response) {
		const grant = tokens.read(String(req.params.token), nowMs())
		if (!grant) return expired(req, res)
		if (grant.may === 'unsubscribe') return await unsubscribe(req, res, grant)
		const visit = await readVisit(db, grant)
		if (!visit) return expired(req, res)
		// A disabled account may not act on visits here either, but may always unsubscribe.
		if (visit.accountStatus === 'disabled') return expired(req, res)
		if (req.method === 'GET' || req.method === 'HEAD') {
			return await showVisit(req, res, visit)
		}
		await limit.consume(`${grant.may} ${grant.appointmentId}`)
		await actOnVisit(req, res, grant, visit)
	}

	/** Needs no visit: the message may have offered one. */
	async function unsubscribe(req: Request, res: Response, { patientId, appointmentId, channel }: UnsubscribeGrant) {
		const patient = await db('patients').where({ id: patientId, erasure_asked_at: null }).first('language')
		if (!patient) return expired(req, res)
		const clinic = await readClinicFace(db)
		if (req.method === 'GET' || req.method === 'HEAD')
			return send(res, 200, patient.language, clinic, unsubscribeView(patient.language, channel))
		await limit.consume(`unsubscribe ${appointmentId}`)
		await chooseMessages(req, res, channel, { patientId, language: patient.language, clinic })
	}

	async function expired(req: Request, res: Response) {
		const language = languageOf(req)
		const clinic = await readClinicFace(db)
		send(res, 404, language, clinic, expiredView(language, clinic))
	}

	async function showVisit(req: Request, res: Response, visit: Visit, said: Pick<VisitViewOptions, 'message' | 'refusal'> = {}) {
		const isAhead = visit.startsAtMs > nowMs()
		const free = isAhead && visit.status === 'booked' ? await freeTimes(visit.doctorId) : []
		// Behind the mark of a fragment, which browsers send to no server and write into no referrer.
		const line = visit.startsAtMs - checkInMs <= nowMs() ? `/line#${String(req.params.token)}` : undefined
		send(res, said.refusal ? 409 : 200, visit.language, visit.face.clinic, visitView(visit, { isAhead, free, line, ...said }))
	}

	async function actOnVisit(req: Request, res: Response, grant: Grant, visit: Visit) {
		const { act, slotId } = (req.body ?? {}) as Record<string, unknown>
		const origin = originOf(req, res)
		const asked: Asking = { actor: patientActor(visit), origin, idempotencyKey: undefined }
		const words = wordsOf(visit.language).page
		let message: string | undefined
		try {
			if (act === 'confirm') await confirm(visit, origin)
			if (act === 'cancel' && visit.status !== 'cancelled') await operations.cancel(asked, { appointmentId: visit.id })
			if (act === 'reschedule' && typeof slotId === 'string') {
				await operations.reschedule(asked, { appointmentId: visit.id, slotId })
				message = words.moved
			}
		} catch (error) {
			return await showVisit(req, res, visit, { refusal: refusalText(error, visit.language) })
		}
		await showVisit(req, res, (await readVisit(db, grant)) ?? visit, { message })
	}

	async function confirm(visit: Visit, origin: Origin) {
		const changed = await db('appointments')
			.where({ id: visit.id, status: 'booked', confirmed_at: null })
			.where('starts_at', '>', new Date(nowMs()))
			.update({ confirmed_at: db.fn.now() })
		if (changed > 0) {
			const actor = { userId: visit.patientId }
			await recordAudit(db, { actor, origin, action: 'confirmed', entity: 'appointment', entityId: visit.id, details: { by: 'link' } })
		}
	}

	async function chooseMessages(
		req: Request,
		res: Response,
		channel: NotificationChannel,
		{ patientId, language, clinic }: { patientId: string; language: Language; clinic: ClinicFace },
	) {
		const isWanted = req.body?.act === 'resubscribe'
		await db('patients')
			.where({ id: patientId })
			.update({ [`notify_${channel}`]: isWanted, updated_at: db.fn.now() })
		await recordAudit(db, {
			actor: { userId: patientId },
			origin: originOf(req, res),
			action: isWanted ? 'subscribed' : 'unsubscribed',
			entity: 'patient',
			entityId: patientId,
			details: { channel, by: 'link' },
		})
		send(res, 200, language, clinic, unsubscribeView(language, channel, isWanted ? 'resubscribed' : 'unsubscribed'))
	}

	/** The text that explains a refusal. Rethrows other errors. */
	function refusalText(error: unknown, language: Language): string {
		const words = wordsOf(language).page
		if (!(error instanceof Refusal)) throw error
		if (error.code === 'too_late' || error.code === 'wrong_status') return words.tooLate
		return refusalProperties(error.code).losesSlot || error.code === 'patient_overlap' ? words.taken : words.busy
	}
}

async function readVisit(db: Db, { appointmentId, patientId }: Grant): Promise<Visit | undefined> {
	const row = await db('appointments as a')
		.join('patients as p', 'p.id', 'a.patient_id')
		.leftJoin('users as account', 'account.id', 'p.user_id')
		.join('users as u', 'u.id', 'a.doctor_id')
		.join('doctors as d', 'd.id', 'a.doctor_id')
		.where({ 'a.id': appointmentId, 'a.patient_id': patientId, 'p.erasure_asked_at': null })
		.first(
			'a.*',
			'p.full_name as patient_name',
			'p.language',
			'account.status as account_status',
			'u.full_name as doctor_name',
			'd.time_zone',
			db.raw('visit_face(a.id, p.language) AS face'),
		)
	return (
		row && {
			id: row.id,
			patientId: row.patient_id,
			patientName: row.patient_name,
			accountStatus: row.account_status,
			language: row.language,
			doctorId: row.doctor_id,
			doctorName: row.doctor_name,
			timeZone: row.time_zone,
			startsAtMs: row.starts_at.getTime(),
			endsAtMs: row.ends_at.getTime(),
			face: row.face,
			status: row.status,
			confirmed: row.confirmed_at !== null,
		}
	)
}

function send(res: Response, status: number, language: Language, clinic: ClinicFace, { title, body }: View) {
	res.status(status)
	res.setHeader('Cache-Control', 'no-store')
	res.setHeader('X-Robots-Tag', 'noindex')
	res.type('text/html').send(htmlPage(language, title, body, { clinic }))
}

const originOf = (req: Request, res: Response): Origin => ({ ip: req.ip ?? '', requestId: String(res.locals.requestId ?? '') })

/** So long before a visit its patient may check in. */
const checkInMs = 3_600_000

/** The browser's language, for a link that does not tell the patient's. */
const languageOf = (req: Request): Language => (req.acceptsLanguages(['en', 'es', 'de', 'ar']) || 'en') as Language

/** The reader of a link acts as the patient to whom it was sent, for this one visit. */
function patientActor({ patientId, patientName }: Visit): Actor {
	return {
		userId: patientId,
		role: 'patient',
		status: 'active',
		fullName: patientName,
		patientId,
		sessionId: 'link',
		tokenExpiresAtMs: 0,
	}
}
