import { type RequestHandler, Router } from 'express'
import { embedEndpoints as endpoints } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { recordAudit } from '../platform/security/audit.ts'

export type EmbedDomain = {
	routes: Route[]
	/** The script for websites; and the headers of the page that it frames, which the client's files answer. */
	pages: RequestHandler
}

/** The booking page within the clinic's own website: only there, because a page in a stranger's frame can be made to trick its reader. */
export function createEmbed(db: Db): EmbedDomain {
	return {
		routes: [
			route(endpoints.getEmbed, async () => ({ origins: await readOrigins(db) })),
			route(endpoints.putEmbed, async ({ body: { origins }, origin }, actor) => {
				await inTransaction(db, async trx => {
					await trx('clinic').update({ embed_origins: origins, updated_at: trx.fn.now() })
					await recordAudit(trx, { actor, origin, action: 'updated', entity: 'clinic', details: { embedOrigins: origins } })
				})
				return { origins }
			}),
		],
		pages: Router()
			.get('/embed.js', (_req, res) => {
				res.setHeader('Cache-Control', 'public, max-age=300')
				res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
				res.type('text/javascript').send(script)
			})
			.get('/embed', async (_req, res, next) => {
				const origins = await readOrigins(db)
				if (origins.length > 0) {
					const policy = String(res.getHeader('Content-Security-Policy'))
					res.setHeader('Content-Security-Policy', policy.replace("frame-ancestors 'none'", `frame-ancestors ${origins.join(' ')}`))
					res.removeHeader('X-Frame-Options')
				}
				next()
			}),
	}
}

async function readOrigins(db: Db): Promise<string[]> {
	const row = await db('clinic').first('embed_origins')
	return row?.embed_origins ?? []
}

/** Puts the frame where the script stands, and gives it the height that its page reports. Only that frame is listened to. */
const script = `(() => {
	const script = document.currentScript
	const origin = new URL(script.src).origin
	const frame = document.createElement('iframe')
	const language = script.dataset.language
	frame.src = origin + '/embed' + (language ? '?language=' + encodeURIComponent(language) : '')
	frame.title = script.dataset.title || 'Appointments'
	frame.style.cssText = 'display:block;width:100%;border:0;min-height:320px'
	frame.setAttribute('referrerpolicy', 'origin')
	script.after(frame)
	addEventListener('message', event => {
		if (event.source !== frame.contentWindow || event.origin !== origin) return
		const message = event.data || {}
		if (message.liveslot === 'height' && message.height > 0) frame.style.height = Math.min(Math.ceil(message.height), 20000) + 'px'
		if (message.liveslot === 'booked') frame.dispatchEvent(new CustomEvent('liveslot:booked', { bubbles: true }))
	})
})()
`
