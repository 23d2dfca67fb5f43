import { type Request, type RequestHandler, type Response, Router } from 'express'
import { endpoints } from '../../contract/index.ts'
import type { AppointmentSearch, FoundAppointments } from '../booking/appointments.ts'
import type { Actor } from '../identity/actor.ts'
import { isApiKey, readProgram } from '../identity/api-clients.ts'
import { readBearer } from '../identity/authentication.ts'
import type { Route } from '../identity/handlers.ts'
import { toRefusal } from '../platform/failure.ts'
import type { NoteAccess } from '../platform/http/routes.ts'
import { Refusal } from '../platform/refusal.ts'
import type { MeasureAnswer } from '../platform/security/long-answers.ts'
import { createAsk } from './ask.ts'
import { type BulkType, bulkTypes, createBulk, maxAgeSeconds, ndjson } from './bulk.ts'
import { capabilityStatement } from './capability.ts'
import { type CatalogueDeps, type Kind, kinds, patientResource, type Visit } from './catalogue.ts'
import { createDirectory } from './directory.ts'
import { createExternalIdentifiers } from './identifiers.ts'
import {
	book,
	bundleOf,
	type Carried,
	carryOut,
	checkVersion,
	createPatient,
	createSpentKeys,
	fileOf,
	find,
	flatten,
	hold,
	type OperationAnswer,
	readProposal,
} from './operations.ts'
import { FhirRefusal, outcomeOf } from './outcome.ts'
import { parseProposal } from './proposals.ts'
import type { Resource } from './resource.ts'
import { versioned } from './resources.ts'
import { type Guest, needs, rightsOf, withScopes } from './rights.ts'
import { type Query, readQuery, searchset } from './search.ts'
import { createSmart, type SmartDeps } from './smart.ts'
import { formatOf, paramsOf, readForm, readResource, readText, sendResource } from './wire.ts'

export type FhirDeps = SmartDeps & {
	version: string
	/** The domains' calls. */
	routes: readonly Route[]
	searchAppointments: (actor: Actor, search: AppointmentSearch) => Promise<FoundAppointments>
	noteAccess: NoteAccess
	longAnswer: MeasureAnswer | undefined
}

const path = '/fhir/R4'

