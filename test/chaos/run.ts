import { startCluster } from './cluster.ts'
import { atRandom, faults } from './faults.ts'
import { somePatients, tryFault, type Verdict } from './trial.ts'

// npm run chaos -- [fault...]
const wanted = process.argv.slice(2)
const all = [...faults, atRandom(4)]
const unknown = wanted.filter(name => !all.some(fault => fault.name === name))
if (unknown.length > 0) throw new Error(`There is no fault ${unknown}; there are ${all.map(({ name }) => name).join(', ')}`)
const chosen = wanted.length > 0 ? all.filter(({ name }) => wanted.includes(name)) : all

const clients = 200

console.log(`${'fault'.padEnd(30)}operations acknowledged unknown  order  recovery violations`)
const asRoot = process.getuid?.() === 0
const cluster = await startCluster(asRoot ? { diskMegabytes: 1500 } : {})
// An error of the run itself must not leave servers behind.
process.once('uncaughtException', error => {
	console.error(error)
	void cluster.stop().finally(() => process.exit(1))
})
let failed = false
try {
	const patients = await somePatients(cluster, clients + 1)
	for (const fault of chosen) {
		if (fault.isBeyond?.(cluster)) {
			console.log(`${fault.name.padEnd(30)}needs root`)
			continue
		}
		const verdict = await tryFault(cluster, patients, fault, { clients, calmMs: 2000 })
		console.log(line(verdict))
		for (const violation of verdict.violations.slice(0, 10)) console.log(`    ${violation}`)
		failed ||= verdict.violations.length > 0
	}
} finally {
	await cluster.stop()
}
process.exit(failed ? 1 : 0)

function line({ fault, operations, acknowledged, unknown: open, orderSeen, recoveryMs, violations }: Verdict) {
	return [
		fault.padEnd(30),
		String(operations).padStart(10),
		String(acknowledged).padStart(13),
		String(open).padStart(8),
		(orderSeen ? 'seen' : '-').padStart(7),
		`${(recoveryMs / 1000).toFixed(1)} s`.padStart(10),
		String(violations.length).padStart(11),
	].join('')
}
