import nodemailer from 'nodemailer'
import type SMTPPool from 'nodemailer/lib/smtp-pool/index.js'
import pTimeout from 'p-timeout'
import { oneLine, type Sending, sendTimeoutMs } from './message.ts'
import type { Invitation } from './visit-calendar.ts'

export type Mail = {
	to: { name: string; email: string }
	subject: string
	text: string
	html: string
	/** The same for a repetition, so that mail programs show it once. */
	messageId?: string
	invitation?: Invitation
	/** Where a mail program unsubscribes with one POST (RFC 8058). */
	unsubscribeUrl?: string
}

export type Mailer = { send(mail: Mail): Promise<Sending>; stop(): Promise<void> }

export type MailerDeps = { url: string; from: string; connections: number }

type SmtpError = Error & { code?: string; responseCode?: number }

/** The mail server, over connections that are kept for the next letter. */
export function createMailer({ url, from, connections }: MailerDeps): Mailer {
	const settings: SMTPPool.Options = {
		url,
		pool: true,
		maxConnections: connections,
		maxMessages: Number.POSITIVE_INFINITY,
		connectionTimeout: 8000,
		greetingTimeout: 8000,
		socketTimeout: 15_000,
		// Addresses of files and web pages in what people typed are text.
		disableFileAccess: true,
		disableUrlAccess: true,
	}
	const transport = nodemailer.createTransport(settings)
	// A pool that cannot connect says so to each letter that waits; without a listener it would end the process as well.
	transport.on('error', () => {})
	return {
		async send({ to, subject, text, html, messageId, invitation, unsubscribeUrl }) {
			if (!isAddress(to.email)) return { sent: false, failure: 'permanent', reason: 'not an e-mail address' }
			try {
				const info = await within(
					transport.sendMail({
						from,
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

/** One address and nothing else: no lists, no names, no route. */
const isAddress = (text: string) => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text)

function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
	return pTimeout(work, { milliseconds: timeoutMs, message: `the mail server did not answer within ${timeoutMs / 1000} s` })
}

/** A 5xx about the recipient or the letter is final; one about us, such as a wrong password, is for the clinic to mend. */
function failureOf(error: SmtpError): Sending {
	const reason = oneLine(error.message)
	const aboutTheLetter = ['EENVELOPE', 'EMESSAGE'].includes(error.code ?? '')
	const final = aboutTheLetter && (error.responseCode === undefined || (error.responseCode >= 500 && error.responseCode < 600))
	return final ? { sent: false, failure: 'permanent', reason } : { sent: false, failure: 'transient', reason }
}