/** The door for record systems and directories: FHIR R4, IHE ITI Scheduling, SMART. A face over the same calls as `/api/v1`. */
export function createFhir(deps: FhirDeps): RequestHandler {
	const { run, log, limit, nowMs, publicUrl, version } = deps
	const smart = createSmart(deps)
	const base = () => `${publicUrl()}${path}`
	const bulk = createBulk({ nowMs, bookingUrl: doctorId => `${publicUrl()}/doctors/${doctorId}` })
	const shared: CatalogueDeps = {
		ask: createAsk(deps),
		searchAppointments: deps.searchAppointments,
		identifiers: createExternalIdentifiers(deps.db),
		readProposal,
		noteAccess: deps.noteAccess,
		spentKeys: createSpentKeys(deps.db),
		nowMs,
	}

	const router = Router()
	router.get(
		`${path}/metadata`,
		answering(async () => ({ resource: capabilityStatement({ base: base(), version, publicUrl: publicUrl() }) })),
	)
	router.get(`${path}/.well-known/smart-configuration`, (_req, res) => {
		res.setHeader('Cache-Control', `public, max-age=${maxAgeSeconds}`)
		res.json(smart.configuration())
	})
	router.get(
		`${path}/$bulk-publish`,
		publishing(async (_req, visit) => {
			const { address } = await visit.directory.clinic()
			await bulk.file('Location', visit)
			return {
				type: 'application/json',
				body: JSON.stringify(bulk.manifest(base(), address?.region ? [address.region] : [], `${base()}/$bulk-publish`)),
			}
		}),
	)
	router.get(
		`${path}/bulk/:file`,
		publishing(async (req, visit) => {
			const type = String(req.params.file).replace(/\.ndjson$/, '') as BulkType
			if (!bulkTypes.includes(type) || !String(req.params.file).endsWith('.ndjson')) throw new Refusal('not_found')
			return { type: ndjson, ...(await bulk.file(type, visit)) }
		}),
	)
	router.get(
		`${path}/Appointment/$find`,
		answering(async (req, visit) => {
			const params = paramsOf(req)
			return await find(
				visit,
				[...params].filter(([name]) => !name.startsWith('_') && name !== 'page').map(([name, value]) => ({ name, value })),
				queryFor(req, params),
			)
		}),
	)
	router.post(
		`${path}/Appointment/$find`,
		readText,
		answering(async (req, visit) => {
			const params = flatten(await readResource(req))
			const search = paramsOf(req)
			for (const { name, value } of params) if (name === '_count') search.set(name, value)
			return await find(
				visit,
				params.filter(({ name }) => name !== '_count'),
				queryFor(req, search),
			)
		}),
	)
	router.post(
		`${path}/Appointment/$hold`,
		readText,
		operating('not-found', async (_req, visit, parameters) => await hold(visit, parameters)),
	)
	router.post(
		`${path}/Appointment/$book`,
		readText,
		operating(undefined, async (req, visit, parameters) => await book(visit, parameters, headersOf(req))),
	)
	router.get(
		`${path}/:type`,
		answering(async (req, visit) => await search(req, visit, paramsOf(req))),
	)
	router.post(
		`${path}/:type/_search`,
		readText,
		answering(async (req, visit) => await search(req, visit, readForm(req))),
	)
	router.post(`${path}/:type`, readText, answering(create))
	router.get(`${path}/:type/:id`, answering(read))
	router.put(`${path}/:type/:id`, readText, answering(update))
	router.use(
		path,
		answering(async () => {
			throw new Refusal('not_found')
		}),
	)
	router.use(smart.router)
	return router

	/** An answer as a resource, and every refusal as an OperationOutcome. */
	function answering(work: (req: Request, visit: Visit) => Promise<OperationAnswer>): RequestHandler {
		return async (req, res) => {
			res.locals.route ??= typeof req.route?.path === 'string' ? req.route.path : path
			res.setHeader('Cache-Control', 'no-store')
			try {
				const format = formatOf(req)
				const visit = await begin(req, res)
				const { resource, status = 200, headers = {} } = await measured(visit, () => work(req, visit))
				for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
				if (status === 304) return void res.status(304).end()
				await sendResource(res, format, status, resource)
			} catch (error) {
				await sendRefusal(req, res, error)
			}
		}
	}

	/** An operation of IHE: its refusal stands in a Bundle, too. `gone` is the issue of a time that cannot be had. */
	function operating(
		gone: string | undefined,
		work: (req: Request, visit: Visit, parameters: Resource) => Promise<OperationAnswer>,
	): RequestHandler {
		return answering(async (req, visit) => {
			const parameters = await readResource(req)
			try {
				return await work(req, visit, parameters)
			} catch (error) {
				if (!(error instanceof Refusal) || !isAnswered(error)) throw error
				const named = JSON.stringify(parameters).match(/p-\d+-\d+-\d+/)?.[0]
				const { status, outcome } = outcomeOf(error, visit.base, named && parseProposal(named)?.typeId)
				if (gone && isGone(error)) Object.assign(outcome.issue[0], { severity: 'fatal', code: gone })
				return { resource: bundleOf(visit, undefined, outcome), status, headers: retryOf(error, status) }
			}
		})
	}

	/** Public files for crawlers, with what they need to ask rarely. */
	function publishing(work: (req: Request, visit: Visit) => Promise<{ type: string; body: string; etag?: string }>): RequestHandler {
		return async (req, res) => {
			try {
				await limit(null, req.ip ?? '')
				const { type, body, etag } = await work(req, visitOf(null, req, res))
				res.setHeader('Cache-Control', `public, max-age=${maxAgeSeconds}`)
				res.setHeader('Access-Control-Allow-Origin', '*')
				if (etag) res.setHeader('ETag', etag)
				if (etag && req.headers['if-none-match']?.split(',').some(known => known.trim() === etag)) return void res.status(304).end()
				res.type(type).send(body)
			} catch (error) {
				await sendRefusal(req, res, error)
			}
		}
	}

	async function begin(req: Request, res: Response): Promise<Visit> {
		const ip = req.ip ?? ''
		let guest: Guest | null
		try {
			guest = await guestOf(req.headers.authorization)
		} catch (error) {
			await limit(null, ip)
			throw error
		}
		res.locals.actorId = guest?.actor.userId
		await limit(guest?.actor ?? null, ip)
		return visitOf(guest, req, res)
	}

	/** Keys of programs, and tokens of this door. People's access tokens are of another. @throws Refusal */
	async function guestOf(authorization: string | undefined): Promise<Guest | null> {
		const token = readBearer(authorization)
		if (token === undefined) return null
		if (!isApiKey(token)) return await smart.readGuest(token)
		const actor = await readProgram(run, token)
		return { actor, rights: rightsOf(actor.scopes ?? []) }
	}

	function visitOf(guest: Guest | null, req: Request, res: Response): Visit {
		const origin = { ip: req.ip ?? '', requestId: String(res.locals.requestId) }
		return { guest, origin, base: base(), deps: shared, directory: createDirectory(shared.ask, origin) }
	}

	/** Counts long answers like those of `/api/v1`. */
	async function measured(visit: Visit, make: () => Promise<OperationAnswer>): Promise<OperationAnswer> {
		if (!deps.longAnswer) return await make()
		const by = { userId: visit.guest?.actor.userId, ip: visit.origin.ip }
		return await deps.longAnswer(by, make, ({ resource }) => (resource.entry?.length ?? 1) * 500)
	}

	async function sendRefusal(req: Request, res: Response, error: unknown): Promise<void> {
		const about = { requestId: res.locals.requestId, actorId: res.locals.actorId, method: req.method, route: res.locals.route }
		const refusal = error instanceof FhirRefusal ? error : toRefusal(error, log, about)
		const { status, outcome } = outcomeOf(refusal, base())
		if (res.headersSent) return void res.destroy()
		for (const [name, value] of Object.entries(refusal instanceof Refusal ? retryOf(refusal, status) : {})) res.setHeader(name, value)
		if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer')
		let format: 'json' | 'xml' = 'json'
		try {
			format = formatOf(req)
		} catch {}
		await sendResource(res, format, status, outcome)
	}
}

