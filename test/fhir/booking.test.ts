import { expect } from 'chai'
import { aType, hoursAhead, inconsistencies, overlaps, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { allScopes, aProgram, ask, type FhirAnswer, matchesIn, outcomeIn, parameters } from './door.ts'

describe('IHE scheduling', function () {
	this.timeout(30_000)
	const node = useNode()
	let [admin, doctor]: Person[] = []
	let key: string
	let typeId: string

	before(async () => {
		admin = await anAdmin(node)
		doctor = await aDoctor(node, { fullName: 'Dora Doctor' })
		key = (await aProgram(node, admin, allScopes)).key
		typeId = await aType(node, 30)
	})

	let days = 2
	/** Free slots on a day of their own. */
	const slotsOfOwn = (count: number, doctorId = doctor?.id as string) =>
		someSlots(node, doctorId, { count, from: new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + ++days * 86_400_000) })
	const proposalOf = (slotId: string | undefined) => `p-${slotId}-${typeId}`
	const find = (query: string, token = key) => ask(node, 'GET', `/Appointment/$find?visit-type=${typeId}&${query}`, { token })
	const hold = (id: string, token = key) =>
		ask(node, 'POST', '/Appointment/$hold', { token, body: parameters({ 'appointment-reference': `Appointment/${id}` }) })
	const book = (id: string, patientId: string, more: Record<string, unknown> = {}, headers = {}, token = key) =>
		ask(node, 'POST', '/Appointment/$book', {
			token,
			headers,
			body: parameters({
				'appointment-reference': `Appointment/${id}`,
				'patient-resource': { resourceType: 'Patient', id: patientId },
				...more,
			}),
		})
	const cancel = (id: string) =>
		ask(node, 'POST', '/Appointment/$book', {
			token: key,
			body: parameters({
				'appointment-resource': { resourceType: 'Appointment', id, status: 'cancelled', participant: [{ status: 'accepted' }] },
				comment: 'is well again',
			}),
		})
	const one = ({ body, status }: FhirAnswer) => {
		expect(status, JSON.stringify(body)).to.equal(200)
		return matchesIn(body)[0]
	}

	it('finds the times that /api/v1 offers, page by page, without those that are held', async () => {
		const slots = await slotsOfOwn(6)
		const [date] = [new Date(Number(slots[0]?.split('-')[1]) * 60_000).toISOString().slice(0, 10)]
		const range = `start=${date}T00:00:00Z&end=${date}`
		await hold(proposalOf(slots[1]))
		const { body } = await call(node, 'GET', `/availability?typeId=${typeId}&from=${date}&to=${date}`)
		const expected = body.days.flatMap((day: any) => day.times.flatMap((time: any) => time.slotIds.map((id: string) => proposalOf(id))))
		expect(expected).to.have.length(5)
		const { key: other } = await aProgram(node, admin as Person, allScopes)
		const seen: any[] = []
		for (let url: string | undefined = `/Appointment/$find?visit-type=${typeId}&${range}&_count=2`; url; ) {
			const page: FhirAnswer = await ask(node, 'GET', url, { token: other })
			expect(page.body.total).to.equal(5)
			seen.push(...matchesIn(page.body))
			url = page.body.link.find(({ relation }: any) => relation === 'next')?.url
		}
		expect(seen.map(({ id }) => id)).to.deep.equal(expected)
		for (const { status, requestedPeriod, participant } of seen)
			expect([status, requestedPeriod.length, participant.length]).to.deep.equal(['proposed', 1, 1])
		const inBody = await ask(node, 'POST', '/Appointment/$find', {
			token: other,
			body: {
				resourceType: 'Parameters',
				parameter: [
					{ name: 'start', valueDateTime: `${date}T00:00:00Z` },
					{ name: 'end', valueDateTime: date },
					{ name: 'visit-type', valueString: typeId },
					{ name: 'practitioner', valueReference: { reference: `Practitioner/${doctor?.id}` } },
				],
			},
		})
		expect(matchesIn(inBody.body)).to.deep.equal(seen)
	})

	// ITI-115, 2:3.115.4.1.2.1: the example request. «The Scheduling Server SHALL include a total attribute in the FHIR Bundle response».
	it('answers the example request of IHE', async () => {
		const { status, body } = await ask(node, 'POST', '/Appointment/$find', {
			token: key,
			body: {
				resourceType: 'Parameters',
				parameter: [
					{ name: 'start', valueDateTime: '2017-07-15T20:00:00Z' },
					{ name: 'end', valueDateTime: '2017-07-17T20:00:00Z' },
					{
						name: 'practitioner',
						valueReference: { identifier: { system: 'urn:oid:1.3.6.1.4.1.19376.1.2.999', value: 'PR23143' }, display: 'Dr. Pro Vider' },
					},
				],
			},
		})
		expect([status, body.type, body.total, body.entry.length]).to.deep.equal([200, 'searchset', 0, 1])
		expect([body.entry[0].search.mode, outcomeIn(body).issue[0].severity]).to.deep.equal(['outcome', 'information'])
	})

	// ITI-116, 2:3.116.4.2.1: «The Appointment resource SHALL have the Appointment.status set to pending.»
	it('holds a proposal, which then is pending for its holder, gone for others, and booked in the end', async () => {
		const [slot] = await slotsOfOwn(1)
		const [patient, id] = [await aPatient(node), proposalOf(slot)]
		expect((await ask(node, 'GET', `/Appointment/${id}`, { token: key })).body.status).to.equal('proposed')
		const held = await hold(id)
		expect(one(held).status).to.equal('pending')
		expect(Date.parse(held.headers.get('expires') as string)).to.be.greaterThan(Date.now())
		expect(outcomeIn(held.body).issue[0].severity).to.equal('information')
		expect((await ask(node, 'GET', `/Appointment/${id}`, { token: key })).body.status).to.equal('pending')
		const { key: other } = await aProgram(node, admin as Person, allScopes)
		expect((await ask(node, 'GET', `/Appointment/${id}`, { token: other })).status).to.equal(404)
		const refused = await hold(id, other)
		expect(refused.status).to.equal(409)
		// «the server SHALL return an OperationOutcome with at least one issue with severity of fatal and code of not-found»
		const [issue] = outcomeIn(refused.body).issue
		expect([issue.severity, issue.code, issue.details.coding[0].code]).to.deep.equal(['fatal', 'not-found', 'slot_held'])
		const elsewhere = await book(id, patient.id, {}, {}, other)
		expect([elsewhere.status, outcomeIn(elsewhere.body).issue[0].code]).to.deep.equal([409, 'conflict'])
		expect(one(await book(id, patient.id, { comment: 'Knee' }))).to.deep.include({ status: 'booked', reasonCode: [{ text: 'Knee' }] })
	})

	it('names alternatives where a time is taken', async () => {
		const slots = await slotsOfOwn(4)
		await book(proposalOf(slots[0]), (await aPatient(node)).id)
		const refused = await book(proposalOf(slots[0]), (await aPatient(node)).id)
		const named = outcomeIn(refused.body).issue[0].extension.map(({ extension }: any) => extension[0].valueReference.reference)
		expect(named).to.include(`Appointment/${proposalOf(slots[1])}`)
		for (const reference of named) expect((await ask(node, 'GET', `/${reference}`, { token: key })).body.status).to.equal('proposed')
	})

	it('lets a hold go when it is cancelled', async () => {
		const [slot] = await slotsOfOwn(1)
		await hold(proposalOf(slot))
		expect(one(await cancel(proposalOf(slot))).status).to.equal('cancelled')
		const { key: other } = await aProgram(node, admin as Person, allScopes)
		expect(one(await hold(proposalOf(slot), other)).status).to.equal('pending')
	})

	it('cancels, checks in, and refuses a stale version', async () => {
		const slots = await slotsOfOwn(3)
		const booked = one(await book(proposalOf(slots[0]), (await aPatient(node)).id))
		const moved = { ...booked, slot: [{ reference: `Slot/${slots[2]}` }] }
		const put = (body: unknown, version: string) =>
			ask(node, 'PUT', `/Appointment/${booked.id}`, { token: key, body, headers: { 'if-match': `W/"${version}"` } })
		const after = await put(moved, booked.meta.versionId)
		expect(after.status).to.equal(200)
		expect(after.body.slot[0].reference).to.equal(`Slot/${slots[2]}`)
		const stale = await put({ ...after.body, status: 'checked-in' }, booked.meta.versionId)
		expect([stale.status, outcomeIn(stale.body).issue[0].code]).to.deep.equal([412, 'conflict'])
		const arrived = await put({ ...after.body, status: 'arrived' }, after.body.meta.versionId)
		expect(arrived.body.status).to.equal('checked-in')
		expect(arrived.headers.get('etag')).to.equal(`W/"${arrived.body.meta.versionId}"`)
		const other = one(await book(proposalOf(slots[1]), (await aPatient(node)).id))
		const cancelled = one(await cancel(other.id))
		expect([cancelled.status, cancelled.requestedPeriod.length]).to.deep.equal(['cancelled', 1])
	})

	it('gives one proposal to one of fifty that hold it, and to one of fifty that book it', async () => {
		const [slot] = await slotsOfOwn(1)
		const clients = await Promise.all(Array.from({ length: 10 }, () => aProgram(node, admin as Person, allScopes)))
		const holds = await Promise.all(Array.from({ length: 50 }, (_, index) => hold(proposalOf(slot), clients[index % 10]?.key)))
		const holders = new Set(holds.flatMap(({ status }, index) => (status === 200 ? [index % 10] : [])))
		expect(holders.size).to.equal(1)
		for (const { status, body } of holds.filter(({ status }) => status !== 200)) {
			expect(status).to.equal(409)
			expect(outcomeIn(body).issue[0].details.coding[0].code).to.equal('slot_held')
		}
		const [next] = await slotsOfOwn(1)
		const patients = await Promise.all(Array.from({ length: 50 }, () => aPatient(node)))
		const books = await Promise.all(patients.map(({ id }, index) => book(proposalOf(next), id, {}, {}, clients[index % 10]?.key)))
		expect(books.filter(({ status }) => status === 200)).to.have.length(1)
		for (const { status, body } of books.filter(({ status }) => status !== 200)) {
			expect(status).to.equal(409)
			expect(outcomeIn(body).issue[0].code).to.equal('conflict')
		}
		expect([await overlaps(node.db), await inconsistencies(node.db)]).to.deep.equal([0, 0])
	})

	it('makes one appointment of a request that is repeated after a lost answer: by key, by identifier, or by neither', async () => {
		const resource = {
			resourceType: 'Appointment',
			status: 'proposed',
			identifier: [{ system: 'urn:oid:1.2.3', value: `v${Date.now()}` }],
			participant: [{ status: 'accepted' }],
		}
		for (const [more, headers] of [
			[{}, { 'idempotency-key': `lost-${Date.now()}` }],
			[{ 'appointment-resource': resource }, {}],
			[{}, {}],
		] as const) {
			const [slot] = await slotsOfOwn(1)
			const patient = await aPatient(node)
			const first = one(await book(proposalOf(slot), patient.id, more, headers))
			const again = one(await book(proposalOf(slot), patient.id, more, headers))
			expect(again.id).to.equal(first.id)
			expect((await call(node, 'GET', `/appointments?patientId=${patient.id}`, { token: key })).body.items).to.have.length(1)
		}
	})

	it('books twice with the same identifiers when the first visit was cancelled between', async () => {
		const [slot] = await slotsOfOwn(1)
		const patient = await aPatient(node)
		const identifier = [{ system: 'urn:oid:1.2.3', value: `again${Date.now()}` }]
		const more = {
			'appointment-resource': { resourceType: 'Appointment', status: 'proposed', identifier, participant: [{ status: 'accepted' }] },
		}
		const first = one(await book(proposalOf(slot), patient.id, more))
		expect(first.identifier).to.deep.equal(identifier)
		await cancel(first.id)
		const second = one(await book(proposalOf(slot), patient.id, more))
		expect([second.status, second.id === first.id]).to.deep.equal(['booked', false])
		const found = await ask(node, 'GET', `/Appointment?identifier=urn:oid:1.2.3|${identifier[0]?.value}`, { token: key })
		expect(found.body.total).to.equal(2)
		const [elsewhere] = await slotsOfOwn(1)
		const reused = await book(proposalOf(elsewhere), patient.id, more)
		expect([reused.status, outcomeIn(reused.body).issue[0].code]).to.deep.equal([422, 'duplicate'])
	})

	it('answers the operations in XML', async () => {
		const [slot] = await slotsOfOwn(1)
		const body = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="appointment-reference"/><valueReference><reference value="Appointment/${proposalOf(slot)}"/></valueReference></parameter></Parameters>`
		const headers = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' }
		const { status, text } = await ask(node, 'POST', '/Appointment/$hold', { token: key, body, headers })
		expect(status).to.equal(200)
		expect(text).to.match(/^<\?xml.*<Bundle xmlns="http:\/\/hl7.org\/fhir">.*<status value="pending"\/>/s)
	})

	it('takes a patient into the file once, however often the same identifier arrives at once', async () => {
		const identifier = [{ system: 'urn:oid:2.999', value: `mrn-${Date.now()}` }]
		const body = {
			resourceType: 'Patient',
			identifier,
			name: [{ family: 'Ngo', given: ['Ida'] }],
			telecom: [{ system: 'phone', value: '+49 30 5550100' }],
		}
		const headers = { 'if-none-exist': `identifier=urn:oid:2.999|${identifier[0]?.value}` }
		const made = await Promise.all(Array.from({ length: 6 }, () => ask(node, 'POST', '/Patient', { token: key, body, headers })))
		expect(made.map(({ status }) => status).sort()).to.deep.equal([200, 200, 200, 200, 200, 201])
		expect(new Set(made.map(({ body: { id } }) => id)).size).to.equal(1)
		const [slot] = await slotsOfOwn(1)
		const booked = await ask(node, 'POST', '/Appointment/$book', {
			token: key,
			body: parameters({
				'appointment-reference': `Appointment/${proposalOf(slot)}`,
				'patient-resource': { resourceType: 'Patient', identifier },
			}),
		})
		expect(one(booked).participant[0].actor.reference).to.equal(`Patient/${made[0]?.body.id}`)
		const found = await ask(node, 'GET', `/Appointment?patient.identifier=urn:oid:2.999|${identifier[0]?.value}`, { token: key })
		expect(found.body.total).to.equal(1)
	})

	it('refuses as the table says', async () => {
		const patient = await aPatient(node)
		const [past] = await someSlots(node, doctor?.id as string, { count: 1, from: hoursAhead(-5) })
		const refusals: [Promise<FhirAnswer>, number, string, string][] = [
			[book(proposalOf(past), patient.id), 422, 'business-rule', 'slot_in_past'],
			[book(proposalOf('999999-29000000'), patient.id), 404, 'not-found', 'not_found'],
			[book('nonsense', patient.id), 404, 'not-found', 'not_found'],
			[ask(node, 'POST', '/Appointment/$book', { token: key, body: { resourceType: 'Parameters' } }), 400, 'invalid', 'invalid_input'],
			[ask(node, 'POST', '/Appointment/$book', { token: key, body: '{' }), 400, 'structure', 'invalid_input'],
			[ask(node, 'POST', '/Appointment/$book', { body: parameters({}) }), 401, 'login', 'unauthenticated'],
			[find('start=2026-13-01'), 400, 'value', 'invalid_input'],
		]
		for (const [asked, status, issue, code] of refusals) {
			const answer = await asked
			const [told] = outcomeIn(answer.body).issue
			expect([answer.status, told.code, told.details.coding[0].code]).to.deep.equal([status, issue, code])
		}
	})
})
