import { type AppointmentType, type Clinic, type Doctor, endpoints, type Site } from '../../contract/index.ts'
import type { Ask, Asker } from './ask.ts'

/** What resources of one answer name: each list is read at most once, as a stranger sees it. */
export function createDirectory(ask: Ask, origin: Asker['origin']) {
	const stranger: Asker = { actor: null, origin }
	const doctors = once(() => all<Doctor>(cursor => ask(endpoints.listDoctors, stranger, { query: { limit: 200, ...cursor } })))
	const sites = once(() => all<Site>(cursor => ask(endpoints.listSites, stranger, { query: { limit: 200, archived: 'true', ...cursor } })))
	const types = once(() =>
		all<AppointmentType>(cursor => ask(endpoints.listAppointmentTypes, stranger, { query: { limit: 200, ...cursor } })),
	)
	const clinic = once((): Promise<Clinic> => ask(endpoints.getClinic, stranger))
	return {
		doctors,
		sites,
		types,
		clinic,
		/** The kinds of appointment that patients book with a doctor. */
		async typesOf(doctorId: string): Promise<AppointmentType[]> {
			return (await types()).filter(({ doctors: by }) => by === 'all' || by.some(each => each.doctorId === doctorId))
		},
		plansOf: async (doctorId: string) => (await ask(endpoints.listPlans, stranger, { params: { id: doctorId } })).items,
		async namesFor(visit: { doctorId: string; typeId: string }) {
			const [known, kinds] = await Promise.all([doctors(), types()])
			return {
				doctorName: known.find(({ id }) => id === visit.doctorId)?.fullName,
				typeName: kinds.find(({ id }) => id === visit.typeId)?.name,
			}
		},
	}
}

export type Directory = ReturnType<typeof createDirectory>

/** More than a clinic has; a list that never ended would fill the memory. */
const maxPages = 25

async function all<T>(read: (cursor: { cursor?: string }) => Promise<{ items: T[]; nextCursor: string | null }>): Promise<T[]> {
	const items: T[] = []
	let cursor: string | null = null
	for (let page = 0; page < maxPages; page++) {
		const found = await read(cursor === null ? {} : { cursor })
		items.push(...found.items)
		cursor = found.nextCursor
		if (cursor === null) break
	}
	return items
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
	let reading: Promise<T> | undefined
	return () => (reading ??= read())
}