function retryOf({ details }: Refusal, status: number): Record<string, string> {
	const seconds = details.retryAfterSeconds ?? (status === 503 || status === 429 ? 1 : undefined)
	return seconds === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) }
}

/** What an operation came to, as against what was wrong with the request. */
const isAnswered = ({ code }: Refusal) =>
	!['invalid_input', 'unauthenticated', 'token_expired', 'forbidden', 'rate_limited', 'internal'].includes(code)

const isGone = ({ code }: Refusal) => ['slot_booked', 'slot_held', 'slot_blocked', 'slot_in_past', 'not_found'].includes(code)

function kindOf(req: Request): { type: string; kind: Kind } {
	const type = String(req.params.type)
	const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
	if (!kind) throw new FhirRefusal(404, 'not-supported', 'not_found', 'This type of resource is not served')
	return { type, kind }
}

function headersOf(req: Request) {
	const { 'idempotency-key': key, 'if-match': ifMatch } = req.headers
	return { idempotencyKey: typeof key === 'string' ? key : undefined, ifMatch }
}

function queryFor(req: Request, params: URLSearchParams, known: ReadonlySet<string> = new Set()): Query {
	const { prefer = '' } = req.headers
	return readQuery(params, known, { isStrict: known.size > 0 && /\bhandling=strict\b/.test(String(prefer)) })
}

async function search(req: Request, visit: Visit, params: URLSearchParams): Promise<OperationAnswer> {
	const { type, kind } = kindOf(req)
	if (kind.rights) needs(visit.guest, kind.rights.search)
	const query = queryFor(req, params, new Set(Object.keys(kind.params)))
	const found = await kind.search(visit, query)
	const resources = found.resources.map(versioned)
	const included = await include(visit, resources, query.includes)
	const url = `${visit.base}/${type}`
	return {
		resource: searchset(
			url,
			query,
			{ ...found, resources },
			{ included, fullUrl: ({ resourceType, id }) => `${visit.base}/${resourceType}/${id}` },
		),
	}
}

/** How many resources may be included. */
const maxIncluded = 400

