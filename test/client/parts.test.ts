import { readFileSync } from 'node:fs'
import { expect } from 'chai'

type Part = { file: string; imports?: string[] }

describe('the files of the web client', () => {
	// Not before the tests begin: they build the client.
	const partsOf = () =>
		JSON.parse(readFileSync(new URL('../../dist/client/.vite/manifest.json', import.meta.url), 'utf8')) as Record<string, Part>

	it('do not import each other in a circle, in which one runs before what it needs', () => {
		const parts = partsOf()
		expect(Object.keys(parts).length).to.be.greaterThan(20)
		const circles: string[] = []
		const done = new Set<string>()
		const visit = (name: string, path: string[]) => {
			if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].map(each => parts[each]?.file).join(' → '))
			else if (!done.has(name)) for (const next of parts[name]?.imports ?? []) visit(next, [...path, name])
			done.add(name)
		}
		for (const name of Object.keys(parts)) visit(name, [])
		expect(circles).to.deep.equal([])
	})
})
