import { expect } from 'chai'
import { call } from '../support/http.ts'
import { aPatient } from '../support/people.ts'
import { post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const limited = '429 rate_limited'

describe('sign-in limits', () => {
	const desk = useFrontDesk({ RATE_LIMIT: 'on', TRUST_PROXY: '1' })
	const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } })
	const guess = (email: string, ip: string, password = 'a wrong guess') => post(desk, '/auth/login', { email, password }, from(ip))
	const times = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> => {
		const answers: T[] = []
		for (let index = 0; index < count; index++) answers.push(await work(index))
		return answers
	}

	it('refuse guesses after ten, even when they arrive as one volley', async () => {
		const patient = await aPatient(desk)
		const guesses = [...Array<string>(24).fill('a wrong guess'), patient.password]
		const answers = await Promise.all(guesses.map(password => guess(patient.email, '10.0.0.1', password)))
		const compared = answers.filter(answer => refusalOf(answer) === '401 invalid_credentials')
		expect(compared).to.have.length(10)
		expect(answers.filter(answer => refusalOf(answer) === limited)).to.have.length(15)
		const refused = await guess(patient.email, '10.0.0.1', patient.password)
		expect(refusalOf(refused), 'the right password comes too late').to.equal(limited)
		expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 900)
		expect((await guess(patient.email, '10.0.0.2', patient.password)).status, 'its owner is elsewhere').to.equal(200)
	})

	it('treat unknown e-mail addresses like known ones', async () => {
		const answers = await times(11, () => guess('nobody@example.com', '10.0.0.3'))
		expect(answers.map(refusalOf).lastIndexOf('401 invalid_credentials')).to.equal(9)
		expect(answers.map(refusalOf).at(-1)).to.equal(limited)
	})

	it('forget an account’s failures after a right password', async () => {
		const patient = await aPatient(desk)
		for (let round = 0; round < 2; round++) {
			await times(9, () => guess(patient.email, '10.0.0.4'))
			expect((await guess(patient.email, '10.0.0.4', patient.password)).status).to.equal(200)
		}
	})

	it('limit guesses at one account from many addresses', async () => {
		const patient = await aPatient(desk)
		for (const net of [1, 2, 3, 4, 5]) await times(10, () => guess(patient.email, `10.1.0.${net}`))
		expect(refusalOf(await guess(patient.email, '10.1.0.6', patient.password))).to.equal(limited)
	})

	it('limit guesses at many accounts from one address', async () => {
		await times(100, index => guess(`victim${index}@example.com`, '10.0.0.5'))
		const patient = await aPatient(desk)
		expect(refusalOf(await guess(patient.email, '10.0.0.5', patient.password))).to.equal(limited)
	})

	it('count guesses at the current password by a stolen session', async () => {
		const patient = await aPatient(desk)
		const change = (currentPassword: string) =>
			call(desk, 'PATCH', '/me', { token: patient.token, body: { password: 'a brand-new password', currentPassword }, ...from('10.0.0.6') })
		await times(10, () => change('a wrong guess'))
		expect(refusalOf(await change(patient.password))).to.equal(limited)
	})

	it('limit registrations from one address', async () => {
		// Malformed registrations do not count, so these have to be real; a taken address is the cheapest.
		const { email } = await aPatient(desk)
		const register = () => post(desk, '/auth/register', { email, password: 'long enough for this', fullName: 'Crowd' }, from('10.0.0.7'))
		const answers = await Promise.all(Array.from({ length: 101 }, register))
		expect(answers.filter(answer => refusalOf(answer) === '409 email_taken')).to.have.length(100)
		expect(answers.filter(answer => refusalOf(answer) === limited)).to.have.length(1)
	})

	it('limit reset mails to one person and from one address', async () => {
		const { email } = await aPatient(desk)
		const forgot = (to: string, ip: string) => post(desk, '/auth/forgot-password', { email: to }, from(ip))
		const toOne = await times(6, index => forgot(email, `10.2.0.${index + 1}`))
		expect(toOne.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202, 202, 429])
		const fromOne = await times(31, index => forgot(`p${index}@example.com`, '10.0.0.8'))
		expect(fromOne.map(({ status }) => status).indexOf(429)).to.equal(30)
	})

	it('admit a person right after a password reset', async () => {
		const patient = await aPatient(desk)
		await times(11, () => guess(patient.email, '10.0.0.9'))
		await post(desk, '/auth/forgot-password', { email: patient.email }, from('10.0.0.9'))
		await desk.identity.stop()
		const password = 'a brand-new password'
		await post(desk, '/auth/reset-password', { token: desk.mails.at(-1)?.token, password }, from('10.0.0.9'))
		expect((await guess(patient.email, '10.0.0.9', password)).status).to.equal(200)
	})
})

describe('a server without sign-in limits', () => {
	const desk = useFrontDesk()

	it('compares every guess', async () => {
		const { email } = await aPatient(desk)
		const answers = await Promise.all(Array.from({ length: 12 }, () => signInAs(desk, { email, password: 'a wrong guess' })))
		expect(new Set(answers.map(refusalOf))).to.deep.equal(new Set(['401 invalid_credentials']))
	})
})
