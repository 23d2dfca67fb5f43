import { expect } from 'chai'
import { codeOf } from '../booking/desk.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin } from '../support/people.ts'

describe('the list of doctors', () => {
	const node = useNode()
	const list = async (query: string) => (await call(node, 'GET', `/doctors${query}`)).body
	const names = async (query: string) => (await list(query)).items.map((doctor: { fullName: string }) => doctor.fullName)

	before(async () => {
		await aDoctor(node, { fullName: 'Zoë Adams', specialty: 'Cardiology', timeZone: 'Europe/Berlin' })
		await aDoctor(node, { fullName: 'Ben 100% Okay', specialty: 'General practice' })
		await aDoctor(node, { fullName: 'Ann Smith', specialty: 'Dermatology' })
		await aDoctor(node, { fullName: 'Ann Smith', specialty: 'Paediatric cardiology' })
		await aDoctor(node, { fullName: 'Not Yet', status: 'pending' })
		await aDoctor(node, { fullName: 'Not Any More', status: 'disabled' })
	})

	it('shows active doctors by name', async () => {
		expect(await names('')).to.deep.equal(['Ann Smith', 'Ann Smith', 'Ben 100% Okay', 'Zoë Adams'])
		const [, , , zoe] = (await list('')).items
		expect(zoe).to.have.all.keys('id', 'fullName', 'specialty', 'timeZone', 'siteIds', 'specialtyCode', 'specialtyNames')
		expect(zoe).to.include({ specialty: 'Cardiology', timeZone: 'Europe/Berlin', specialtyCode: '207RC0000X' })
		expect(zoe.specialtyNames).to.deep.equal({ en: 'Cardiology', de: 'Kardiologie', es: 'Cardiología', ar: 'أمراض القلب' })
	})

	it('finds specialties by everyday words and names in four languages, without accents, and by code', async () => {
		for (const word of ['skin', 'Haut', 'hautarzt', 'PIEL', 'dermatologia', 'جلد', 'الجلدية', 'my skin itches'])
			expect(await names(`?q=${encodeURIComponent(word)}`), word).to.deep.equal(['Ann Smith'])
		for (const word of ['heart', 'Herz', 'corazon', 'Kardiologie', 'قلب'])
			expect(await names(`?q=${encodeURIComponent(word)}`), word)
				.to.include('Zoë Adams')
				.and.not.include('Ben 100% Okay')
		for (const specialty of ['Kardiologie', 'cardiologia', '207RC0000X'])
			expect(await names(`?specialty=${encodeURIComponent(specialty)}`), specialty).to.deep.equal(['Zoë Adams'])
		expect(await names('?q=zoe')).to.deep.equal(['Zoë Adams'])
	})

	it('lists the doctors who speak a language, and names the choices', async () => {
		const admin = await anAdmin(node)
		const { id } = (await list('?q=okay')).items[0]
		await call(node, 'PATCH', `/doctors/${id}`, { token: admin.token, body: { languages: ['pt-BR', 'de'] } })
		expect(await names('?language=pt')).to.deep.equal(['Ben 100% Okay'])
		expect(await names('?language=fr')).to.deep.equal([])
		const { body } = await call(node, 'GET', '/doctor-choices')
		expect(body.languages).to.deep.equal(['de', 'pt'])
		expect(body.specialties.map((each: { specialty: string }) => each.specialty)).to.deep.equal([
			'Cardiology',
			'Dermatology',
			'General practice',
			'Paediatric cardiology',
		])
		expect(body.specialties[0].specialtyNames.de).to.equal('Kardiologie')
		expect(body.specialties[3]).not.to.have.property('specialtyNames')
	})

	it('puts the doctor with the soonest free time first, page by page, and those without any last', async () => {
		const [smith] = (await list('?specialty=dermatology')).items
		const [zoe] = (await list('?q=zoe')).items
		await someSlots(node, smith.id, { from: hoursAhead(30) })
		await someSlots(node, zoe.id, { from: hoursAhead(3) })
		const seen: string[] = []
		for (let cursor: string | null = ''; cursor !== null; ) {
			const page: any = await list(`?sort=soonest&limit=1${cursor && `&cursor=${cursor}`}`)
			seen.push(...page.items.map((doctor: { id: string }) => doctor.id))
			cursor = page.nextCursor
		}
		expect(seen.slice(0, 2)).to.deep.equal([zoe.id, smith.id])
		expect(new Set(seen).size).to.equal(4)
	})

	it('finds parts of names and specialties in either case, and treats % and _ literally', async () => {
		expect(await names('?q=CARDIO')).to.deep.equal(['Ann Smith', 'Zoë Adams'])
		expect(await names('?q=zo%C3%AB')).to.deep.equal(['Zoë Adams'])
		expect(await names('?q=0%25')).to.deep.equal(['Ben 100% Okay'])
		expect(await names('?q=_')).to.deep.equal([])
		expect(await names('?q=%5C')).to.deep.equal([])
		expect(await names('?specialty=cardiology')).to.deep.equal(['Zoë Adams'])
		expect((await list('?q=%00')).code).to.equal('invalid_input')
	})

	it('returns each doctor once, page by page', async () => {
		const seen: string[] = []
		let cursor: string | null = ''
		while (cursor !== null) {
			const page: any = await list(`?limit=1${cursor && `&cursor=${cursor}`}`)
			seen.push(...page.items.map((doctor: { id: string }) => doctor.id))
			cursor = page.nextCursor
		}
		expect(seen).to.deep.equal((await list('')).items.map((doctor: { id: string }) => doctor.id))
		for (const broken of ['x', Buffer.from('["a","b"]').toString('base64url'), Buffer.from('["\\u0000","1"]').toString('base64url')]) {
			expect((await list(`?cursor=${broken}`)).code).to.equal('invalid_input')
		}
	})

	it('returns one doctor by id, and not_found for accounts that take no appointments', async () => {
		const doctor = await aDoctor(node, { fullName: 'Someone' })
		const pending = await aDoctor(node, { status: 'pending' })
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body).to.include({ id: doctor.id, fullName: 'Someone' })
		for (const id of [pending.id, '424242', '-1', 'x', '99999999999999999999', "1'--"]) {
			expect((await call(node, 'GET', `/doctors/${encodeURIComponent(id)}`)).body.code).to.equal('not_found')
		}
	})
})

