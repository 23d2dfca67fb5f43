/// <reference lib="dom" />
import { expect } from 'chai'
import { Problem } from '../../contract/index.ts'
import { openBrowser } from '../support/browser.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, type Person } from '../support/people.ts'
import { aPng, exifSegment, withExif, withSegment } from './a-picture.ts'

describe('pictures', () => {
	const node = useNode()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})

	const put = (path: string, file: Buffer, { token, type = 'image/png' }: { token: string; type?: string }) =>
		fetch(`${node.url}/api/v1${path}`, {
			method: 'PUT',
			headers: { authorization: `Bearer ${token}`, 'content-type': type },
			body: file as BodyInit,
		})
	const putLogo = (file: Buffer, type?: string) => put('/clinic/logo', file, { token: admin.token, ...(type && { type }) })
	const get = async (path: string) => {
		const response = await fetch(`${node.url}${path}`)
		return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
	}
	const logoUrl = async (): Promise<string> => (await call(node, 'GET', '/clinic')).body.logoUrl

	it('are shown to anyone under an address of their own, which browsers may keep', async () => {
		const file = aPng()
		expect((await put('/clinic/logo', file, { token: admin.token })).status).to.equal(204)
		const url = await logoUrl()
		const { status, headers, bytes } = await get(url)
		expect(status).to.equal(200)
		expect(headers.get('content-type')).to.equal('image/png')
		expect(headers.get('cache-control')).to.equal('public, max-age=31536000, immutable')
		expect(headers.get('x-content-type-options')).to.equal('nosniff')
		expect(bytes.equals(file)).to.equal(true)

		await putLogo(aPng({ width: 9 }))
		expect(await logoUrl()).not.to.equal(url)
		expect((await get(url)).headers.get('cache-control'), 'another picture under an old address').to.equal('no-cache')
	})

	it('are gone once they are removed', async () => {
		await putLogo(aPng())
		const url = await logoUrl()
		expect((await call(node, 'DELETE', '/clinic/logo', { token: admin.token })).status).to.equal(204)
		expect((await get(url)).status).to.equal(404)
		expect(await logoUrl()).to.equal(undefined)
	})

	it('are judged by their bytes, whatever they are said to be', async () => {
		for (const type of ['image/jpeg', 'application/json', 'text/html', 'application/octet-stream'])
			expect((await putLogo(aPng(), type)).status, type).to.equal(204)
		const png = aPng()
		const wrong: Record<string, Buffer> = {
			nothing: Buffer.alloc(0),
			markup: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
			gif: Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64'),
			json: Buffer.from('{"a":1}'),
			'a signature alone': png.subarray(0, 8),
			'a picture that ends too soon': png.subarray(0, png.length - 20),
			'a JPEG that is none': Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xd9]),
			'a WebP that is none': Buffer.from('RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd', 'latin1'),
			'a picture of a hundred thousand pixels either way': aPng({ width: 100_000, height: 100_000 }),
			'a picture without pixels': aPng({ width: 0 }),
		}
		for (const [what, file] of Object.entries(wrong)) {
			const answer = await putLogo(file)
			expect(answer.status, what).to.equal(415)
			expect(Problem.parse(await answer.json()).code, what).to.equal('unsupported_picture')
		}
	})

	it('may have 256 kB, and no more', async () => {
		const small = aPng().length
		const full = 256 * 1024 - small - 12
		expect((await putLogo(aPng({ ballast: full }))).status).to.equal(204)
		const answer = await putLogo(aPng({ ballast: full + 1 }))
		expect(answer.status).to.equal(413)
		expect(Problem.parse(await answer.json()).code).to.equal('payload_too_large')
	})

	it('lose what is written beside the pixels', async () => {
		await putLogo(aPng({ text: 'taken at home' }))
		const { bytes } = await get(await logoUrl())
		expect(bytes.toString('latin1')).not.to.include('taken at home')
		expect(bytes.equals(aPng())).to.equal(true)
	})

	it('of phones lose where they were taken, and keep which way is up', async function () {
		this.timeout(60_000)
		const browser = await openBrowser()
		if (!browser) return this.skip()
		try {
			const page = await browser.newPage()
			await page.goto(`${node.url}/livez`)
			const drawn = (type: string) =>
				page.evaluate(type => {
					const canvas = document.createElement('canvas')
					canvas.width = 40
					canvas.height = 20
					canvas.getContext('2d', { alpha: false })!.fillRect(5, 5, 10, 10)
					return canvas.toDataURL(type, 0.8)
				}, type)
			const sizeOf = (path: string) =>
				page.evaluate(async path => {
					const image = new Image()
					image.src = path
					await image.decode()
					return [image.naturalWidth, image.naturalHeight]
				}, path)
			const bytesOf = (dataUrl: string) => Buffer.from(dataUrl.split(',')[1] as string, 'base64')
			const place = '52.5200 N 13.4050 E'

			const jpeg = bytesOf(await drawn('image/jpeg'))
			for (const [orientation, size] of [
				[1, [40, 20]],
				[6, [20, 40]],
			] as const) {
				expect((await putLogo(withSegment(jpeg, exifSegment(orientation, place)))).status).to.equal(204)
				expect((await get(await logoUrl())).bytes.toString('latin1')).not.to.include('52.52')
				expect(await sizeOf(await logoUrl()), `turned by ${orientation}`).to.deep.equal(size)
			}

			const webp = withExif(bytesOf(await drawn('image/webp')), place)
			expect((await putLogo(webp)).status).to.equal(204)
			const { headers, bytes } = await get(await logoUrl())
			expect(headers.get('content-type')).to.equal('image/webp')
			expect(bytes.toString('latin1')).not.to.include('52.52').and.not.to.include('EXIF')
			expect(await sizeOf(await logoUrl())).to.deep.equal([40, 20])
		} finally {
			await browser.close()
		}
	})

	it('of doctors are for the doctor and admins to replace', async () => {
		const [doctor, other] = [await aDoctor(node), await aDoctor(node)]
		const path = `/doctors/${doctor.id}/photo`
		expect((await put(path, aPng(), { token: other.token })).status).to.equal(403)
		expect((await put(path, aPng(), { token: doctor.token })).status).to.equal(204)
		const { photoUrl } = (await call(node, 'GET', `/doctors/${doctor.id}`)).body
		expect((await get(photoUrl)).bytes.equals(aPng())).to.equal(true)
		expect((await call(node, 'DELETE', path, { token: admin.token })).status).to.equal(204)
		expect((await get(photoUrl)).status).to.equal(404)
		expect((await put('/doctors/424242/photo', aPng(), { token: admin.token })).status).to.equal(404)
	})

	it('of a doctor who takes no appointments are not shown to patients', async () => {
		const doctor = await aDoctor(node)
		await put(`/doctors/${doctor.id}/photo`, aPng(), { token: doctor.token })
		await node.db('users').where({ id: doctor.id }).update({ status: 'disabled' })
		expect((await get(`/api/v1/doctors/${doctor.id}/photo`)).status).to.equal(404)
	})
})
