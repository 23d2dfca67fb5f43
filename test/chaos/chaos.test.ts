import { expect } from 'chai'
import { isLong } from '../support/forms.ts'
import type { Person } from '../support/people.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { faults, together } from './faults.ts'
import { buildWithoutLocks, countVisitsBesideSlots, dropReferee, dropRefereeOfPatients, misplaceExtraVisits } from './sabotage.ts'
import { somePatients, tryFault } from './trial.ts'

const named = (name: string) => faults.find(fault => fault.name === name) as (typeof faults)[number]

/** The short form of `npm run chaos`. */
describe('every promise', function () {
	this.timeout(120_000)
	// Generous times: only `npm run chaos`, on a quiet machine, checks how fast a cluster heals.
	const options = { clients: 40, calmMs: 500, doctors: 2, healsWithinMs: 60_000 }
	let cluster: Cluster
	let patients: Person[]
	before(async () => {
		cluster = await startCluster()
		patients = await somePatients(cluster, options.clients + 1)
	})
	after(() => cluster.stop())

	const shortly = [named('lock-holder-killed')]
	const all = [...shortly, together(named('redis-killed'), named('node-stopped')), named('postgres-killed')]
	for (const fault of isLong ? all : shortly) {
		it(`is kept despite ${fault.name}`, async () => {
			const { violations, acknowledged } = await tryFault(cluster, patients, fault, options)
			expect(violations).to.deep.equal([])
			expect(acknowledged).to.be.above(20)
		})
	}
})

describe('the checker of promises', function () {
	this.timeout(120_000)
	const options = { clients: 20, calmMs: 300, doctors: 2, convergesWithinMs: 2000 }
	let cluster: Cluster
	let patients: Person[]
	before(async () => {
		cluster = await startCluster({ size: 2, program: buildWithoutLocks() })
		patients = await somePatients(cluster, options.clients + 1)
	})
	after(() => cluster.stop())

	const violationsNow = async () => (await tryFault(cluster, patients, named('nothing'), options)).violations.join('\n')
	/** Tries three times: clients act at random, and few of them on a busy machine. */
	const expectFound = async (...flaws: RegExp[]) => {
		let found = await violationsNow()
		for (let tries = 1; tries < 3 && !flaws.every(flaw => flaw.test(found)); tries++) found += await violationsNow()
		for (const flaw of flaws) expect(found).to.match(flaw)
	}

	it('finds no violation when leases do not exclude and rules let extra visits overlap, because the constraints still do', async () => {
		expect(await violationsNow()).to.equal('')
	})

	it('finds extra visits that overlap another visit of their patient when that constraint is missing', async () => {
		await dropRefereeOfPatients(cluster.db)
		await expectFound(/pairs of appointments overlap/)
	})

	it('finds visits beside slots that another visit of their doctor kept out', async () => {
		await countVisitsBesideSlots(cluster.db)
		await expectFound(/(extra|walk-in) \S+ was refused as slot_booked/)
	})

	it('finds extra visits at another time, without their reason, and not shown to staff', async () => {
		await misplaceExtraVisits(cluster.db)
		await expectFound(/extra \d+ is at another time/, /extra \d+ does not say who allowed it and why/, /beside it to staff/)
	})

	it('finds violations when the constraints are missing too', async () => {
		await dropReferee(cluster.db)
		await expectFound(/disagree|is not there|was given to one who came after|refused .* and is there|is shown/)
	})
})
