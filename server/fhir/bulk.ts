import { createHash } from 'node:crypto'
import { kinds, type Visit } from './catalogue.ts'
import type { Resource } from './resource.ts'

// SMART Scheduling Links (https://github.com/HL7/smart-scheduling-links): what is free, for every directory that wants to list it.

export const bulkTypes = ['Location', 'Schedule', 'Slot'] as const
export type BulkType = (typeof bulkTypes)[number]

export const maxAgeSeconds = 60
const days = 28

export type BulkFile = { body: string; etag: string }

/** Files are made for the first caller, and kept for a minute: what all crawlers together cost is one reading a minute. */
export function createBulk({ nowMs, bookingUrl }: { nowMs: () => number; bookingUrl: (doctorId: string) => string }) {
	let kept: { atMs: number; files: Promise<Record<BulkType, BulkFile>> } | undefined

	return {
		manifest(base: string, states: readonly string[], requestUrl: string): Resource {
			const output = bulkTypes.map(type => ({
				type,
				url: `${base}/bulk/${type}.ndjson`,
				...(states.length > 0 && { extension: { state: states } }),
			}))
			const transactionTime = new Date(kept?.atMs ?? nowMs()).toISOString()
			return { transactionTime, request: requestUrl, output } as unknown as Resource
		},
		async file(type: BulkType, visit: Visit): Promise<BulkFile> {
			if (!kept || nowMs() - kept.atMs > maxAgeSeconds * 1000) {
				const reading = { atMs: nowMs(), files: readAll(visit) }
				reading.files.catch(() => {
					if (kept === reading) kept = undefined
				})
				kept = reading
			}
			return (await kept.files)[type]
		},
	}

	async function readAll(visit: Visit): Promise<Record<BulkType, BulkFile>> {
		const until = new Date(nowMs() + days * 86_400_000).toISOString()
		const locations = await everything(visit, 'Location')
		const schedules = await everything(visit, 'Schedule')
		const slots: Resource[] = []
		// A calendar at a time, so that no search is too costly however many doctors there are.
		for (const { id } of schedules) {
			const found = await everything(visit, 'Slot', [
				['schedule', `Schedule/${id}`],
				['start', `ge${new Date(nowMs()).toISOString()}`],
				['start', `lt${until}`],
			])
			slots.push(...found.filter(({ status }) => status === 'free' || status === 'busy').map(slot => linked(slot, id as string)))
		}
		return { Location: fileOf(locations), Schedule: fileOf(schedules), Slot: fileOf(slots) }
	}

	function linked(slot: Resource, doctorId: string): Resource {
		const link = bookingUrl(doctorId)
		const extension = families.map(family => ({ url: `${family}/StructureDefinition/booking-deep-link`, valueUrl: link }))
		return { ...slot, extension }
	}
}

const families = ['http://fhir-registry.smarthealthit.org', 'http://hl7.org/fhir/uv/smart-scheduling-links']

async function everything(visit: Visit, type: BulkType, asked: [string, string][] = []): Promise<Resource[]> {
	const kind = kinds[type]
	if (!kind) return []
	const criteria = asked.map(([name, text]) => ({ name, modifier: undefined, values: [text], text }))
	const query = { criteria, count: Number.MAX_SAFE_INTEGER, page: undefined, includes: [], isCount: false, used: [] }
	return (await kind.search(visit, query)).resources
}

function fileOf(resources: Resource[]): BulkFile {
	const body = resources.map(resource => `${JSON.stringify(resource)}\n`).join('')
	return { body, etag: `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

export const ndjson = 'application/fhir+ndjson'
