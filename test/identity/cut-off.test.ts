import { once } from 'node:events'
import { expect } from 'chai'
import { io, type Socket } from 'socket.io-client'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, aPatient } from '../support/people.ts'

describe('a disabled account', () => {
	const node = useNode()
	const opened: Socket[] = []
	afterEach(() => {
		for (const socket of opened.splice(0)) socket.disconnect()
	})

	const connect = (token: string): Socket => {
		const socket = io(node.url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true })
		opened.push(socket)
		return socket
	}

	it('loses its sockets at once and cannot open new ones', async () => {
		const [admin, patient, bystander] = await Promise.all([anAdmin(node), aPatient(node), aPatient(node)])
		const [socket, other] = [connect(patient.token), connect(bystander.token)]
		await Promise.all([once(socket as never, 'connect'), once(other as never, 'connect')])
		const lost = once(socket as never, 'disconnect')
		await call(node, 'PATCH', `/admin/users/${patient.id}`, { token: admin.token, body: { status: 'disabled' } })
		await lost
		expect(other.connected).to.equal(true)
		const [error] = await once(connect(patient.token) as never, 'connect_error')
		expect(error.data).to.deep.equal({ code: 'account_disabled' })
	})
})
