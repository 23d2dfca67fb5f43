import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

export type MailServer = {
	url: string
	/** The letters in the order of arrival. */
	mails: ParsedMail[]
	/** Recipients of every letter that was accepted, parsed or not. */
	recipients: string[]
	/** Message ids of every letter that was accepted. */
	ids: string[]
	/** How the server treats a recipient: an SMTP code to refuse with, or a time to hang. */
	treat: Map<string, { code: number; text: string } | { hangMs: number }>
	stop(): Promise<void>
}

/** A real mail server on this machine. Without `parse` it only counts letters, as fast as possible. */
export const startMailServer = async ({ parse = true }: { parse?: boolean } = {}): Promise<MailServer> => {
	const mails: ParsedMail[] = []
	const recipients: string[] = []
	const ids: string[] = []
	const treat: MailServer['treat'] = new Map()
	const timers = new Set<NodeJS.Timeout>()
	const server = new SMTPServer({
		disabledCommands: ['AUTH', 'STARTTLS'],
		authOptional: true,
		disableReverseLookup: true,
		logger: false,
		closeTimeout: 200,
		onRcptTo({ address }, _session, done) {
			const treatment = treat.get(address)
			if (!treatment) return done()
			if ('code' in treatment) return done(Object.assign(new Error(treatment.text), { responseCode: treatment.code }))
			timers.add(setTimeout(() => done(), treatment.hangMs))
		},
		onData(stream, session, done) {
			const parts: Buffer[] = []
			stream.on('data', part => parts.push(part))
			stream.on('end', async () => {
				const letter = Buffer.concat(parts)
				if (parse) mails.push(await simpleParser(letter))
				recipients.push(...session.envelope.rcptTo.map(({ address }) => address))
				const [, id = ''] = /^Message-ID: <([^>]+)>/im.exec(letter.toString('latin1')) ?? []
				ids.push(id)
				done()
			})
		},
	})
	server.on('error', () => {})
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
	return {
		url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
		mails,
		recipients,
		ids,
		treat,
		stop: async () => {
			for (const timer of timers) clearTimeout(timer)
			await new Promise<void>(resolve => server.close(() => resolve()))
		},
	}
}

/** A mail server for one `describe`. */
export const useMailServer = (options: { parse?: boolean } = {}): MailServer => {
	let server: MailServer | undefined
	before(async () => {
		server = await startMailServer(options)
	})
	after(async () => {
		await server?.stop()
	})
	return new Proxy({} as MailServer, { get: (_target, name) => Reflect.get(server as MailServer, name) })
}
