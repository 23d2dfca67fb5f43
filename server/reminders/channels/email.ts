import type { Language } from '../../../contract/index.ts'
import { html, htmlLetter } from '../html.ts'
import type { Mail, Mailer } from '../mailer.ts'
import type { Channel, Message } from '../message.ts'
import { fill, fullDate, wordsOf } from '../texts.ts'
import type { VisitCalendar } from '../visit-calendar.ts'

export type EmailDeps = {
	mailer: Mailer
	visitCalendar: VisitCalendar
	/** The domain in message ids. */
	host: string
	concurrency: number
}

/** Sends e-mail over SMTP. */
export function createEmail({ mailer, concurrency, ...deps }: EmailDeps): Channel {
	return { name: 'email', concurrency, send: message => mailer.send(letter(message, deps)), stop: () => mailer.stop() }
}

/** Writes a letter in the patient's language, as text and as HTML, with an invitation when the visit changed. */
export function letter(message: Message, { visitCalendar, host }: Pick<EmailDeps, 'visitCalendar' | 'host'>): Mail {
	const { kind, patient, visit, links } = message
	const said = message.text ? [message.text, ''] : []
	const { language } = patient
	const words = wordsOf(language)
	const when = fullDate(language, visit.startsAtMs, visit.timeZone)
	const greeting = fill(words.greeting, { name: patient.fullName })
	const rows: [string, string][] = [
		[words.when, when],
		[words.doctor, visit.doctorName],
		[words.type, visit.typeName],
	]
	const actions = kind !== 'cancelled'
	const text = [
		greeting,
		'',
		words.opening[kind],
		'',
		...said,
		...rows.map(([name, value]) => `${name}: ${value}`),
		'',
		...(actions ? [`${words.open}:`, links.visit, ''] : []),
		'--',
		words.whyThis,
		`${words.unsubscribe}: ${links.unsubscribe}`,
		'',
	].join('\n')
	const body = html`<p>${greeting}</p><h1>${words.opening[kind]}</h1>${said.slice(0, 1).map(text => html`<p style="white-space:pre-line">${text}</p>`)}<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>${
		actions ? html`<p><a class="button" href="${links.visit}">${words.open}</a></p>` : []
	}<p class="small">${words.whyThis} <a href="${links.unsubscribe}">${words.unsubscribe}</a></p>`
	const subject = fill(words.subject[kind], { date: when })
	return {
		to: { name: patient.fullName, email: patient.email ?? '' },
		subject,
		text,
		html: htmlLetter(language, subject, body),
		messageId: `<notification-${message.id}@${host}>`,
		unsubscribeUrl: links.unsubscribe,
		// Reminders and notices change nothing in the calendar.
		...(kind !== 'reminder' && kind !== 'notice' && { invitation: visitCalendar.invitation(message) }),
	}
}

export type PasswordLink = {
	to: Mail['to']
	link: string
	/** The clinic's name. */
	clinic: string
	language: Language
}

/** Writes the letter with a link to set a new password, or the first password of an account that the clinic opened. */
export function passwordLinkMail(kind: 'reset' | 'invitation', { to, link, clinic, language }: PasswordLink): Mail {
	const words = wordsOf(language)
	const { button, ignore } = words[kind]
	const subject = fill(words[kind].subject, { clinic })
	const opening = fill(words[kind].opening, { clinic })
	const greeting = fill(words.greeting, { name: to.name })
	return {
		to,
		subject,
		text: [greeting, '', opening, '', link, '', ignore, ''].join('\n'),
		html: htmlLetter(
			language,
			subject,
			html`<p>${greeting}</p><h1>${subject}</h1><p>${opening}</p><p><a class="button" href="${link}">${button}</a></p><p class="small">${ignore}</p>`,
		),
	}
}
