import { expect } from 'chai'
import { bookLive } from '../booking/desk.ts'
import { demoTemplate, doctorNamed } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { call } from '../support/http.ts'
import { findPooler, startPooler } from '../support/pooler.ts'
import { type ProcessNode, runProcess, startProcessNode } from '../support/processes.ts'
import { freshStores } from '../support/servers.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

// Runs only in the long form, because it needs a pooler.
if (isLong)
	describe('two nodes behind a pooler in transaction mode', function () {
		this.timeout(120_000)
		let stores: Awaited<ReturnType<typeof freshStores>>
		let pooler: Awaited<ReturnType<typeof startPooler>>
		let nodes: ProcessNode[] = []
		before(async function () {
			if (!findPooler()) this.skip()
			stores = await freshStores(await demoTemplate())
			pooler = await startPooler(stores.databaseUrl, 4)
			const throughPooler = { ...stores, databaseUrl: pooler.databaseUrl }
			const settings = { DATABASE_PREPARE: 'off', DATABASE_POOL: '4' }
			expect(await runProcess(throughPooler, { ...settings, ROLE: 'migrate' })).to.equal('The database is up to date\n')
			nodes = await Promise.all(['all', 'web'].map(ROLE => startProcessNode(throughPooler, { ...settings, ROLE })))
		})
		after(async () => {
			closeSockets()
			await Promise.all(nodes.map(node => node.stop()))
			await pooler?.stop()
			await stores?.drop()
		})

		it('book the requests of several patients at once, through either node', async () => {
			const [one, two] = nodes as [ProcessNode, ProcessNode]
			const { id } = await doctorNamed(one, 'Lindner')
			const { body } = await call(two, 'GET', `/doctors/${id}/slots?from=${dateAhead(3)}&to=${dateAhead(20)}`)
			const free = (body.slots as { id: string; state: string }[]).filter(({ state }) => state === 'free')
			const outcomes = await Promise.all(
				Array.from({ length: 16 }, async (_, index) => {
					const node = index % 2 ? one : two
					const email = `patient${index + 2}@clinic.example`
					const session = await call(node, 'POST', '/auth/login', { body: { email, password: 'demo-clinic-2026' } })
					const socket = await aSocket(node, session.body.accessToken)
					// Two patients request each time.
					const answer = await bookLive(socket, free[(index >> 1) * 3]?.id as string)
					if (answer.ok) ok(await socket.emitWithAck('appointment:cancel', { appointmentId: answer.appointment.id }))
					return answer.ok
				}),
			)
			expect(outcomes.filter(Boolean).length).to.be.at.least(8)
			for (const node of nodes) expect((await fetch(`${node.url}/readyz`)).status).to.equal(200)
		})
	})
