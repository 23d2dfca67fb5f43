import { expect } from 'chai'
import { book, done } from '../booking/desk.ts'
import { hoursAhead } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSlot, ledgerInWords } from './a-clinic.ts'
import { somePushKeys } from './a-push-browser.ts'
import { useWebService } from './a-web-service.ts'

describe('a device that receives notifications', () => {
	const service = useWebService(() => ({ status: 201 }))
	const node = useNode({ QUIET_HOURS: 'off' })

	const subscribe = async (token: string, path: string) => {
		const body = { endpoint: `${service.url}${path}`, keys: somePushKeys().told }
		expect((await call(node, 'POST', '/me/push-subscriptions', { token, body })).status).to.equal(204)
	}

	for (const status of [404, 410]) {
		it(`is forgotten once its push service answers ${status}, while the others are kept`, async () => {
			const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
			await subscribe(patient.token, `/gone-${status}`)
			await subscribe(patient.token, `/here-${status}`)
			service.answer = ({ path }) => ({ status: path.startsWith('/gone') ? status : 201 })
			const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
			await waitFor(async () => (await ledgerInWords(node, visit.id)).includes('push booked sent'), 'the notification to be sent')
			expect(await node.db('push_subscriptions').where({ user_id: patient.id }).pluck('endpoint')).to.deep.equal([
				`${service.url}/here-${status}`,
			])
		})
	}

	it('replaces the oldest when an account has ten', async () => {
		const patient = await aPatient(node)
		const endpoints = async () =>
			(await node.db('push_subscriptions').where({ user_id: patient.id }).orderBy('id').pluck('endpoint')).map(
				endpoint => new URL(endpoint).pathname,
			)
		for (let index = 1; index <= 10; index++) await subscribe(patient.token, `/device-${index}`)
		// A device that subscribes again is no longer the oldest.
		await subscribe(patient.token, '/device-1')
		await Promise.all(['/device-11', '/device-12'].map(path => subscribe(patient.token, path)))
		expect((await endpoints()).toSorted()).to.deep.equal(
			['/device-1', ...Array.from({ length: 9 }, (_, index) => `/device-${index + 4}`)].toSorted(),
		)
	})

	it('receives messages only as one of the ten newest, when an account has more from an earlier version', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		await node.db('push_subscriptions').insert(
			Array.from({ length: 40 }, (_, index) => {
				const { p256dh, auth } = somePushKeys().told
				return {
					user_id: patient.id,
					endpoint: `${service.url}/many-${index}`,
					p256dh,
					auth,
					created_at: new Date(Date.now() - 1000 * (40 - index)),
				}
			}),
		)
		const visit = done(await book(node, patient, await aSlot(node, doctor.id, hoursAhead(48))))
		await waitFor(async () => (await ledgerInWords(node, visit.id)).includes('push booked sent'), 'the notification to be sent')
		const told = service.requests.map(({ path }) => path).filter(path => path.startsWith('/many-'))
		expect(told.toSorted()).to.deep.equal(Array.from({ length: 10 }, (_, index) => `/many-${index + 30}`))
	})
})
