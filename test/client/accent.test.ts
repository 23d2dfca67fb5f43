import { expect } from 'chai'
import fc from 'fast-check'
import { luminanceOf, shadesOf, teal } from '../../contract/accent.ts'

const contrast = (a: string, b: string) => {
	const [lighter = 0, darker = 0] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => y - x)
	return (lighter + 0.05) / (darker + 0.05)
}

const aColor = fc.integer({ min: 0, max: 0xffffff }).map(value => `#${value.toString(16).padStart(6, '0')}`)

describe('the shades of a clinic’s accent', () => {
	it('are as light as those of the product, so that letters are readable in every accent', () => {
		fc.assert(
			fc.property(aColor, accent => {
				const shades = shadesOf(accent)
				expect(shades).to.have.length(10)
				for (const shade of shades) expect(shade).to.match(/^#[0-9a-f]{6}$/)
				for (const dark of shades.slice(7)) expect(contrast(dark, '#ffffff')).to.be.at.least(4.5)
				for (const [place, shade] of shades.entries()) expect(luminanceOf(shade)).to.be.closeTo(luminanceOf(teal[place] as string), 0.02)
				expect(contrast(shades[8] as string, shades[0] as string)).to.be.at.least(4.5)
				expect(contrast(shades[0] as string, shades[9] as string)).to.be.at.least(4.5)
			}),
		)
	})

	it('keep the hue', () => {
		const [red, green] = [shadesOf('#ff8888')[7] as string, shadesOf('#88ff88')[7] as string]
		expect(Number.parseInt(red.slice(1, 3), 16)).to.be.above(Number.parseInt(red.slice(3, 5), 16))
		expect(Number.parseInt(green.slice(3, 5), 16)).to.be.above(Number.parseInt(green.slice(1, 3), 16))
	})
})
