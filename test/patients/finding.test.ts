import { expect } from 'chai'
import type { Patient } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aReceptionist, type Person } from '../support/people.ts'

describe('finding a patient', () => {
	const node = useNode()
	let desk: Person
	before(async () => {
		desk = await aReceptionist(node)
		await node.db('patients').insert([
			{ full_name: 'Anna Schmidt', phone: '+49 (30) 123-4567', email: 'anna@post.example' },
			{ full_name: 'Bert Annan', phone: '0176 5550000', email: 'bert@post.example' },
			{ full_name: 'Zoë Ångström', phone: '555.0199', email: 'zoe@nord.example', birth_date: '1980-03-12' },
			{ full_name: 'Percy 100%', phone: null, email: null },
			{ full_name: 'Under_score', phone: '777', email: 'u@v.example' },
			{ full_name: 'Back\\slash', phone: '888', email: null },
		])
	})

	const find = (query: string) => call(node, 'GET', `/patients?${query}`, { token: desk.token })

	async function names(q: string): Promise<string[]> {
		const { status, body } = await find(`q=${encodeURIComponent(q)}`)
		expect(status).to.equal(200)
		return body.items.map(({ fullName }: Patient) => fullName)
	}

	it('matches any part of any word of the name, in either case', async () => {
		expect(await names('anna')).to.deep.equal(['Anna Schmidt', 'Bert Annan'])
		expect(await names('SCHMI')).to.deep.equal(['Anna Schmidt'])
		expect(await names('midt')).to.deep.equal(['Anna Schmidt'])
		expect(await names('zoë')).to.deep.equal(['Zoë Ångström'])
		expect(await names('ÅNGSTRÖM')).to.deep.equal(['Zoë Ångström'])
	})

	it('requires every word, in any order', async () => {
		expect(await names('schmidt anna')).to.deep.equal(['Anna Schmidt'])
		expect(await names('anna bert')).to.deep.equal(['Bert Annan'])
		expect(await names('anna zoë')).to.deep.equal([])
	})

	it('matches any part of the phone number, whatever its punctuation', async () => {
		for (const q of ['1234567', '+49 30 1234567', '49/30/1234', '(30) 123', '123-45'])
			expect(await names(q), q).to.deep.equal(['Anna Schmidt'])
		expect(await names('0176')).to.deep.equal(['Bert Annan'])
		expect(await names('5550')).to.deep.equal(['Bert Annan', 'Zoë Ångström'])
		expect(await names('anna 0176')).to.deep.equal(['Bert Annan'])
	})

	it('searches phone numbers only from three digits on', async () => {
		expect(await names('55')).to.deep.equal([])
		expect(await names('+')).to.deep.equal([])
	})

	it('matches part of the e-mail address', async () => {
		expect(await names('zoe@nord')).to.deep.equal(['Zoë Ångström'])
		expect(await names('POST.example')).to.deep.equal(['Anna Schmidt', 'Bert Annan'])
	})

	it('takes the database’s wildcards literally', async () => {
		expect(await names('%')).to.deep.equal(['Percy 100%'])
		expect(await names('100%')).to.deep.equal(['Percy 100%'])
		expect(await names('_')).to.deep.equal(['Under_score'])
		expect(await names('\\')).to.deep.equal(['Back\\slash'])
		for (const q of ['%%%', `' OR 1=1 --`, '"', '👩🏽‍⚕️', '[[:alpha:]]', '.*']) expect(await names(q), q).to.deep.equal([])
	})

	it('forgives accents, transliteration, punctuation and the order of names', async () => {
		await node
			.db('patients')
			.insert(['Jürgen Müller', 'Kurt Mueller', 'Søren Groß', 'Conan O’Brien', 'Ana-María Nuñez'].map(full_name => ({ full_name })))
		for (const q of ['Muller', 'mueller', 'Müller', 'MÜLLER', 'Mu\u0308ller'])
			expect(await names(q), q).to.deep.equal(['Jürgen Müller', 'Kurt Mueller'])
		for (const q of ['Müller, Jürgen', 'juergen mueller', 'mull jur', 'Muller,Jurgen'])
			expect(await names(q), q).to.deep.equal(['Jürgen Müller'])
		for (const q of ['gross', 'groß', 'Gros', 'soren', 'Søren', 'Gross, Sören']) expect(await names(q), q).to.deep.equal(['Søren Groß'])
		for (const q of ['obrien', "O'Brien", 'o’brien']) expect(await names(q), q).to.deep.equal(['Conan O’Brien'])
		for (const q of ['ana maria', 'Ana-Maria', 'nunez']) expect(await names(q), q).to.deep.equal(['Ana-María Nuñez'])
		for (const q of ['angstrom', 'aangstroem']) expect(await names(q), q).to.deep.equal(['Zoë Ångström'])
	})

	it('finds a name that is a slip of the keys away, when nothing else matches', async () => {
		for (const q of ['Schmitd', 'Scmidt', 'Schmiddt', 'Anna Schimdt', 'Schmjdt', 'Anan Schmidt'])
			expect(await names(q), q).to.deep.equal(['Anna Schmidt'])
		for (const q of ['Mulelr', 'Mülller Jürgne']) expect(await names(q), q).to.include('Jürgen Müller')
		for (const q of ['Schwartz', 'Xnna Xchmidt Xx']) expect(await names(q), q).to.deep.equal([])
	})

	it('finds a phone number in whatever form it was filed or is typed', async () => {
		await node.db('clinic').update({ address: JSON.stringify({ line: 'Platz 1', city: 'Berlin', country: 'DE' }) })
		for (const q of ['030 1234567', '0049 30 1234567', '+49 (0)30 1234567', '030/123-45', '(030) 1234'])
			expect(await names(q), q).to.deep.equal(['Anna Schmidt'])
		for (const q of ['+49 176 5550000', '00491765550000', '0176/555']) expect(await names(q), q).to.deep.equal(['Bert Annan'])
	})

	it('finds a birth date in the forms that people say', async () => {
		for (const q of ['1980-03-12', '12.3.1980', '12.03.1980', '3/12/1980', '12/3/1980', 'zoe 12.3.1980'])
			expect(await names(q), q).to.deep.equal(['Zoë Ångström'])
		for (const q of ['1980-03-13', '3.12.1980', '31.2.1980', 'anna 12.3.1980']) expect(await names(q), q).to.deep.equal([])
	})

	it('refuses NUL characters', async () => {
		const { status, body } = await find('q=a%00b')
		expect([status, body.code]).to.deep.equal([400, 'invalid_input'])
		expect((await find(`q=${'x'.repeat(101)}`)).status).to.equal(400)
	})

	it('lists all patients by name for an empty query', async () => {
		const all = await names('')
		expect(all).to.include.members(['Anna Schmidt', 'Back\\slash', 'Bert Annan', 'Percy 100%', 'Under_score', 'Zoë Ångström'])
		expect(all.map(name => name.toLowerCase())).to.deep.equal(all.map(name => name.toLowerCase()).sort())
		expect(await names('   ')).to.deep.equal(all)
	})

	it('returns each patient once, page by page, namesakes included', async () => {
		await node
			.db('patients')
			.insert(Array.from({ length: 23 }, (_, i) => ({ full_name: i % 2 ? 'Sam Same' : 'sam same', phone: `99${i}` })))
		const seen: string[] = []
		for (let cursor: string | null = ''; cursor !== null; ) {
			const { body } = await find(`q=same&limit=5${cursor && `&cursor=${cursor}`}`)
			seen.push(...body.items.map(({ id }: Patient) => id))
			cursor = body.nextCursor
		}
		expect(seen).to.have.lengthOf(23)
		expect(new Set(seen).size).to.equal(23)
	})

	it('returns at most fifty unless the caller asks for more, and puts no name into the cursor', async () => {
		await node.db('patients').insert(Array.from({ length: 60 }, (_, i) => ({ full_name: `Numerous ${String(i).padStart(2, '0')}` })))
		const { body } = await find('q=numerous')
		expect(body.items).to.have.lengthOf(50)
		expect(Buffer.from(body.nextCursor, 'base64url').toString()).not.to.match(/numerous/i)
		expect((await find('q=numerous&limit=200')).body.items).to.have.lengthOf(60)
	})

	it('refuses a cursor that the server did not issue', async () => {
		const made = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
		for (const cursor of ['x', made(['x']), made([-1]), made(['1', '2']), made(['9'.repeat(30)]), made([999999999]), made({})]) {
			const { status, body } = await find(`cursor=${cursor}`)
			expect([status, body.code], cursor).to.deep.equal([400, 'invalid_input'])
		}
	})
})
