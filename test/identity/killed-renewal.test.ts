import { expect } from 'chai'
import { useNode } from '../support/node.ts'
import { aPatient } from '../support/people.ts'
import { startProcessNode } from '../support/processes.ts'
import { cookieOf, post, refusalOf, signInAs } from './front-desk.ts'

describe('a session whose node is killed while it is renewed', function () {
	this.timeout(120_000)
	const node = useNode()
	const people = 16
	const mostRounds = 20

	const nthOf = (asked: Promise<unknown>[], nth: number) =>
		new Promise<void>(resolve => {
			let answers = 0
			for (const each of asked) void each.then(() => ++answers === nth && resolve())
		})

	const tradesMade = async () => Number((await node.db('refresh_tokens').whereNotNull('used_at').count())[0]?.count)

	it('is renewed at another node for a client that repeats the key, not for one without it', async () => {
		const patients = await Promise.all(Array.from({ length: people }, () => aPatient(node)))
		let cookies = await Promise.all(patients.map(async patient => cookieOf(await signInAs(node, patient))))
		let before = cookies
		/** Trades that the node made without answering the client. */
		let unseen = 0
		for (let round = 0; unseen === 0 && round < mostRounds; round++) {
			const attempt = (at: { url: string }, cookie: string) =>
				post(at, '/auth/refresh', undefined, { cookie, key: `round-${round}` }).catch(() => undefined)
			const madeBefore = await tradesMade()
			const doomed = await startProcessNode(node)
			const asked = cookies.map(cookie => attempt(doomed, cookie))
			// By then the node has answered some requests, traded others without an answer, and not read the rest.
			await nthOf(asked, 1 + (round % people))
			await doomed.stop('SIGKILL')
			const answers = await Promise.all(asked)
			const made = await tradesMade()
			const again = await Promise.all(cookies.map(cookie => attempt(node, cookie)))
			expect(again.map(answer => answer?.status)).to.deep.equal(Array(people).fill(200))
			unseen += made - madeBefore - answers.filter(answer => answer).length
			before = cookies
			cookies = again.map(answer => (answer ? cookieOf(answer) : ''))
		}
		expect(unseen).not.to.equal(0)
		expect(refusalOf(await post(node, '/auth/refresh', undefined, { cookie: before[0] as string }))).to.equal('401 unauthenticated')
	})
})
