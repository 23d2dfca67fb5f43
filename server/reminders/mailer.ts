import nodemailer from 'nodemailer'
import type SMTPPool from 'nodemailer/lib/smtp-pool/index.js'
import pTimeout from 'p-timeout'
import { oneLine, type Sending, sendTimeoutMs } from './message.ts'
import type { Invitation } from './visit-calendar.ts'

export type Mail = {
	to: { name: string; email: string }
	/** In place of the name in the mail server's setting. */
	fromName?: string
	subject: string
	text: string
	html: string
	/** A repetition has the same id, so that mail programs show the letter once. */
	messageId?: string
	invitation?: Invitation
	/** The address at which a mail program unsubscribes with one POST (RFC 8058). */
	unsubscribeUrl?: string
}

export type Mailer = { send(mail: Mail): Promise<Sending>; stop(): Promise<void> }

export type MailerDeps = { url: string; from: string; connections: number }

type SmtpError = Error & { code?: string; responseCode?: number }

/** Sends letters to the mail server, over connections that stay open for the next letter. */
export function createMailer({ url, from, connections }: MailerDeps): Mailer {
	const settings: SMTPPool.Options = {
		url,
		pool: true,
		maxConnections: connections,
		maxMessages: Number.POSITIVE_INFINITY,
		connectionTimeout: 8000,
		greetingTimeout: 8000,
		socketTimeout: 15_000,
		// People's texts may contain addresses of files and web pages, which nodemailer must not fetch.
		disableFileAccess: true,
		disableUrlAccess: true,
	}
	const transport = nodemailer.createTransport(settings)
	// Each waiting letter fails with the error of the connection. Without a listener, the error would also end the process.
	transport.on('error', () => {})
	return {
		async send({ to, fromName, subject, text, html, messageId, invitation, unsubscribeUrl }) {
			if (!isAddress(to.email)) return { sent: false, failure: 'permanent', reason: 'not an e-mail address' }
			try {
				const info = await within(
					transport.sendMail({
						from: fromName ? { name: oneLine(fromName), address: addressIn(from) } : from,
						to: { name: oneLine(to.name), address: to.email },
						subject: oneLine(subject),
						text,
						html,
						...(messageId && { messageId }),
						headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
						...(invitation && {
							icalEvent: { method: invitation.method, content: invitation.content, filename: 'visit.ics' },
						}),
						...(unsubscribeUrl && {
							list: { unsubscribe: { url: unsubscribeUrl, comment: '' } },
							headers: {
								'Auto-Submitted': 'auto-generated',
								'X-Auto-Response-Suppress': 'All',
								'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
							},
						}),
					}),
					sendTimeoutMs,
				)
				return { sent: true, providerId: oneLine(info.messageId ?? '', 200) }
			} catch (error) {
				return failureOf(error as SmtpError)
			}
		},
		stop: async () => transport.close(),
	}
}

/** The address alone, of `Name <address>`. */
export const addressIn = (from: string): string => /<([^>]+)>\s*$/.exec(from)?.[1] ?? from

/** Exactly one address: no list, no name, no route. */
const isAddress = (text: string) => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text)

function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
	return pTimeout(work, { milliseconds: timeoutMs, message: `the mail server did not answer within ${timeoutMs / 1000} s` })
}

/** A 5xx about the recipient or the letter is final. A 5xx about the sender, such as a wrong password, the clinic can repair. */
function failureOf(error: SmtpError): Sending {
	const reason = oneLine(error.message)
	const aboutTheLetter = ['EENVELOPE', 'EMESSAGE'].includes(error.code ?? '')
	const final = aboutTheLetter && (error.responseCode === undefined || (error.responseCode >= 500 && error.responseCode < 600))
	return final ? { sent: false, failure: 'permanent', reason } : { sent: false, failure: 'transient', reason }
}
