import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const assets = fileURLToPath(new URL('../../dist/client/assets/', import.meta.url))

describe('the files of the web client', () => {
	it('import each other in no circle, in which a file would run before what it needs', () => {
		const files = readdirSync(assets).filter(file => file.endsWith('.js'))
		expect(files.length).to.be.above(20)
		const imports = new Map(files.map(file => [file, importsOf(readFileSync(path.join(assets, file), 'utf8'))]))
		const done = new Set<string>()
		const circles: string[] = []
		function visit(file: string, way: readonly string[]) {
			if (way.includes(file)) return void circles.push([...way.slice(way.indexOf(file)), file].join(' > '))
			if (done.has(file)) return
			for (const next of imports.get(file) ?? []) visit(next, [...way, file])
			done.add(file)
		}
		for (const file of files) visit(file, [])
		expect(circles).to.deep.equal([])
	})
})

/** Those that run first; not those that are fetched later. */
const importsOf = (text: string): string[] =>
	[...text.matchAll(/(?:\bimport|\bfrom)\s*"\.\/([^"]+\.js)"/g)].map(([, file]) => file as string)
