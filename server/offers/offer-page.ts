import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import { Language } from '../../contract/index.ts'
import type { Db } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Limiter } from '../platform/security/rate-limit.ts'
import { type Html, html, htmlPage } from '../reminders/html.ts'
import { expiredView } from '../reminders/link-views.ts'
import { fullDate, fullSpan, wordsOf } from '../reminders/texts.ts'
import { languageOfClinic, readClinicFace } from '../reminders/visit-face.ts'
import type { Answers } from './answers.ts'
import { readOffer, type StoredOffer } from './records.ts'

/** The page behind the link of an offer. Programs that scan mail follow every link, so a GET only shows, and a POST answers. */
export function offerPage({ db, answers, readOfferLink, limit }: OfferPageDeps): RequestHandler {
	const router = Router()
	router.get('/o/:token', open)
	router.post('/o/:token', express.urlencoded({ extended: false, limit: '2kb', parameterLimit: 10 }), open)
	return router

	async function open(req: Request, res: Response) {
		const token = String(req.params.token)
		const grant = readOfferLink(token)
		const offer = grant && (await readOffer(db, grant.offerId))
		const clinic = await readClinicFace(db)
		if (!grant || !offer || offer.patient_id !== grant.patientId) {
			const language = (req.acceptsLanguages(['en', 'es', 'de', 'ar']) || languageOfClinic(clinic)) as Language
			const { title, body } = expiredView(language, clinic)
			return send(res, 404, htmlPage(language, title, body, { clinic }))
		}
		const language = await languageOf(offer)
		const said = req.method === 'POST' ? await answer(req, res, offer, language) : undefined
		const now = said ? ((await readOffer(db, offer.id)) ?? offer) : offer
		const { title, body } = await viewOf(now, language, said)
		send(res, said?.status ?? 200, htmlPage(language, title, body, { clinic }))
	}

	async function answer(req: Request, res: Response, offer: StoredOffer, language: Language): Promise<Said> {
		await limit.consume(`offer ${offer.id}`)
		const { offer: words, page } = wordsOf(language)
		const act = (req.body as Record<string, unknown> | undefined)?.act
		const asking = { actor: null, origin: { ip: req.ip ?? '', requestId: String(res.locals.requestId ?? '') }, idempotencyKey: undefined }
		try {
			if (act === 'accept') await answers.accept(asking, offer.id, String(req.params.token))
			if (act === 'decline') await answers.decline(asking, offer.id, String(req.params.token))
			return { status: 200, text: act === 'accept' ? words.accepted : act === 'decline' ? words.declined : '' }
		} catch (error) {
			if (!(error instanceof Refusal)) throw error
			const isOver = error.code === 'offer_ended' || error.code === 'wrong_status'
			return { status: 409, text: isOver ? words.ended : error.code === 'patient_overlap' ? page.taken : page.busy }
		}
	}

	async function languageOf({ patient_id: id }: StoredOffer): Promise<Language> {
		const patient = await db('patients').where({ id }).first('language')
		return Language.safeParse(patient?.language).data ?? 'en'
	}

	async function viewOf(offer: StoredOffer, language: Language, said: Said | undefined): Promise<{ title: string; body: Html }> {
		const words = wordsOf(language)
		const { time_zone: zone } = await db('doctors').where({ id: offer.doctor_id }).first('time_zone')
		const old = offer.replaces === null ? undefined : await db('appointments').where({ id: offer.replaces }).first('starts_at')
		const isOpen =
			(offer.status === 'sending' || offer.status === 'open') && !(offer.expires_at && offer.expires_at.getTime() <= Date.now())
		const facts: [string, string][] = [
			[words.when, fullSpan(language, offer.starts_at.getTime(), offer.ends_at.getTime(), zone)],
			[words.doctor, offer.doctor_name],
			...(old && isOpen ? ([[words.offer.instead, fullDate(language, old.starts_at.getTime(), zone)]] as [string, string][]) : []),
			...(isOpen && offer.expires_at
				? ([[words.offer.until, fullDate(language, offer.expires_at.getTime(), zone)]] as [string, string][])
				: []),
		]
		const text = said?.text || (isOpen ? '' : offer.status === 'accepted' ? words.offer.accepted : words.offer.ended)
		const note = text
			? html`<p class="note${said?.status === 409 ? ' wrong' : ''}" role="${said?.status === 409 ? 'alert' : 'status'}">${text}</p>`
			: html``
		const form = (act: string, label: string, second: boolean) =>
			html`<form method="post"><input type="hidden" name="act" value="${act}"><button class="${second ? 'second' : ''}">${label}</button></form>`
		const actions = isOpen ? [form('accept', words.offer.accept, false), form('decline', words.offer.decline, true)] : []
		const list = facts.map(([name, value]) => html`<dt>${name}</dt><dd><bdi>${value}</bdi></dd>`)
		return {
			title: words.offer.title,
			body: html`<h1>${words.offer.title}</h1>${note}<dl>${list}</dl>${actions}<p><a class="way" href="/visits">${words.page.toVisits}</a></p>`,
		}
	}
}

export type OfferPageDeps = {
	db: Db
	answers: Pick<Answers, 'accept' | 'decline'>
	readOfferLink: (token: string) => { offerId: string; patientId: string } | undefined
	limit: Limiter
}

type Said = { status: 200 | 409; text: string }

function send(res: Response, status: number, page: string) {
	res.status(status)
	res.setHeader('Cache-Control', 'no-store')
	res.setHeader('X-Robots-Tag', 'noindex')
	res.type('text/html').send(page)
}
