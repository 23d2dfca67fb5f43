import { html, htmlLetter } from '../html.ts'
import type { Mail, Mailer } from '../mailer.ts'
import type { Channel, Message } from '../message.ts'
import { fill, fullDate, wordsOf } from '../texts.ts'
import type { VisitCalendar } from '../visit-calendar.ts'

export type EmailDeps = {
	mailer: Mailer
	visitCalendar: VisitCalendar
	/** Names our messages. */
	host: string
	concurrency: number
}

/** E-mail over SMTP. */
export function createEmail({ mailer, concurrency, ...deps }: EmailDeps): Channel {
	return { name: 'email', concurrency, send: message => mailer.send(letter(message, deps)), stop: () => mailer.stop() }
}

/** A letter in the patient's language, as text and as HTML, with an invitation when the visit changed. */
export function letter(message: Message, { visitCalendar, host }: Pick<EmailDeps, 'visitCalendar' | 'host'>): Mail {
	const { kind, patient, visit, links } = message
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
		...rows.map(([name, value]) => `${name}: ${value}`),
		'',
		...(actions ? [`${words.open}:`, links.visit, ''] : []),
		'--',
		words.whyThis,
		`${words.unsubscribe}: ${links.unsubscribe}`,
		'',
	].join('\n')
	const body = html`<p>${greeting}</p><h1>${words.opening[kind]}</h1><dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>${
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
		// A reminder changes nothing in the calendar.
		...(kind !== 'reminder' && { invitation: visitCalendar.invitation(message) }),
	}
}