describe('the profile of a doctor', () => {
	const node = useNode()
	const change = (id: string, token: string, body: unknown) => call(node, 'PATCH', `/doctors/${id}`, { token, body })

	it('is written by the doctor, and read by anyone', async () => {
		const doctor = await aDoctor(node, { specialty: 'Cardiology', timeZone: 'Europe/Berlin' })
		const profile = { title: 'Dr. med.', bio: 'Hearts since 1999.', languages: ['de', 'en', 'pt-BR'] }
		const { status, body } = await change(doctor.id, doctor.token, { ...profile, languages: ['de', 'en', 'pt-br'] })
		expect(status).to.equal(200)
		expect(body).to.deep.equal({
			id: doctor.id,
			fullName: doctor.fullName,
			specialty: 'Cardiology',
			timeZone: 'Europe/Berlin',
			...profile,
			siteIds: body.siteIds,
			specialtyCode: '207RC0000X',
			specialtyNames: body.specialtyNames,
		})
		expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body).to.deep.equal(body)
		expect((await change(doctor.id, doctor.token, { bio: null })).body).to.not.have.property('bio')
		const entries = await node.db('audit_log').where({ entity: 'doctor', entity_id: doctor.id }).orderBy('id')
		expect(entries.map(({ details }) => details)).to.deep.equal([{ fields: ['title', 'bio', 'languages'] }, { fields: ['bio'] }])
	})

	it('has its specialty from an admin', async () => {
		const [doctor, admin] = [await aDoctor(node), await anAdmin(node)]
		const specialty = { specialty: 'Dermatology', specialtyCode: '207N00000X' }
		expect(codeOf(await change(doctor.id, doctor.token, { specialty: 'Everything' }))).to.equal('forbidden')
		expect(codeOf(await change(doctor.id, doctor.token, { specialtyCode: '207N00000X' }))).to.equal('forbidden')
		expect((await change(doctor.id, admin.token, specialty)).body).to.include(specialty)
		expect((await change(doctor.id, admin.token, { specialty: 'Kardiologie' })).body.specialtyCode).to.equal('207RC0000X')
		expect((await change(doctor.id, admin.token, { specialty: 'What I like' })).body).not.to.have.property('specialtyCode')
		expect(codeOf(await change(doctor.id, admin.token, { specialtyCode: 'skin' }))).to.equal('invalid_input')
	})

	it('is not for other doctors to change', async () => {
		const [doctor, other, admin] = [await aDoctor(node), await aDoctor(node), await anAdmin(node)]
		expect(codeOf(await change(doctor.id, other.token, { bio: 'Not as good as I am' }))).to.equal('forbidden')
		expect(codeOf(await change('424242', admin.token, { bio: 'x' }))).to.equal('not_found')
		expect(codeOf(await change(doctor.id, doctor.token, { languages: ['no language'] }))).to.equal('invalid_input')
	})
})
