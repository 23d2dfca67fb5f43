import { randomUUID } from 'node:crypto'
import { someSlots, soon } from '../support/calendar.ts'
import { type CallOptions, call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSocket, type Client, eavesdrop } from '../support/watcher.ts'
import type { Marks } from './marks.ts'

export type BusyClinic = Awaited<ReturnType<typeof aBusyClinic>>

/** A person or an anonymous client, with all that the server sent there, over sockets and in answers. */
export type Reader = { owner: string; person: Person | undefined; socket: Client; heard: string[] }

/** A clinic in which all personal details are marks, with patients, staff and the public doing everything the server offers. */
export async function aBusyClinic(node: TestNode, marks: Marks) {
	const doctorOf = (owner: string) => aDoctor(node, { fullName: `Dr. ${owner}`, email: marks.email(owner), phone: marks.phone(owner) })

	const doctors = [await doctorOf('doctor one'), await doctorOf('doctor two')]
	const slots = (await Promise.all(doctors.map(({ id }) => someSlots(node, id, { count: 8 })))).flat()
	const patients: Reader[] = []
	for (const owner of ['patient one', 'patient two', 'patient three']) patients.push(await reader(owner, await person(owner, aPatient)))
	const anonymous = [await reader('the public'), await reader('the public', undefined, ['polling'])]
	const desk = await reader('desk', await person('desk', aReceptionist))
	const admin = await reader('admin', await person('admin', anAdmin))
	const doctor = await reader('doctor one', doctors[0])
	const callers: { id: string; owner: string; name: string }[] = []
	for (const owner of ['caller one', 'caller two']) {
		const name = marks.word(owner, 'name')
		const body = { fullName: name, phone: marks.phone(owner), email: marks.email(owner), birthDate: marks.birthDate(owner) }
		const { body: caller } = await ask(desk, 'POST', '/patients', { body })
		callers.push({ id: caller.id, owner, name })
	}
	const known = [...callers, ...patients.map(({ owner, person: who }) => ({ id: who!.id, owner, name: who!.fullName }))]
	for (const { id, owner } of known) {
		const body = { notes: marks.word(owner, 'note'), tags: [marks.word(owner, 'tag')] }
		await ask(desk, 'PATCH', `/patients/${id}`, { body })
	}

	const { from, to } = soon()
	const watch = ({ socket }: Reader, { id: doctorId } = oneOf(doctors)) => socket.emitWithAck('calendar:watch', { doctorId, from, to })

	return {
		readers: [...patients, ...anonymous],
		staff: [desk, admin, doctor],
		/** Lets all act at once: each at least a number of times, and until the time is over. */
		async bustle(acts: number, ms: number) {
			for (const each of doctors) await Promise.all([...patients, ...anonymous, desk, admin, doctor].map(me => watch(me, each)))
			const until = Date.now() + ms

			async function keepAt(act: () => Promise<unknown>) {
				for (let done = 0; done < acts || Date.now() < until; done++) await act()
			}

			await Promise.all([
				...[...patients, ...patients].map(me => keepAt(() => patientDoes(me))),
				keepAt(staffDo),
				keepAt(staffDo),
				keepAt(publicDoes),
			])
		},
		/** Erases one patient while all others watch. */
		erasePatient: () => ask(patients[2]!, 'DELETE', '/me', { body: { password: patients[2]!.person!.password } }),
	}

	async function patientDoes(me: Reader) {
		const { socket, owner, person: who } = me
		const reason = marks.word(owner, 'reason')
		const booked = await appointments('booked')
		const own = booked.filter(({ patientId }) => patientId === who!.id)
		const any = oneOf(booked)
		await oneOf([
			() => watch(me),
			() => socket.emitWithAck('calendar:unwatch', { doctorId: oneOf(doctors).id }),
			() => socket.emitWithAck('slot:hold', { slotId: oneOf(slots) }),
			() => socket.emitWithAck('slot:release', { slotId: oneOf(slots) }),
			() => socket.emitWithAck('appointment:book', { slotId: oneOf(slots), reason, idempotencyKey: randomUUID() }),
			() => ask(me, 'POST', '/appointments', { body: { slotId: oneOf(slots), reason } }),
			() => own[0] && socket.emitWithAck('appointment:cancel', { appointmentId: own[0].id, reason }),
			() => own[0] && ask(me, 'POST', `/appointments/${own[0].id}/reschedule`, { body: { slotId: oneOf(slots) } }),
			// Asks for data of others: the server must refuse, and the refusal must not reveal anything.
			() => any && ask(me, 'GET', `/appointments/${any.id}`),
			() => any && socket.emitWithAck('appointment:cancel', { appointmentId: any.id, reason }),
			() => ask(me, 'GET', `/patients?q=${oneOf(known).name}`),
			() => ask(me, 'GET', `/patients/${oneOf(known).id}/export`),
			() => ask(me, 'POST', '/appointments', { body: { slotId: oneOf(slots), patientId: oneOf(known).id, reason } }),
			() => ask(me, 'GET', '/appointments'),
			() => ask(me, 'GET', '/me/export'),
			() => ask(me, 'PATCH', '/me', { body: { phone: marks.phone(owner) } }),
		])()
	}

	async function appointments(status: string) {
		const rows = await node.db('appointments').where({ status }).select('id', 'patient_id')
		return rows.map(({ id, patient_id }) => ({ id: String(id), patientId: String(patient_id) }))
	}

	async function ask({ person: who, heard }: Reader, method: string, path: string, options: CallOptions = {}) {
		const answer = await call(node, method, path, { ...(who && { token: who.token }), ...options })
		heard.push(JSON.stringify([answer.body ?? null, [...answer.headers]]))
		return answer
	}

	/** Asks the door for other programs, which shows strangers calendars only. */
	async function askFhir({ heard }: Reader, path: string) {
		const answer = await fetch(`${node.url}/fhir/R4${path}`)
		heard.push(JSON.stringify([await answer.text(), [...answer.headers]]))
	}

	async function staffDo() {
		const target = oneOf(known)
		const reason = marks.word(target.owner, 'reason')
		const ownerOf = (patientId: string) => known.find(({ id }) => id === patientId)!.owner
		const [booked, arrived] = [oneOf(await appointments('booked')), oneOf(await appointments('checked_in'))]
		const at = new Date(Date.now() + 86_400_000 * (2 + Math.random() * 2))
		const span = {
			startsAt: at.toISOString(),
			endsAt: new Date(at.getTime() + 60_000).toISOString(),
			reason: marks.word('doctor one', 'off'),
		}
		await oneOf([
			() => watch(desk),
			() => watch(doctor),
			() => ask(desk, 'GET', `/patients?q=${target.name}`),
			() => ask(desk, 'POST', `/slots/${oneOf(slots)}/hold`, { body: {} }),
			() => ask(desk, 'POST', '/appointments', { body: { slotId: oneOf(slots), patientId: target.id, reason } }),
			() =>
				booked &&
				ask(desk, 'POST', `/appointments/${booked.id}/cancel`, { body: { reason: marks.word(ownerOf(booked.patientId), 'why') } }),
			() => booked && ask(desk, 'POST', `/appointments/${booked.id}/status`, { body: { status: 'checked_in' } }),
			() => arrived && ask(desk, 'POST', `/appointments/${arrived.id}/status`, { body: { status: 'booked' } }),
			() => booked && ask(admin, 'GET', `/appointments/${booked.id}/notifications`),
			() => ask(admin, 'GET', `/admin/users?q=${target.name}`),
			() => ask(doctor, 'POST', `/doctors/${doctors[0]!.id}/time-off`, { body: span }),
		])()
	}

	async function publicDoes() {
		const visitor = oneOf(anonymous)
		// Guesses passwords from another address, because the limits then refuse that address and the guessed accounts.
		const guessedAt = oneOf(patients.slice(0, 2)).person!
		const headers = { 'x-forwarded-for': '203.0.113.9' }
		const registered = oneOf(patients).person!
		await oneOf([
			() => watch(visitor),
			() => ask(visitor, 'GET', `/doctors/${oneOf(doctors).id}/slots?from=${from}&to=${to}`),
			() => ask(visitor, 'GET', '/doctors'),
			() => askFhir(visitor, `/Slot?schedule=${oneOf(doctors).id}&_include=*`),
			() => askFhir(visitor, `/Slot/${oneOf(slots)}`),
			() => askFhir(visitor, `/Appointment?patient=${oneOf(known).id}`),
			() => askFhir(visitor, `/Patient/${oneOf(known).id}`),
			() => askFhir(visitor, '/bulk/Slot.ndjson'),
			() => ask(visitor, 'GET', `/doctors/${doctors[0]!.id}/schedule`),
			() => ask(visitor, 'POST', '/auth/login', { headers, body: { email: guessedAt.email, password: 'a guess of mine' } }),
			() =>
				ask(visitor, 'POST', '/auth/register', { body: { email: registered.email, password: 'long enough it is', fullName: 'Some Body' } }),
			() => ask(visitor, 'POST', '/auth/forgot-password', { body: { email: registered.email } }),
			() => visitor.socket.emitWithAck('slot:hold', { slotId: oneOf(slots) }),
		])()
	}

	async function reader(owner: string, who?: Person, transports?: string[]): Promise<Reader> {
		const socket = await aSocket(node, who?.token, transports)
		return { owner, person: who, socket, heard: eavesdrop(socket) }
	}

	async function person(owner: string, make: typeof aPatient) {
		return make(node, { fullName: marks.word(owner, 'name'), email: marks.email(owner), phone: marks.phone(owner) })
	}
}

const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
