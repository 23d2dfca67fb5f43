import { addressLines, mapLink, telephoneLink } from '../../../contract/address.ts'
import type { Language } from '../../../contract/index.ts'
import { type Html, html, htmlLetter } from '../html.ts'
import type { Mail, Mailer } from '../mailer.ts'
import type { Channel, Message } from '../message.ts'
import { fill, fullDate, fullSpan, wordsOf } from '../texts.ts'
import type { VisitCalendar } from '../visit-calendar.ts'
import { addressOf, type ClinicFace, phoneOf } from '../visit-face.ts'

export type EmailDeps = {
	mailer: Mailer
	visitCalendar: VisitCalendar
	/** The domain in message ids. */
	host: string
	publicUrl: () => string
	concurrency: number
}

/** Sends e-mail over SMTP. */
export function createEmail({ mailer, concurrency, ...deps }: EmailDeps): Channel {
	return { name: 'email', concurrency, send: message => mailer.send(letter(message, deps)), stop: () => mailer.stop() }
}

/** Writes a letter in the patient's language, as text and as HTML, with an invitation when the visit changed. */
export function letter(
	message: Message,
	{ visitCalendar, host, publicUrl }: Pick<EmailDeps, 'visitCalendar' | 'host' | 'publicUrl'>,
): Mail {
	const { kind, patient, visit, links } = message
	const said = message.text ? [message.text, ''] : []
	const { language } = patient
	const { clinic } = visit.face
	const words = wordsOf(language)
	const opening = message.offer?.why === 'absence' ? words.offer.absence : words.opening[kind]
	const open = message.offer ? words.offer.open : words.open
	const greeting = fill(words.greeting, { name: patient.fullName })
	const rows = rowsOf(message)
	const phone = phoneOf(visit.face)
	const actions = kind !== 'cancelled'
	const text = [
		greeting,
		'',
		opening,
		'',
		...said,
		...rows.map(({ name, text }) => `${name}: ${text}`),
		'',
		...(actions ? [`${open}:`, links.visit, ''] : []),
		...(phone ? [`${words.call}: ${phone}`, ''] : []),
		'--',
		...signature(clinic, language),
		words.whyThis,
		`${words.unsubscribe}: ${links.unsubscribe}`,
		'',
	].join('\n')
	const body = html`<p>${greeting}</p><h1>${opening}</h1>${said.slice(0, 1).map(text => html`<p style="white-space:pre-line">${text}</p>`)}<dl>${rows.map(row => html`<dt>${row.name}</dt><dd>${row.html ?? row.text}</dd>`)}</dl>${
		actions ? html`<p><a class="button" href="${links.visit}">${open}</a></p>` : []
	}${phone ? html`<p>${words.call}: <a href="${telephoneLink(phone)}"><bdi>${phone}</bdi></a></p>` : []}<p class="small">${words.whyThis} <a href="${links.unsubscribe}">${words.unsubscribe}</a></p>`
	const subject = fill(words.subject[kind], { date: fullDate(language, visit.startsAtMs, visit.timeZone) })
	return {
		to: { name: patient.fullName, email: patient.email ?? '' },
		fromName: clinic.name,
		subject,
		text,
		html: htmlLetter(language, subject, body, { clinic, publicUrl: publicUrl() }),
		messageId: `<notification-${message.id}@${host}>`,
		unsubscribeUrl: links.unsubscribe,
		// Reminders, notices and offers change nothing in the calendar.
		...(kind !== 'reminder' && kind !== 'notice' && kind !== 'offer' && { invitation: visitCalendar.invitation(message) }),
	}
}

type Row = { name: string; text: string; html?: Html }

/** What there is to know of the visit. A cancelled visit needs no preparation and no way there. */
function rowsOf({ kind, offer, patient: { language }, visit }: Message): Row[] {
	const words = wordsOf(language)
	const { face } = visit
	const rows: Row[] = [
		{ name: words.when, text: fullSpan(language, visit.startsAtMs, visit.endsAtMs, visit.timeZone) },
		{ name: words.doctor, text: visit.doctorName },
		{ name: words.type, text: face.typeName },
	]
	if (offer?.insteadMs !== undefined) rows.push({ name: words.offer.instead, text: fullDate(language, offer.insteadMs, visit.timeZone) })
	if (kind === 'cancelled') return rows
	const address = addressOf(face)
	if (face.place || address) {
		const lines = [...(face.place ? [face.place.name] : []), ...(address ? addressLines(address) : [])]
		const map = address ? html`<br><a href="${mapLink(address)}">${words.map}</a>` : []
		rows.push({ name: words.where, text: lines.join(', '), html: html`<bdi>${lines.join(', ')}</bdi>${map}` })
	}
	if (face.place?.directions) rows.push({ name: words.directions, text: face.place.directions })
	if (face.instructions) rows.push({ name: words.prepare, text: face.instructions })
	if (face.price) rows.push({ name: words.price, text: face.price })
	return rows
}

/** Who writes, as the law of many countries asks of letters. */
function signature({ name, address, phone, imprintUrl, privacyUrl }: ClinicFace, language: Language): string[] {
	const words = wordsOf(language)
	return [
		[name, ...(address ? addressLines(address) : []), phone].filter(Boolean).join(', '),
		...(imprintUrl ? [`${words.imprint}: ${imprintUrl}`] : []),
		...(privacyUrl ? [`${words.privacy}: ${privacyUrl}`] : []),
	]
}

export type PasswordLink = { to: Mail['to']; link: string; clinic: ClinicFace; publicUrl: string; language: Language }

/** Writes the letter with a link to set a new password, or the first password of an account that the clinic opened. */
export function passwordLinkMail(kind: 'reset' | 'invitation', { to, link, clinic, publicUrl, language }: PasswordLink): Mail {
	const words = wordsOf(language)
	const { button, ignore } = words[kind]
	const subject = fill(words[kind].subject, { clinic: clinic.name })
	const opening = fill(words[kind].opening, { clinic: clinic.name })
	const greeting = fill(words.greeting, { name: to.name })
	return {
		to,
		fromName: clinic.name,
		subject,
		text: [greeting, '', opening, '', link, '', ignore, '', '--', ...signature(clinic, language), ''].join('\n'),
		html: htmlLetter(
			language,
			subject,
			html`<p>${greeting}</p><h1>${subject}</h1><p>${opening}</p><p><a class="button" href="${link}">${button}</a></p><p class="small">${ignore}</p>`,
			{ clinic, publicUrl },
		),
	}
}

export type CodeLetter = { email: string; code: string; clinic: ClinicFace; publicUrl: string; language: Language }

/** Writes the letter with a code to sign in. The subject has the code, so that a phone's notification shows it. */
export function codeMail({ email, code, clinic, publicUrl, language }: CodeLetter): Mail {
	const { ignore, ...words } = wordsOf(language).code
	const subject = fill(words.subject, { clinic: clinic.name, code })
	const opening = fill(words.opening, { code })
	const body = html`<h1>${subject}</h1><p>${opening}</p><p class="small">${ignore}</p>`
	return {
		to: { name: '', email },
		fromName: clinic.name,
		subject,
		text: [opening, '', ignore, '', '--', ...signature(clinic, language), ''].join('\n'),
		html: htmlLetter(language, subject, body, { clinic, publicUrl }),
	}
}
