import { z } from 'zod'
import { endpoint } from './endpoint.ts'

const Origin = z
	.string()
	.trim()
	.max(200)
	.refine(text => /^https?:\/\/[^/\s;,'"*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text, {
		message: 'must be an origin such as https://www.clinic.example',
	})

export const Embed = z.object({ origins: z.array(Origin).max(20) }).meta({ id: 'Embed' })
export type Embed = z.infer<typeof Embed>

const tag = 'Admin'
const path = '/admin/embed'

export const embedEndpoints = {
	getEmbed: endpoint({ method: 'get', path, tag, summary: 'Websites that may show the booking page.', access: ['admin'], response: Embed }),
	putEmbed: endpoint({
		method: 'put',
		path,
		tag,
		summary: 'Which websites may show the booking page, by `<script src="…/embed.js"></script>`. None: no website.',
		access: ['admin'],
		body: Embed,
		response: Embed,
	}),
}
