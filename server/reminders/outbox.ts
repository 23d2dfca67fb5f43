import { mkdirSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { SMTPServer } from 'smtp-server'
import type { Log } from '../platform/observability/log.ts'
import { escapeHtml, type Html, html, htmlPage, raw } from './html.ts'

export type KeptMail = {
	id: string
	receivedAt: string
	from: string
	to: string
	subject: string
	text: string
	html: string
	headers: string[]
	attachments: { name: string; type: string; text: string }[]
}

export type Outbox = {
	/** The address that accepts letters. */
	smtpUrl: string
	pages: RequestHandler
	stop(): Promise<void>
}

const maxLetterBytes = 2_000_000

/**
 * A mail server that delivers nothing, and shows its letters in the browser. Letters arrive by SMTP, as at a real server. Never part
 * of a production server.
 */
export async function startOutbox({ dataDir, log, keep = 200 }: { dataDir: string; log: Log; keep?: number }): Promise<Outbox> {
	const directory = path.join(dataDir, 'outbox')
	mkdirSync(directory, { recursive: true })
	let count = 0

	const server = new SMTPServer({
		name: 'outbox',
		disabledCommands: ['AUTH', 'STARTTLS'],
		authOptional: true,
		disableReverseLookup: true,
		logger: false,
		size: maxLetterBytes,
		onData(stream, _session, done) {
			const parts: Buffer[] = []
			stream.on('data', part => parts.push(part))
			stream.on('error', done)
			stream.on('end', () => {
				if (stream.sizeExceeded) return done(Object.assign(new Error('The letter is too large'), { responseCode: 552 }))
				store(Buffer.concat(parts)).then(
					() => done(),
					error => done(Object.assign(error as Error, { responseCode: 451 })),
				)
			})
		},
	})
	server.on('error', error => log.debug({ reason: error.message }, 'outbox'))
	await new Promise<void>((resolve, reject) => {
		server.server.once('error', reject)
		server.listen(0, '127.0.0.1', () => resolve())
	})
	const { port } = server.server.address() as AddressInfo

	const router = Router()
	router.get('/dev/outbox', list)
	// Tests and scripts read this.
	router.get('/dev/outbox.json', async (_req, res) => {
		res.setHeader('Cache-Control', 'no-store')
		res.json({ items: (await Promise.all((await ids()).slice(0, keep).map(read))).filter(mail => mail !== undefined) })
	})
	router.get('/dev/outbox/:id', show)

	return {
		smtpUrl: `smtp://127.0.0.1:${port}`,
		pages: router,
		stop: () => new Promise(resolve => server.close(() => resolve())),
	}

	async function store(letter: Buffer): Promise<void> {
		// Loaded with the first letter, because the parser takes 20 MB, and an outbox may never receive a letter.
		const { simpleParser } = await import('mailparser')
		const mail = await simpleParser(letter)
		const id = `${Date.now().toString(36).padStart(9, '0')}-${(count++ % 1_679_616).toString(36).padStart(4, '0')}-${process.pid}`
		const kept: KeptMail = {
			id,
			receivedAt: new Date().toISOString(),
			from: addressText(mail.from),
			to: addressText(mail.to),
			subject: mail.subject ?? '',
			text: mail.text ?? '',
			html: mail.html || '',
			headers: mail.headerLines.map(({ line }) => line),
			attachments: mail.attachments.map(({ filename, contentType, content }) => ({
				name: filename ?? '',
				type: contentType,
				text: contentType.startsWith('text/') || contentType === 'application/ics' ? content.toString('utf8') : '',
			})),
		}
		const file = path.join(directory, `${id}.json`)
		// Renamed when complete: a reader may list the letters at any moment.
		await writeFile(`${file}.new`, JSON.stringify(kept))
		await rename(`${file}.new`, file)
		// Deletes old letters only now and then, because listing them takes time.
		if (count % 20 === 1) for (const old of (await ids()).slice(keep)) await rm(path.join(directory, `${old}.json`), { force: true })
	}

	/** The ids of the letters, newest first: ids begin with the time. */
	async function ids(): Promise<string[]> {
		return (await readdir(directory))
			.map(file => path.parse(file))
			.filter(({ ext, name }) => ext === '.json' && isId(name))
			.map(({ name }) => name)
			.sort()
			.reverse()
	}

	async function list(_req: Request, res: Response) {
		const mails = (await Promise.all((await ids()).slice(0, keep).map(read))).filter(mail => mail !== undefined)
		res.setHeader('Cache-Control', 'no-store')
		const rows = mails.map(
			({ id, to, subject, receivedAt }) =>
				html`<li><a href="/dev/outbox/${id}"><span class="subject" dir="auto">${subject || '(no subject)'}</span> <span class="small">${to}</span> ${timeOf(receivedAt)}</a></li>`,
		)
		const body = html`<h1>Outbox</h1><p class="note">No mail server is set up, so letters stay here. The last ${String(keep)} are kept.</p>${
			rows.length > 0
				? html`<ul class="mails">${rows}</ul>`
				: html`<p>There are none yet. Book a visit, and its confirmation appears here.</p>`
		}`
		res.type('text/html').send(htmlPage('en', 'Outbox', body, { wide: true }))
	}

	async function read(id: string): Promise<KeptMail | undefined> {
		try {
			return isId(id) ? (JSON.parse(await readFile(path.join(directory, `${id}.json`), 'utf8')) as KeptMail) : undefined
		} catch {
			return undefined
		}
	}

	async function show(req: Request, res: Response) {
		const mail = await read(String(req.params.id))
		res.setHeader('Cache-Control', 'no-store')
		const back = html`<p><a class="way" href="/dev/outbox">All letters</a></p>`
		if (!mail) {
			const body = html`${back}<h1>There is no such letter</h1><p>Only the last ${String(keep)} are kept.</p>`
			return void res
				.status(404)
				.type('text/html')
				.send(htmlPage('en', 'No such letter', body))
		}
		const body = html`${back}<h1 dir="auto">${mail.subject || '(no subject)'}</h1><dl><dt>From</dt><dd>${mail.from}</dd><dt>To</dt><dd>${mail.to}</dd><dt>At</dt><dd>${timeOf(mail.receivedAt)}</dd></dl>${
			mail.html ? frameOf(mail) : []
		}<h2>Text</h2><pre class="text" dir="auto" tabindex="0">${mail.text}</pre>${mail.attachments.map(
			({ name, type, text }) => html`<h2>${name || type}</h2><pre tabindex="0">${text}</pre>`,
		)}<h2>Headers</h2><pre tabindex="0">${mail.headers.join('\n')}</pre>`
		res.type('text/html').send(htmlPage('en', mail.subject || 'Letter', body, { wide: true }))
	}
}

function addressText(value: { text: string } | { text: string }[] | undefined) {
	return [value ?? []]
		.flat()
		.map(each => each.text)
		.join(', ')
}

const isId = (text: string) => /^[0-9a-z]{9,12}-[0-9a-z]{4}-[0-9]+$/.test(text)

function timeOf(instant: string): Html {
	return html`<time class="small" datetime="${instant}">${instant.slice(0, 19).replace('T', ' ')} UTC</time>`
}

/** Shows a letter in a frame without scripts, forms or an origin. Its links open in another tab. */
function frameOf(mail: KeptMail): Html {
	return raw(
		`<iframe title="The letter" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${escapeHtml(`<base target="_blank">${mail.html}`)}"></iframe>`,
	)
}
