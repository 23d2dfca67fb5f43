import { expect } from 'chai'
import { createOwnPages } from '../../server/platform/security/own-pages.ts'

describe('a request with our cookie, or for a socket', () => {
	const isOwnPage = createOwnPages({ corsOrigins: ['https://app.example'], publicUrl: 'https://public.example/' })
	const from = (origin?: string, site?: string, host: string | undefined = 'clinic.example') =>
		isOwnPage({ ...(origin !== undefined && { origin }), ...(site && { 'sec-fetch-site': site }) }, host)

	it('is accepted from our own pages, allowed origins and programs', () => {
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

	it('is refused from every other origin', () => {
		for (const origin of ['https://evil.example', 'https://clinic.example.evil', 'http://clinic.example:81', 'null', '', 'file:///x'])
			for (const site of [undefined, 'cross-site', 'same-site']) expect(from(origin, site), origin).to.equal(false)
		expect(isOwnPage({ origin: 'https://clinic.example' }, undefined)).to.equal(false)
	})

	it('is refused without an origin when the browser names another site', () => {
		for (const site of ['cross-site', 'same-site', 'none', 'nonsense']) expect(from(undefined, site), site).to.equal(false)
	})

	it('is refused from our own host under plain HTTP, where the page may have been changed on its way', () => {
		expect(from('http://clinic.example', 'cross-site')).to.equal(false)
	})
})