/** What the found resources name, each once, and only what the caller may read. */
async function include(visit: Visit, resources: readonly Resource[], asked: readonly string[]): Promise<Resource[]> {
	const shown = new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id}`))
	const included: Resource[] = []
	let from: readonly Resource[] = resources
	// Includes may follow what was included, a step at a time.
	for (let round = 0; round < 3 && from.length > 0 && asked.length > 0; round++) {
		const references = from.flatMap(resource =>
			asked.flatMap(text => {
				const [ofType, name = '', target] = text.split(':')
				if (ofType !== '*' && ofType !== resource.resourceType) return []
				const includes = kinds[resource.resourceType]?.includes ?? {}
				const followed = ofType === '*' || name === '*' ? Object.values(includes) : Object.hasOwn(includes, name) ? [includes[name]] : []
				return followed.flatMap(follow => follow?.(resource) ?? []).filter(reference => !target || reference.startsWith(`${target}/`))
			}),
		)
		const wanted = [...new Set(references)].filter(reference => !shown.has(reference)).slice(0, maxIncluded - included.length)
		for (const reference of wanted) shown.add(reference)
		from = (await Promise.all(wanted.map(reference => readIncluded(visit, reference)))).flatMap(found => found ?? [])
		included.push(...from)
	}
	return included
}

async function readIncluded(visit: Visit, reference: string): Promise<Resource | undefined> {
	const [type = '', id = ''] = reference.split('/')
	const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
	if (!kind || (kind.rights && !visit.guest?.rights.has(kind.rights.read))) return undefined
	try {
		return versioned(await kind.read(visit, id))
	} catch (error) {
		if (error instanceof Refusal && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined
		throw error
	}
}

async function read(req: Request, visit: Visit): Promise<OperationAnswer> {
	const { kind } = kindOf(req)
	if (kind.rights) needs(visit.guest, kind.rights.read)
	const id = String(req.params.id)
	if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) throw new Refusal('not_found')
	const resource = versioned(await kind.read(visit, id))
	const etag = `W/"${resource.meta.versionId}"`
	const isKnown = req.headers['if-none-match']?.split(',').some(known => known.trim() === etag)
	return { resource, headers: headersFor(resource), ...(isKnown && { status: 304 }) }
}

function headersFor({ meta }: Resource): Record<string, string> {
	return {
		...(meta?.versionId && { ETag: `W/"${meta.versionId}"` }),
		...(meta?.lastUpdated && { 'Last-Modified': new Date(meta.lastUpdated).toUTCString() }),
	}
}

/** A create, on a condition when `If-None-Exist` names one: the one that matches it, instead of another. */
async function create(req: Request, visit: Visit): Promise<OperationAnswer> {
	const { type, kind } = kindOf(req)
	if (type !== 'Appointment' && type !== 'Patient') throw notAllowed()
	needs(visit.guest, `${type}.c`)
	const resource = await readResource(req)
	if (resource.resourceType !== type) throw new Refusal('invalid_input', { message: `The body must be a resource of type ${type}` })
	const condition = req.headers['if-none-exist']
	if (typeof condition === 'string') {
		const existing = await matchesOf(visit, type, kind, condition)
		if (existing.total > 1) throw new FhirRefusal(412, 'multiple-matches', 'multiple_matches', 'More than one resource matches')
		const [only] = existing.resources
		if (only) return made(visit, { appointment: only, isNew: false })
	}
	if (type === 'Patient') {
		const { resource: patient, isNew } = await createPatient(visit, resource)
		return made(visit, { appointment: patient, isNew })
	}
	return made(
		visit,
		await carryOut(
			visit,
			{ id: undefined, resource: { ...resource, id: undefined } as unknown as Resource, comment: undefined, patient: undefined },
			headersOf(req),
		),
	)
}

/** What matches a condition: a client that may create may also learn that. */
async function matchesOf(visit: Visit, type: string, kind: Kind, condition: string) {
	const query = readQuery(new URLSearchParams(condition.replace(/^\?/, '')), new Set(Object.keys(kind.params)), { isStrict: true })
	if (query.criteria.length === 0) throw new Refusal('invalid_input', { message: 'If-None-Exist must name a condition' })
	const { actor, rights } = needs(visit.guest, `${type}.c` as 'Patient.c')
	const searching: Guest = {
		actor: withScopes(actor, 'patients:read', 'appointments:read'),
		rights: new Set([...rights, `${type}.s` as const]),
	}
	return await kind.search({ ...visit, guest: searching }, { ...query, count: 2 })
}

function made({ base }: Visit, { appointment, isNew }: Carried): OperationAnswer {
	const resource = versioned(appointment)
	const location = `${base}/${resource.resourceType}/${resource.id}`
	return { resource, status: isNew ? 201 : 200, headers: { Location: location, ...headersFor(resource) } }
}

async function update(req: Request, visit: Visit): Promise<OperationAnswer> {
	const { type } = kindOf(req)
	if (type !== 'Appointment' && type !== 'Patient') throw notAllowed()
	const { actor } = needs(visit.guest, `${type}.u`)
	const resource = await readResource(req)
	const id = String(req.params.id)
	if (resource.resourceType !== type || resource.id !== id)
		throw new Refusal('invalid_input', { message: 'The resource must have the type and the id of its address' })
	if (type === 'Appointment') {
		const { appointment } = await carryOut(visit, { id, resource, comment: undefined, patient: undefined }, headersOf(req))
		return { resource: appointment, headers: headersFor(appointment) }
	}
	const reader = withScopes(actor, 'patients:read')
	const { origin, deps } = visit
	checkVersion(req.headers['if-match'], versioned(await patientResource(visit, reader, id)).meta.versionId)
	const file = fileOf(resource)
	await deps.ask(
		endpoints.updatePatient,
		{ actor, origin },
		{ params: { id }, body: { ...file, email: file.email ?? null, birthDate: file.birthDate ?? null } },
	)
	const changed = versioned(await patientResource(visit, reader, id))
	return { resource: changed, headers: headersFor(changed) }
}

const notAllowed = () => new FhirRefusal(405, 'not-supported', 'forbidden', 'This type of resource is read only')
