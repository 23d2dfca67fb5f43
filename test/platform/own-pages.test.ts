import { expect } from 'chai'
import { createOwnPages } from '../../server/platform/security/own-pages.ts'

describe('a request that carries our cookie, or wants a socket', () => {
	const isOwnPage = createOwnPages({ corsOrigins: ['https://app.example'], publicUrl: 'https://public.example/' })
	const from = (origin?: string, site?: string, host: string | undefined = 'clinic.example') =>
		isOwnPage({ ...(origin !== undefined && { origin }), ...(site && { 'sec-fetch-site': site }) }, host)

	it('is taken from our own pages, from allowed origins and from programs', () => {
		expect(from(), 'a program says neither').to.equal(true)
		expect(from(undefined, 'same-origin'), 'a GET of our own page').to.equal(true)
		expect(from('https://clinic.example')).to.equal(true)
		expect(from('https://clinic.example', 'same-origin')).to.equal(true)
		expect(from('http://localhost:3000', undefined, 'localhost:3000')).to.equal(true)
		for (const site of [undefined, 'same-site', 'cross-site']) {
			expect(from('https://app.example', site)).to.equal(true)
			expect(from('https://public.example', site), 'behind a proxy that changes the host').to.equal(true)
		}
	})

	it('is refused from anywhere else', () => {
		for (const origin of ['https://evil.example', 'https://clinic.example.evil', 'http://clinic.example:81', 'null', '', 'file:///x'])
			for (const site of [undefined, 'cross-site', 'same-site']) expect(from(origin, site), origin).to.equal(false)
		expect(isOwnPage({ origin: 'https://clinic.example' }, undefined)).to.equal(false)
	})

	it('is refused without an origin when the browser says that it is not our page’s', () => {
		for (const site of ['cross-site', 'same-site', 'none', 'nonsense']) expect(from(undefined, site), site).to.equal(false)
	})

	it('is refused from our own host under plain HTTP, where anyone on the way may have written the page', () => {
		expect(from('http://clinic.example', 'cross-site')).to.equal(false)
	})
})
