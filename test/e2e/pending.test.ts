/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Page, WebSocketRoute } from 'playwright-core'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { aPatient } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

type Asked = { event: string; idempotencyKey: string | undefined }

/** The server carries out the first request of an event, and the page hears that the outcome is not known yet. */
const withholdFirstOutcome = async (page: Page, event: string): Promise<Asked[]> => {
	const asked: Asked[] = []
	let withheld: string | undefined
	const onAsked = (text: string) => {
		const [, id, json] = /^42(\d+)(\[.*)$/s.exec(text) ?? []
		if (!json) return
		const [name, payload] = JSON.parse(json) as [string, { idempotencyKey?: string }]
		if (name !== event) return
		asked.push({ event: name, idempotencyKey: payload.idempotencyKey })
		withheld ??= id
	}
	const answerOf = (text: string) => {
		if (!asked.length || !text.startsWith(`43${withheld}[`)) return text
		expect(text, 'what the server did').to.contain('"ok":true')
		const error = { code: 'booking_pending', message: 'The outcome is not known yet', retryAfterSeconds: 0.1 }
		const answer = `43${withheld}${JSON.stringify([{ ok: false, error }])}`
		withheld = 'none'
		return answer
	}
	await page.routeWebSocket(/socket\.io/, (route: WebSocketRoute) => {
		const server = route.connectToServer()
		route.onMessage(message => {
			onAsked(String(message))
			server.send(message)
		})
		server.onMessage(message => route.send(typeof message === 'string' ? answerOf(message) : message))
	})
	return asked
}

describe('a cancellation whose outcome is not known yet', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	/** A patient with one visit ahead. */
	const aVisitor = async () => {
		const patient = await aPatient(node)
		const { id: doctorId } = await doctorNamed(node, 'Lindner')
		const { body } = await call(node, 'GET', `/doctors/${doctorId}/slots?from=${dateAhead(7)}&to=${dateAhead(14)}`)
		const free = (body.slots as { id: string; state: string; startsAt: string }[]).find(({ state }) => state === 'free')
		const { id: slotId, startsAt } = free as { id: string; startsAt: string }
		const booked = await call(node, 'POST', '/appointments', { token: patient.token, key: randomUUID(), body: { slotId } })
		expect(booked.status).to.equal(201)
		return { ...patient, visitId: booked.body.id as string, slotId, date: startsAt.slice(0, 10) }
	}

	const expectOneAttempt = (asked: readonly Asked[]) => {
		expect(asked).to.have.length(2)
		expect(asked[0]?.idempotencyKey).to.be.a('string').with.length.above(8)
		expect(asked[1]).to.deep.equal(asked[0])
	}
	const statusOf = async (id: string) => (await node.db('appointments').where({ id }).first('status')).status

	it('is repeated by the patient’s page with the same key, and succeeds', async () => {
		const { email, password, visitId } = await aVisitor()
		const page = await browsing.visitor(phone)
		const asked = await withholdFirstOutcome(page, 'appointment:cancel')
		await signIn(page, node.url, email, { password, path: '/visits' })
		await page
			.getByRole('button', { name: /^Cancel: / })
			.first()
			.click()
		const dialog = page.getByRole('dialog')
		await dialog.getByRole('button', { name: 'Cancel appointment' }).click()
		await dialog.waitFor({ state: 'detached' })
		await waitFor(() => asked.length === 2, 'the page asks again')
		expectOneAttempt(asked)
		expect(await statusOf(visitId)).to.equal('cancelled')
	})

	it('is repeated by the desk with the same key, and succeeds', async () => {
		const { visitId, slotId, date } = await aVisitor()
		const page = await browsing.visitor({ ...desktop, viewport: { width: 1440, height: 900 } })
		const asked = await withholdFirstOutcome(page, 'appointment:cancel')
		await signIn(page, node.url, 'reception@clinic.example', { path: `/desk?date=${date}` })
		await page.locator(`[data-testid="desk-slot"][data-slot-id="${slotId}"]`).click()
		await page.getByTestId('desk-action-cancel').click()
		await page.getByTestId('desk-cancel-confirm').click()
		await waitFor(async () => (await page.getByTestId('desk-panel').count()) === 0, 'the panel closes')
		await page.getByTestId('desk-status-line').filter({ hasText: 'cancelled' }).waitFor()
		expectOneAttempt(asked)
		expect(await statusOf(visitId)).to.equal('cancelled')
	})
})
