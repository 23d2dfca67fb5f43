import { kinds } from './catalogue.ts'
import type { Resource } from './resource.ts'

/** Describes what is served, from the same list that serves it. */
export function capabilityStatement({ base, version, publicUrl }: { base: string; version: string; publicUrl: string }): Resource {
	return {
		resourceType: 'CapabilityStatement',
		url: `${base}/metadata`,
		version,
		name: 'Liveslot',
		title: 'Liveslot: scheduling',
		status: 'active',
		date: '2026-12-01',
		kind: 'instance',
		software: { name: 'Liveslot', version },
		implementation: { description: 'Calendars and appointments of this clinic', url: base },
		fhirVersion: '4.0.1',
		format: ['json', 'xml', 'application/fhir+json', 'application/fhir+xml'],
		instantiates: ['https://profiles.ihe.net/ITI/Scheduling/CapabilityStatement/IHE.Scheduling.server'],
		rest: [
			{
				mode: 'server',
				security: {
					cors: false,
					service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }] }],
					extension: [
						{
							url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
							extension: [{ url: 'token', valueUri: `${publicUrl}/oauth/token` }],
						},
					],
				},
				resource: Object.entries(kinds).map(([type, { params, includes }]) => ({
					type,
					...(type === 'Appointment' && {
						supportedProfile: ['https://profiles.ihe.net/ITI/Scheduling/StructureDefinition/ihe-sched-appt'],
					}),
					interaction: [...(interactions[type] ?? []), 'read', 'search-type'].map(code => ({ code })),
					versioning: type === 'Appointment' || type === 'Patient' ? 'versioned-update' : 'versioned',
					...(interactions[type] && { conditionalCreate: true }),
					...(Object.keys(includes).length > 0 && { searchInclude: Object.keys(includes).map(name => `${type}:${name}`) }),
					searchParam: Object.entries(params).map(([name, { type: kind, documentation }]) => ({
						name,
						type: kind,
						...(documentation && { documentation }),
					})),
					...(type === 'Appointment' && { operation: operations }),
				})),
			},
		],
	}
}

const interactions: Record<string, string[]> = { Appointment: ['create', 'update'], Patient: ['create', 'update'] }

const operations = ['find', 'hold', 'book'].map(name => ({
	name,
	definition: `https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-${name}`,
}))
