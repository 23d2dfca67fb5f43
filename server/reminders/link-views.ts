import { addressLines, mapLink, telephoneLink } from '../../contract/address.ts'
import type { Language, NotificationChannel, SlotOffer } from '../../contract/index.ts'
import { type Html, html } from './html.ts'
import { fill, fullDate, fullSpan, wordsOf } from './texts.ts'
import { addressOf, type ClinicFace, phoneOf, type VisitFace } from './visit-face.ts'

/** The visit of a link, with all that its page shows. */
export type Visit = {
	id: string
	patientId: string
	patientName: string
	accountStatus: string | null
	language: Language
	doctorId: string
	doctorName: string
	timeZone: string
	startsAtMs: number
	endsAtMs: number
	face: VisitFace
	status: string
	confirmed: boolean
}

export type View = { title: string; body: Html }

export type VisitViewOptions = {
	isAhead: boolean
	/** Free times that the visit could move to. */
	free: readonly SlotOffer[]
	message?: string | undefined
	refusal?: string | undefined
	/** The address of the visit's place in line, from an hour before it. */
	line?: string | undefined
}

/** Shows the visit, and the actions that its patient may take. */
export function visitView(visit: Visit, { isAhead, free, message, refusal, line }: VisitViewOptions): View {
	const words = wordsOf(visit.language)
	const said = refusal ? problem(refusal) : note(message ?? stateOf(visit, isAhead))
	const actions =
		isAhead && visit.status === 'booked'
			? [
					visit.confirmed ? html`` : button('confirm', words.confirm),
					moving(visit, free),
					html`<h2>${words.cancel}</h2><p>${words.page.askCancel}</p>`,
					button('cancel', words.cancel, true),
				]
			: [html`<p><a class="way" href="/doctors/${visit.doctorId}">${words.page.bookAgain}</a></p>`]
	return {
		title: words.page.title,
		body: html`<h1>${words.page.title}</h1>${said}${factsOf(visit)}${arriving(visit, line)}${call(visit.language, phoneOf(visit.face))}${actions}`,
	}
}

/** Asks whether to unsubscribe, or confirms that it is done. */
export function unsubscribeView(language: Language, channel: NotificationChannel, done?: 'unsubscribed' | 'resubscribed'): View {
	const words = wordsOf(language)
	const name = words.channels[channel]
	const ask = html`<p>${fill(words.page.askUnsubscribe, { channel: name })}</p>${button('unsubscribe', words.unsubscribe)}`
	const bodies = {
		unsubscribed: html`${note(fill(words.page.unsubscribed, { channel: name }))}${button('resubscribe', words.page.resubscribe, true)}`,
		resubscribed: html`${note(fill(words.page.resubscribed, { channel: name }))}${button('unsubscribe', words.unsubscribe)}`,
	}
	return { title: words.unsubscribe, body: html`<h1>${words.unsubscribe}</h1>${done ? bodies[done] : ask}` }
}

/** For expired links and for forged ones: both show the same, so that a forger learns nothing. */
export function expiredView(language: Language, { phone }: ClinicFace): View {
	const { page } = wordsOf(language)
	return {
		title: page.expiredTitle,
		body: html`<h1>${page.expiredTitle}</h1>${note(page.expired)}<p>${page.expiredHelp}</p>${call(language, phone)}<p><a class="button" href="/visits">${page.toVisits}</a></p>`,
	}
}

const problem = (text: string | undefined): Html | Html[] => (text ? html`<p class="note wrong" role="alert">${text}</p>` : [])

const note = (text: string | undefined): Html | Html[] => (text ? html`<p class="note" role="status">${text}</p>` : [])

function stateOf({ language, status, confirmed }: Visit, isAhead: boolean): string | undefined {
	const { page } = wordsOf(language)
	if (status === 'cancelled') return page.cancelled
	if (!isAhead) return page.over
	return confirmed ? page.confirmed : undefined
}

function button(act: string, label: string, second = false): Html {
	return html`<form method="post"><input type="hidden" name="act" value="${act}"><button class="${second ? 'second' : ''}">${label}</button></form>`
}

function arriving({ language, status }: Visit, line: string | undefined): Html | Html[] {
	const { page } = wordsOf(language)
	if (line === undefined || (status !== 'booked' && status !== 'checked_in')) return []
	return html`<p><a class="button" href="${line}">${status === 'booked' ? page.here : page.place}</a></p>`
}

function moving({ id, language, timeZone }: Visit, free: readonly SlotOffer[]): Html {
	const words = wordsOf(language)
	const choice = free.map(
		({ id, startsAt }) =>
			html`<label><input type="radio" name="slotId" value="${id}" required> <span>${fullDate(language, Date.parse(startsAt), timeZone)}</span></label>`,
	)
	const form =
		choice.length > 0
			? html`<form method="post"><input type="hidden" name="act" value="reschedule"><fieldset><legend>${words.page.chooseTime}</legend>${choice}</fieldset><button>${words.reschedule}</button></form>`
			: html`<p>${words.noFreeTimes}</p>`
	return html`<h2>${words.reschedule}</h2>${form}<p><a class="way" href="/visits?reschedule=${id}">${words.moreTimes}</a></p>`
}

function factsOf({ language, status, startsAtMs, endsAtMs, timeZone, doctorName, face }: Visit): Html {
	const words = wordsOf(language)
	const address = addressOf(face)
	const lines = [...(face.place ? [face.place.name] : []), ...(address ? addressLines(address) : [])].join(', ')
	const map = address ? html`<br><a class="way" href="${mapLink(address)}" rel="noreferrer">${words.map}</a>` : html``
	const facts: [string, string | Html | undefined][] = [
		[words.when, fullSpan(language, startsAtMs, endsAtMs, timeZone)],
		[words.doctor, html`<bdi>${doctorName}</bdi>`],
		[words.type, html`<bdi>${face.typeName}</bdi>`],
		...(status === 'cancelled'
			? []
			: ([
					[words.where, lines ? html`<bdi>${lines}</bdi>${map}` : undefined],
					[words.directions, face.place?.directions],
					[words.prepare, face.instructions],
					[words.price, face.price],
				] as [string, string | Html | undefined][])),
	]
	const shown = facts.flatMap(([name, text]) => (text === undefined ? [] : [html`<dt>${name}</dt><dd>${text}</dd>`]))
	return html`<dl>${shown}</dl>`
}

/** The way out when the page cannot help. */
const call = (language: Language, phone: string | undefined): Html =>
	phone ? html`<p>${wordsOf(language).call}: <a class="way" href="${telephoneLink(phone)}"><bdi>${phone}</bdi></a></p>` : html``
