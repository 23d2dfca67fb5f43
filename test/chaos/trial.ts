import { someSlots, soon } from '../support/calendar.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, type Watcher } from '../support/watcher.ts'
import { type Arrivals, watchArrivals } from './arrivals.ts'
import { type Evidence, violationsOf } from './checker.ts'
import { type ChaosClient, createChaosClient } from './client.ts'
import type { Cluster } from './cluster.ts'
import { createChaosDesk } from './desk.ts'
import type { Fault } from './faults.ts'
import { createHistory, type History } from './history.ts'
import { watchWayIn } from './way-in.ts'

/** Patients with sessions. Created once a cluster, because hashing passwords takes time. */
export async function somePatients(cluster: Cluster, count: number): Promise<Person[]> {
	return await Promise.all(Array.from({ length: count }, () => aPatient(cluster.clinic)))
}

export type Verdict = {
	fault: string
	operations: number
	acknowledged: number
	/** How many requests had no outcome at first. Repetitions found the outcomes of all. */
	unknown: number
	/** Whether the trial saw every request reach Redis, which promise 4 needs. */
	orderSeen: boolean
	/** From the end of the harm until every node is ready and a booking is acknowledged. */
	recoveryMs: number
	violations: string[]
}

export type TrialOptions = { clients: number; calmMs: number; doctors?: number; convergesWithinMs?: number; healsWithinMs?: number }

/** Lets clients act at random, does harm meanwhile, lets the cluster heal, and returns the broken promises. */
export async function tryFault(cluster: Cluster, patients: readonly Person[], fault: Fault, options: TrialOptions): Promise<Verdict> {
	const { calmMs, clients: count, doctors = 5, convergesWithinMs = 10_000, healsWithinMs = 10_000 } = options
	const [probe, ...others] = patients as [Person, ...Person[]]
	const stage = await setUp(cluster, others.slice(0, count), doctors)
	const { doctorIds, slotIds, watchers, staffWatchers, arrivals, history, clients } = stage
	const { id: spareDoctor } = await aDoctor(cluster.clinic)
	const spareSlots = await someSlots(cluster, spareDoctor, { count: 200, minutes: 15 })
	let isOver = false
	const living = clients.map(client => client.live(slotIds, () => isOver))
	const pause = () => new Promise(resolve => setTimeout(resolve, calmMs))
	await pause()
	const wayIn = watchWayIn(cluster)
	await fault.harm(cluster, { clients, doctorIds })
	const began = performance.now()
	await cluster.untilHealthy(60_000)
	await untilBooked(cluster, probe, spareSlots)
	const recoveryMs = performance.now() - began
	const { wasDown, flaws } = await wayIn()
	await pause()
	isOver = true
	await Promise.all(living)
	const unknown = history.operations.filter(({ outcome }) => outcome === 'unknown').length
	const dropped = history.operations.filter(({ isDropped }) => isDropped).length
	await Promise.all(clients.map(client => client.findOut()))
	await arrivals.stop()
	const evidence = { db: cluster.db, history, doctorIds, watchers, staffWatchers, arrivals }
	await waitFor(() => isSettled(evidence), 'what was promised', convergesWithinMs).catch(() => {})
	const violations = [...(await violationsOf(evidence)), ...flaws]
	if (fault.drops === 'nothing' && dropped > 0) violations.push(`${dropped} requests were dropped`)
	if (recoveryMs > healsWithinMs) violations.push(`healed only after ${Math.round(recoveryMs)} ms`)
	if (fault.outage && !wasDown) violations.push('/readyz did not tell of the outage')
	for (const client of clients) client.stop()
	for (const { socket } of [...watchers, ...staffWatchers]) socket.disconnect()
	const acknowledged = history.operations.filter(({ outcome }) => outcome === 'acknowledged').length
	return {
		fault: fault.name,
		operations: history.operations.length,
		acknowledged,
		unknown,
		orderSeen: arrivals.isWhole(),
		recoveryMs,
		violations,
	}
}

type Stage = {
	doctorIds: string[]
	slotIds: string[]
	watchers: Watcher[]
	staffWatchers: Watcher[]
	arrivals: Arrivals
	history: History
	clients: ChaosClient[]
}

/** Receptionists of a trial, and patients who may walk in. */
const deskCount = 4
const walkInCount = 20

async function setUp(cluster: Cluster, patients: readonly Person[], doctors: number): Promise<Stage> {
	const doctorIds: string[] = []
	const slotIds: string[] = []
	for (let i = 0; i < doctors; i++) {
		const { id } = await aDoctor(cluster.clinic)
		doctorIds.push(id)
		slotIds.push(...(await someSlots(cluster, id, { count: 60, minutes: 15 })))
	}
	const arrivals = await watchArrivals(cluster.redisUrl, doctorIds)
	const desks = await Promise.all(Array.from({ length: deskCount }, () => aReceptionist(cluster.clinic)))
	const watchers: Watcher[] = []
	const staffWatchers: Watcher[] = []
	for (const doctorId of doctorIds) {
		for (const url of cluster.urls()) {
			watchers.push(await aWatcher(await aSocket({ url }), doctorId, soon()))
			staffWatchers.push(await aWatcher(await aSocket({ url }, desks[0]?.token), doctorId, soon()))
		}
	}
	const history = createHistory()
	const deskPatients = { patientIds: patients.map(({ id }) => id), walkInIds: await someFiles(cluster, walkInCount) }
	const clients = [
		...patients.map(each => createChaosClient(cluster.urls, each, history)),
		...desks.map(each => createChaosDesk(cluster.urls, each, deskPatients, history)),
	]
	return { doctorIds, slotIds, watchers, staffWatchers, arrivals, history, clients }
}

/** Patients without an account. Each trial has its own, whose earlier walk-ins are not in the way. */
async function someFiles({ db }: Cluster, count: number): Promise<string[]> {
	const files = Array.from({ length: count }, (_, index) => ({ full_name: `Walk-in ${index}` }))
	const rows = await db('patients').insert(files).returning('id')
	return rows.map(({ id }) => String(id))
}

/** Waits until another patient can book: the service is back with the first acknowledgement. */
async function untilBooked(cluster: Cluster, patient: Person, slotIds: readonly string[]): Promise<void> {
	const history = createHistory()
	const probe = createChaosClient(cluster.urls, patient, history)
	let turn = 0

	async function isBooked() {
		await probe.book(slotIds[turn++ % slotIds.length] as string)
		return history.operations.at(-1)?.outcome === 'acknowledged'
	}

	await waitFor(isBooked, 'a booking after the harm', 60_000).finally(() => probe.stop())
}

const isSettled = async (evidence: Evidence): Promise<boolean> => (await violationsOf(evidence)).length === 0
