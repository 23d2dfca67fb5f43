import { expect } from 'chai'
import { aType, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { allScopes, aProgram, ask, flawsOf, matchesIn, outcomeIn } from './door.ts'

describe('the FHIR door, reading', () => {
	const node = useNode()
	let [admin, doctor, patient]: Person[] = []
	let key: string
	let slots: string[]

	before(async () => {
		admin = await anAdmin(node)
		doctor = await aDoctor(node, { fullName: 'Dora Doctor' })
		patient = await aPatient(node, { fullName: 'Marker McMarkerson', phone: '+49 30 5550199' })
		slots = await someSlots(node, doctor.id, { count: 12 })
		key = (await aProgram(node, admin, allScopes)).key
		const body = { slotId: slots[2], reason: 'Markerreason' }
		expect((await call(node, 'POST', '/appointments', { token: patient.token, body })).status).to.equal(201)
		expect((await call(node, 'POST', `/slots/${slots[4]}/hold`, { token: patient.token, body: {} })).status).to.equal(201)
	})

	it('describes itself by what it serves', async () => {
		const { status, body } = await ask(node, 'GET', '/metadata')
		expect(status).to.equal(200)
		for (const { type, searchParam } of body.rest[0].resource) {
			const answer = await ask(node, 'GET', `/${type}?_count=2`, { token: key })
			expect(answer.status, type).to.equal(200)
			for (const { name } of searchParam) {
				const value = name === 'start' || name === 'date' || name === 'birthdate' ? '2026-12-01' : 'x'
				const strict = await ask(node, 'GET', `/${type}?${name}=${value}`, { token: key, headers: { prefer: 'handling=strict' } })
				expect(strict.status, `${type}?${name}`).to.equal(200)
			}
		}
	})

	it('shows every public type to strangers, each as its own address and its search have it', async () => {
		for (const type of ['Practitioner', 'PractitionerRole', 'Schedule', 'Slot', 'Location', 'HealthcareService', 'Organization']) {
			const { status, body } = await ask(node, 'GET', `/${type}`)
			expect(status, type).to.equal(200)
			for (const resource of matchesIn(body)) {
				const one = await ask(node, 'GET', `/${type}/${resource.id}`)
				expect(one.body, type).to.deep.equal(resource)
				expect(one.headers.get('etag')).to.equal(`W/"${resource.meta.versionId}"`)
				const again = await ask(node, 'GET', `/${type}/${resource.id}`, { headers: { 'if-none-match': one.headers.get('etag') as string } })
				expect(again.status).to.equal(304)
			}
		}
	})

	it('refuses appointments and patients to strangers, to people’s tokens, and to programs without the scope', async () => {
		const { key: calendarKey } = await aProgram(node, admin as Person, ['calendar:read'])
		for (const path of ['/Appointment', '/Patient', '/Appointment/1', '/Patient/1']) {
			const stranger = await ask(node, 'GET', path)
			expect([stranger.status, outcomeIn(stranger.body).issue[0].code]).to.deep.equal([401, 'login'])
			expect((await ask(node, 'GET', path, { token: admin?.token })).status).to.equal(401)
			const narrow = await ask(node, 'GET', path, { token: calendarKey })
			expect([narrow.status, outcomeIn(narrow.body).issue[0].code]).to.deep.equal([403, 'forbidden'])
		}
	})

	it('finds the slots that /api/v1 lists, with the same states', async () => {
		const range = soon()
		const { body } = await call(node, 'GET', `/doctors/${doctor?.id}/slots?from=${range.from}&to=${range.to}`)
		const expected = body.slots.map((slot: any) => [
			slot.id,
			slot.startsAt,
			{ free: 'free', held: 'busy-tentative', booked: 'busy', blocked: 'busy-unavailable' }[slot.state as string],
		])
		const found = await ask(node, 'GET', `/Slot?schedule=Schedule/${doctor?.id}&start=ge${range.from}&start=le${range.to}&_count=100`)
		expect(matchesIn(found.body).map(({ id, start, status }) => [id, start, status])).to.deep.equal(expected)
		expect(found.body.total).to.equal(expected.length)
		const free = await ask(node, 'GET', `/Slot?schedule=${doctor?.id}&status=free&_include=Slot:schedule&_include:iterate=Schedule:actor`)
		expect(free.body.total).to.equal(10)
		const included = free.body.entry.filter((each: any) => each.search.mode === 'include').map((each: any) => each.resource.resourceType)
		expect(included).to.include.members(['Schedule', 'Practitioner'])
	})

	it('pages to the end, each slot once, with the exact total on every page', async () => {
		const seen: string[] = []
		for (let url: string | undefined = `/Slot?schedule=${doctor?.id}&_count=5`; url; ) {
			const { body }: { body: any } = await ask(node, 'GET', url)
			expect(body.total).to.equal(12)
			seen.push(...matchesIn(body).map(({ id }) => id))
			url = body.link.find(({ relation }: any) => relation === 'next')?.url
		}
		expect(seen).to.deep.equal(slots)
	})

	it('names no person on a slot, to any caller', async () => {
		for (const token of [undefined, key]) {
			const { text } = await ask(node, 'GET', `/Slot?schedule=${doctor?.id}&_include=*`, { token })
			expect(text).to.not.match(/Marker/)
		}
		for (const type of ['Practitioner', 'PractitionerRole', 'Schedule', 'Location', 'Organization', 'HealthcareService'])
			expect((await ask(node, 'GET', `/${type}?_include=*`)).text).to.not.match(/Marker/)
	})

	it('finds the appointments that /api/v1 lists, by GET and by POST', async () => {
		const { body } = await call(node, 'GET', `/appointments?patientId=${patient?.id}`, { token: key })
		const expected = body.items.map(({ id }: { id: string }) => id)
		const found = await ask(node, 'GET', `/Appointment?patient=Patient/${patient?.id}&_include=Appointment:patient`, { token: key })
		expect(matchesIn(found.body).map(({ id }) => id)).to.deep.equal(expected)
		expect(found.body.entry.at(-1).resource.name[0].text).to.equal('Marker McMarkerson')
		const form = { 'content-type': 'application/x-www-form-urlencoded' }
		const posted = await ask(node, 'POST', '/Appointment/_search', {
			token: key,
			body: `patient=${patient?.id}&date=ge2020-01-01`,
			headers: form,
		})
		expect(matchesIn(posted.body)).to.deep.equal(matchesIn(found.body))
		const slot = await ask(node, 'GET', `/Appointment?slot=Slot/${slots[2]}`, { token: key })
		expect(slot.body.total).to.equal(1)
		for (const none of ['date=lt2020-01-01', 'status=cancelled', 'location=999', `slot=${slots[3]}`, 'patient.identifier=urn:oid:1|2'])
			expect((await ask(node, 'GET', `/Appointment?${none}`, { token: key })).body.total, none).to.equal(0)
	})

	it('answers in XML what it answers in JSON', async () => {
		const { headers, text } = await ask(node, 'GET', `/Practitioner/${doctor?.id}?_format=xml`)
		expect(headers.get('content-type')).to.match(/^application\/fhir\+xml/)
		const { Fhir } = (await import('fhir/fhir.js')) as any
		const { body } = await ask(node, 'GET', `/Practitioner/${doctor?.id}`)
		expect(new Fhir().xmlToObj(text)).to.deep.equal(body)
		expect((await ask(node, 'GET', '/Slot', { headers: { accept: 'image/png' } })).status).to.equal(406)
		const wrong = await ask(node, 'POST', '/Patient', { token: key, body: 'x', headers: { 'content-type': 'text/csv' } })
		expect(wrong.status).to.equal(415)
	})

	it('leaves unknown parameters out of the self link, and refuses them when asked to be strict', async () => {
		const lenient = await ask(node, 'GET', '/Practitioner?colour=red&name=Dora')
		expect(lenient.status).to.equal(200)
		expect(lenient.body.link[0].url).to.match(/\?name=Dora$/)
		const strict = await ask(node, 'GET', '/Practitioner?colour=red', { headers: { prefer: 'handling=strict' } })
		expect(strict.status).to.equal(400)
	})

	it('narrows by repeating a parameter, and widens by commas', async () => {
		const other = await aDoctor(node, { fullName: 'Otto Other' })
		const total = async (query: string) => (await ask(node, 'GET', `/Practitioner?${query}`)).body.total
		expect(await total(`_id=${doctor?.id},${other.id}`)).to.equal(2)
		expect(await total(`_id=${doctor?.id}&_id=${other.id}`)).to.equal(0)
		expect(await total(`_id=${doctor?.id},${other.id}&name=otto`)).to.equal(1)
	})

	it('publishes what is free for directories, and answers 304 to those that have it', async () => {
		await aType(node, 30)
		const manifest = await (await fetch(`${node.url}/fhir/R4/$bulk-publish`)).json()
		expect(manifest.output.map(({ type }: any) => type)).to.deep.equal(['Location', 'Schedule', 'Slot'])
		for (const { type, url } of manifest.output) {
			const answer = await fetch(url)
			expect(answer.headers.get('content-type')).to.match(/ndjson/)
			expect(answer.headers.get('cache-control')).to.match(/max-age=\d+/)
			const text = await answer.text()
			expect(text).to.not.match(/Marker/)
			for (const line of text.split('\n').filter(Boolean)) {
				const resource = JSON.parse(line)
				expect(resource.resourceType).to.equal(type)
				expect(flawsOf(resource)).to.deep.equal([])
			}
			const again = await fetch(url, { headers: { 'if-none-match': answer.headers.get('etag') as string } })
			expect(again.status).to.equal(304)
		}
	})
})
