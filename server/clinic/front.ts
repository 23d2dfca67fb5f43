import { type RequestHandler, Router } from 'express'
import { shadesOf, teal } from '../../contract/accent.ts'
import type { Clinic } from '../../contract/index.ts'

export type FrontDeps = {
	/** The clinic as anyone may see it. */
	read: () => Promise<Clinic>
}

export type Front = {
	/** The manifest by which browsers install the page, under the clinic's name. */
	manifest: RequestHandler
	/** Puts the clinic into the client's page, so that its name and its colour are there before anything is asked for. */
	dress: (page: string) => Promise<string>
	forget: () => void
}

/** What browsers see of the clinic before a script runs. */
export function createFront({ read }: FrontDeps): Front {
	let known: { atMs: number; clinic: Clinic } | undefined
	let reading: Promise<void> | undefined

	return {
		manifest: Router().get('/manifest.webmanifest', async (_req, res) => {
			res.setHeader('Cache-Control', 'no-cache')
			res.type('application/manifest+json').send(JSON.stringify(manifestOf(await clinic())))
		}),
		async dress(page) {
			const face = await clinic()
			return face ? dressed(page, face) : page
		},
		forget() {
			known = undefined
		},
	}

	/** A second old at most, unless the database is slow or away: the page must open even so. */
	async function clinic(): Promise<Clinic | undefined> {
		if (known && performance.now() - known.atMs <= freshMs) return known.clinic
		reading ??= read()
			.then(clinic => {
				known = { atMs: performance.now(), clinic }
			})
			.catch(() => {})
			.finally(() => {
				reading = undefined
			})
		let timer: NodeJS.Timeout | undefined
		await Promise.race([
			reading,
			new Promise(resolve => {
				timer = setTimeout(resolve, patienceMs)
			}),
		])
		clearTimeout(timer)
		return known?.clinic
	}
}

const freshMs = 1000
const patienceMs = 500

function manifestOf(clinic: Clinic | undefined) {
	const name = clinic?.name ?? 'Liveslot'
	return {
		name,
		short_name: name,
		lang: clinic?.locale ?? 'en',
		description,
		start_url: '/',
		display: 'standalone',
		background_color: '#ffffff',
		theme_color: colorOf(clinic),
		icons: [
			...(clinic?.logoUrl ? [{ src: clinic.logoUrl, sizes: 'any' }] : []),
			{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
			{ src: '/icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any maskable' },
			{ src: '/icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any maskable' },
		],
	}
}

const description = 'Book an appointment on a live calendar.'

const colorOf = (clinic: Clinic | undefined) => (clinic?.accent ? shadesOf(clinic.accent)[7] : teal[7])

function dressed(page: string, clinic: Clinic): string {
	// A block of JSON is no script that a policy would have to allow; without `<` it cannot end early.
	const embedded = `<script type="application/json" id="clinic">${JSON.stringify(clinic).replaceAll('<', '\\u003c')}</script>`
	return page
		.replace('<title>Liveslot</title>', () => `<title>${escaped(clinic.name)}</title>`)
		.replace(`content="${teal[7]}"`, () => `content="${colorOf(clinic)}"`)
		.replace('</body>', () => `${embedded}</body>`)
}

const escaped = (text: string) => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
