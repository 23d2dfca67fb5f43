import { expect } from 'chai'
import fc from 'fast-check'
import { pino } from 'pino'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { fuzzSeed, isLong } from '../support/forms.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient } from '../support/people.ts'
import { allScopes, aProgram, ask } from './door.ts'

describe('generated input at the FHIR door', function () {
	this.timeout(120_000)
	const complaints: string[] = []
	const log = pino({ level: 'info' }, { write: (line: string) => void (/"level":[56]0|"err":/.test(line) && complaints.push(line)) })
	const node = useNode({}, { log: log as never })
	let key: string
	let known: string[]

	before(async () => {
		key = (await aProgram(node, await anAdmin(node), allScopes)).key
		const doctor = await aDoctor(node)
		const slots = await someSlots(node, doctor.id, { count: 40, from: hoursAhead(48) })
		known = [
			doctor.id,
			(await aPatient(node)).id,
			...slots.slice(0, 5),
			...slots.slice(5, 10).map(id => `p-${id}-1`),
			'clinic',
			'1',
			'Patient/1',
		]
	})

	const types = [
		'Practitioner',
		'PractitionerRole',
		'Schedule',
		'Slot',
		'Location',
		'HealthcareService',
		'Organization',
		'Appointment',
		'Patient',
		'Bundle',
		'__proto__',
	]
	const names = [
		'_id',
		'start',
		'date',
		'status',
		'schedule',
		'patient',
		'identifier',
		'name',
		'_count',
		'_include',
		'page',
		'slot',
		'birthdate',
		'end',
		'visit-type',
		'practitioner:Practitioner',
		'name:exact',
		'status:not',
		'constructor',
	]
	const hostile = fc.oneof(
		fc.string({ unit: 'binary', maxLength: 30 }).map(text => Buffer.from(text).toString()),
		fc.constantFrom(
			'\0',
			"' OR 1=1 --",
			'|',
			',',
			'ge',
			'2026-02-30',
			'ge2026-12-01',
			'9999',
			'2026-12-01T10:00:00 02:00',
			'*',
			'Slot:schedule',
			'-1',
			'WzEsMl0',
			'<a>',
			'%',
		),
	)
	const value = fc.oneof({ weight: 2, arbitrary: fc.nat().map(n => known[n % known.length] as string) }, { weight: 1, arbitrary: hostile })
	const json = fc.jsonValue({ maxDepth: 3 })
	const resource = fc.record(
		{
			resourceType: fc.constantFrom('Appointment', 'Patient', 'Parameters'),
			id: value,
			status: fc.oneof(fc.constantFrom('booked', 'cancelled', 'proposed', 'arrived', 'fulfilled'), json),
			identifier: fc.oneof(json, fc.constant([{ system: 's', value: 'v' }])),
			participant: fc.oneof(
				json,
				value.map(reference => [{ actor: { reference: `Patient/${reference}` } }]),
			),
			slot: fc.oneof(
				json,
				value.map(reference => [{ reference: `Slot/${reference}` }]),
			),
			serviceType: json,
			start: fc.oneof(json, value),
			name: fc.oneof(json, fc.constant([{ text: 'Ada' }])),
			telecom: fc.oneof(json, fc.constant([{ system: 'phone', value: '+49 30 555' }])),
			birthDate: json,
			extension: json,
			reasonCode: json,
		},
		{ requiredKeys: ['resourceType'] },
	)
	const parameters = fc.record({
		resourceType: fc.constantFrom('Parameters', 'Parameters', 'Patient'),
		parameter: fc.oneof(
			json,
			fc.array(
				fc.oneof(
					fc.record({ name: fc.constantFrom('appointment-reference', 'practitioner'), valueReference: fc.record({ reference: value }) }),
					fc.record({ name: fc.constantFrom('appointment-resource', 'patient-resource'), resource: fc.oneof(resource, json) }),
					fc.record({ name: fc.constantFrom('comment', 'start', 'end', 'visit-type'), valueString: fc.oneof(value, json) }),
					json,
				),
				{ maxLength: 4 },
			),
		),
	})
	const query = fc
		.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 })
		.map(pairs => new URLSearchParams(pairs.map(([a, b]) => [a, b])).toString())
	const headers = fc.record({ prefer: fc.constantFrom('handling=strict', ''), accept: fc.constantFrom('application/fhir+json', '*/*') })
	const call = fc.oneof(
		fc.record({
			method: fc.constant('GET'),
			path: fc.tuple(fc.constantFrom(...types), query).map(([type, text]) => `/${type}?${text}`),
			headers,
		}),
		fc.record({
			method: fc.constant('GET'),
			path: fc.tuple(fc.constantFrom(...types), value).map(([type, id]) => `/${type}/${encodeURIComponent(id)}`),
			headers,
		}),
		fc.record({ method: fc.constant('GET'), path: query.map(text => `/Appointment/$find?${text}`), headers }),
		fc.record({
			method: fc.constant('POST'),
			path: fc.constantFrom('/Appointment/$find', '/Appointment/$hold', '/Appointment/$book'),
			body: parameters,
			headers,
		}),
		fc.record({
			method: fc.constant('POST'),
			path: fc.constantFrom('/Appointment', '/Patient', '/Slot'),
			body: fc.oneof(resource, json),
			headers,
		}),
		fc.record({
			method: fc.constant('PUT'),
			path: value.map(id => `/Appointment/${encodeURIComponent(id)}`),
			body: resource,
			headers,
		}),
	)

	it('is answered with resources that the schema knows, and never by a failure of ours', async () => {
		console.log(`      generated from FUZZ_SEED=${fuzzSeed}`)
		const statuses = new Set<number>()
		await fc.assert(
			fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), async atOnce => {
				const answers = await Promise.all(
					atOnce.map(each =>
						ask(node, each.method, each.path, {
							token: key,
							headers: each.headers,
							...('body' in each && { body: JSON.stringify(each.body) ?? 'null' }),
						}),
					),
				)
				for (const { status, text } of answers) {
					statuses.add(status)
					expect(status, text.slice(0, 500)).to.be.within(200, 499)
				}
				const said = complaints.splice(0)
				if (said.length > 0) throw new Error(`the server complained: ${said[0]?.slice(0, 1500)}`)
			}),
			{ seed: fuzzSeed, numRuns: isLong ? 20_000 : 250, interruptAfterTimeLimit: isLong ? 90_000 : 6000, markInterruptAsFailure: false },
		)
		expect([...statuses]).to.include.members([200, 400, 404])
	})
})
