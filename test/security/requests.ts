import { randomBytes, randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { digestSecret } from '../../server/identity/secrets.ts'
import { createLinkTokens } from '../../server/reminders/links.ts'
import { aPng } from '../clinic/a-picture.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { aDoctor, aPatient, aSession } from '../support/people.ts'
import type { Caller, People } from './callers.ts'

/** The things that requests refer to: they belong to the patient, in the doctor's calendar. */
export const createScene = (node: TestNode, people: People, slots: string[]) => {
	const { receptionist, patient } = people
	let lastHeld: string | undefined
	let shown: Promise<string> | undefined

	/** A free slot of the doctor that no other request uses. */
	const aSlot = () => slots.pop() as string
	/** A fresh appointment of the patient with the doctor. */
	const anAppointment = async (): Promise<string> => {
		const body = { slotId: aSlot(), patientId: patient.id }
		return (await call(node, 'POST', '/appointments', { token: receptionist.token, body })).body.id
	}
	return {
		node,
		people,
		aSlot,
		anAppointment,
		/** An appointment that no request changes. */
		theAppointment: () => (shown ??= anAppointment()),
		/** A slot that the patient holds. Releases the previous one first, because holds are limited. */
		async aHeldSlot(): Promise<string> {
			const { token } = patient
			if (lastHeld) await call(node, 'DELETE', `/slots/${lastHeld}/hold`, { token })
			lastHeld = aSlot()
			await call(node, 'POST', `/slots/${lastHeld}/hold`, { token, body: {} })
			return lastHeld
		},
	}
}
export type Scene = ReturnType<typeof createScene>

export type Request = {
	params?: Record<string, string>
	query?: Record<string, string>
	body?: unknown
	headers?: Record<string, string>
	/** Replaces the address of the row. */
	path?: string
}

const hours = {
	timeZone: 'UTC',
	slotMinutes: 30,
	weekly: [1, 2, 3, 4, 5, 6, 7].map(weekday => ({ weekday, start: '00:00', end: '24:00' })),
}
const farClosure = { from: '2095-05-01', to: '2095-05-01', name: 'Closed' }

const aProgram = async ({ node, people }: Scene): Promise<string> => {
	const body = { name: 'Website', scopes: ['calendar:read'] }
	return (await call(node, 'POST', '/admin/api-clients', { token: people.admin.token, body })).body.id
}

const aWebhook = async ({ node, people }: Scene): Promise<string> => {
	await node.db('webhook_endpoints').delete()
	const body = { url: 'https://93.184.215.14/hook', events: ['appointment.*'] }
	return (await call(node, 'POST', '/admin/webhooks', { token: people.admin.token, body })).body.id
}

const ofDelivery = async (scene: Scene) => {
	const id = await aWebhook(scene)
	const row = { endpoint_id: id, event: 'patient.created', subject: 'patient:1', payload: {}, status: 'failed' }
	return { params: { id, deliveryId: String((await scene.node.db('webhook_deliveries').insert(row).returning('id'))[0].id) } }
}

const ofClosure = async ({ node }: Scene) => {
	const row = { first_day: farClosure.from, last_day: farClosure.to, name: farClosure.name }
	return { params: { id: String((await node.db('closures').insert(row).returning('id'))[0].id) } }
}

/** A plan for a year of its own, in which nothing is booked. */
let farYear = 2100
const aFarPlan = async ({ node }: Scene) => {
	const site = await node.db('sites').whereNull('archived_at').first('id')
	const year = farYear++
	return { siteId: String(site.id), slotMinutes: 30, weekly: hours.weekly, validFrom: `${year}-01-01`, validUntil: `${year}-12-31` }
}
const ofPlan = async (scene: Scene) => {
	const { doctor, admin } = scene.people
	await scene.node.db('schedule_plans').where('doctor_id', doctor.id).where('valid_from', '>=', '2100-01-01').delete()
	const aPlan = await call(scene.node, 'POST', `/doctors/${doctor.id}/plans`, { token: admin.token, body: await aFarPlan(scene) })
	return { params: { id: doctor.id, planId: aPlan.body.id } }
}

/** A day of its own hours, beyond all slots. */
const ofFarDay = async ({ node, people }: Scene) => {
	const date = new Date(Date.now() + 500 * 86_400_000).toISOString().slice(0, 10)
	const row = { doctor_id: people.doctor.id, day: date, ranges: '[]', slot_minutes: 30, site_id: node.db('sites').min('id') }
	await node.db('dated_hours').insert(row).onConflict().ignore()
	return { params: { id: people.doctor.id, date } }
}

const farOff = { startsAt: '2095-05-01T00:00:00Z', endsAt: '2095-05-02T00:00:00Z' }
const subscription = { endpoint: 'https://push.example/device', keys: { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) } }
const newAccount = () => ({ email: `${randomUUID()}@example.com`, password: 'long enough for this', fullName: 'Somebody New' })

const booksForOthers = (caller: Caller) => caller !== 'patient' && caller !== 'other patient'

/** A minute of its own, beyond all slots. */
let minutesBeyond = 300 * 1440
const anyMinute = () => new Date(Date.now() + minutesBeyond++ * 60_000).toISOString()
/** A hold without an account. Releases the one before first, also when the patient claimed it, because holds are few. */
let lastGuest: { slotId: string; guestToken: string } | undefined
const aGuestHold = async ({ node, people, aSlot }: Scene): Promise<string> => {
	if (lastGuest) {
		await call(node, 'DELETE', '/guest-holds', { body: lastGuest })
		await call(node, 'DELETE', `/slots/${lastGuest.slotId}/hold`, { token: people.patient.token })
	}
	const slotId = aSlot()
	const { body } = await call(node, 'POST', '/guest-holds', { body: { slotId } })
	lastGuest = { slotId, guestToken: body.guestToken }
	return lastGuest.guestToken
}
const ofDoctor = ({ people }: Scene) => ({ params: { id: people.doctor.id } })
const ofPatient = ({ people }: Scene) => ({ params: { id: people.patient.id } })
const ofAppointment = async (scene: Scene) => ({ params: { id: await scene.anAppointment() } })
const ofShown = async (scene: Scene) => ({ params: { id: await scene.theAppointment() } })

const aTimeOff = async ({ node, people }: Scene): Promise<string> => {
	const row = { doctor_id: people.doctor.id, starts_at: farOff.startsAt, ends_at: farOff.endsAt }
	return String((await node.db('time_off').insert(row).returning('id'))[0].id)
}

const aRecall = async ({ node, people }: Scene): Promise<string> => {
	const row = { patient_id: people.patient.id, due_on: '2095-05-01', created_by: people.doctor.id }
	return String((await node.db('recalls').insert(row).returning('id'))[0].id)
}

const aFailedMessage = async (scene: Scene): Promise<string> => {
	const row = { appointment_id: await scene.anAppointment(), appointment_sequence: 0, channel: 'sms', lead_minutes: 7, due_at: new Date() }
	const [{ id }] = await scene.node
		.db('notification_queue')
		.insert({ ...row, status: 'failed', attempts: 5, settled_at: new Date() })
		.returning('id')
	return String(id)
}

const aLink = async (scene: Scene): Promise<string> => {
	const grant = { may: 'act on visit', appointmentId: await scene.theAppointment(), patientId: scene.people.patient.id } as const
	return createLinkTokens(scene.node.config.jwtSecret).make(grant, Date.now() + 3_600_000)
}

const linkTo = ({ node, people }: Scene, appointmentId: string): string =>
	createLinkTokens(node.config.jwtSecret).make({ may: 'act on visit', appointmentId, patientId: people.patient.id }, Date.now() + 3_600_000)

const theTypeId = async ({ node }: Scene): Promise<string> =>
	String((await node.db('appointment_types').orderBy('position').first('id')).id)
const anEntryWish = { from: '2095-01-01', until: '2095-12-31', noticeMinutes: 60 }

/** A fresh entry of the patient, who leaves the line with the others. */
const anEntry = async (scene: Scene): Promise<string> => {
	const { node, people } = scene
	await node.db('waitlist_entries').where({ patient_id: people.patient.id }).update({ status: 'left' })
	const body = { typeId: await theTypeId(scene), patientId: people.patient.id, ...anEntryWish }
	return (await call(node, 'POST', '/waitlist', { token: people.receptionist.token, body })).body.id
}

const endOffers = async ({ node, people }: Scene): Promise<void> => {
	const open = await node.db('slot_offers').where({ patient_id: people.patient.id }).whereIn('status', ['sending', 'open']).pluck('id')
	for (const id of open) await call(node, 'POST', `/offers/${id}/withdraw`, { token: people.receptionist.token })
}

/** A fresh open offer for the patient: one at a time is allowed. */
const anOffer = async (scene: Scene): Promise<string> => {
	await endOffers(scene)
	const body = { slotId: scene.aSlot(), patientId: scene.people.patient.id }
	return (await call(scene.node, 'POST', '/offers', { token: scene.people.receptionist.token, body })).body.id
}

const tokenOf = ({ node, people }: Scene, offerId: string): string =>
	createLinkTokens(node.config.jwtSecret).makeForOffer({ offerId, patientId: people.patient.id }, Date.now() + 3_600_000)
const offerLink = async (scene: Scene): Promise<string> => tokenOf(scene, await anOffer(scene))
const forged = (token: string): string => token.replace(/.$/, last => (last === '0' ? '1' : '0'))

const anAbsence = async ({ node, people }: Scene): Promise<string> =>
	(await call(node, 'POST', `/doctors/${people.doctor.id}/absences`, { token: people.receptionist.token, body: farOff })).body.id

let soonMinutes = 0
/** An appointment that may be checked in. It lasts a minute of its own. */
const soonToBegin = async (scene: Scene): Promise<string> => {
	const id = await scene.anAppointment()
	const startsAt = new Date(Math.ceil(Date.now() / 60_000 + ++soonMinutes) * 60_000)
	const times = { starts_at: startsAt, ends_at: new Date(startsAt.getTime() + 60_000), slot_starts: [startsAt] }
	await scene.node.db('appointments').where({ id }).update(times)
	return id
}

/** An appointment whose patient waits. */
const arrived = async (scene: Scene, times: Record<string, Date> = {}): Promise<string> => {
	const id = await scene.anAppointment()
	await scene.node.db('appointments').where({ id }).update({ status: 'checked_in' })
	await scene.node
		.db('visit_times')
		.where({ appointment_id: id })
		.update({ room: null, ...times })
	return id
}

const aScreen = async ({ node, people }: Scene): Promise<{ id: string; code: string }> => {
	const siteId = String((await node.db('sites').first('id')).id)
	return (await call(node, 'POST', '/screens', { token: people.admin.token, body: { siteId, kind: 'wall' } })).body
}

/** Another session of the patient. */
const anotherSession = async ({ node, people }: Scene) => {
	const token = await aSession(node, { id: people.patient.id, role: 'patient' })
	return { params: { id: (jwt.decode(token) as { sid: string }).sid } }
}

/** Patients and colleagues whose accounts a request may disable or erase. */
const aPatientOnly = async ({ node }: Scene) => {
	const [{ id }] = await node.db('patients').insert({ full_name: 'A Caller', phone: '+49 30 7654321' }).returning('id')
	return { params: { id: String(id) } }
}
const aMergedPatient = async (scene: Scene) => {
	const [kept, other] = [await aPatientOnly(scene), await aPatientOnly(scene)]
	const body = { otherId: other.params.id }
	await call(scene.node, 'POST', `/patients/${kept.params.id}/merge`, { token: scene.people.receptionist.token, body })
	return kept
}
const aFreshPatient = async ({ node }: Scene) => ({ params: { id: (await aPatient(node)).id } })
const aGuardedColleague = async ({ node }: Scene) => {
	const { id } = await aDoctor(node)
	await node.db('second_factors').insert({ user_id: id, secret: randomBytes(48), confirmed_at: new Date() })
	return { params: { id } }
}

const withPassword = ({ people }: Scene) => ({ body: { currentPassword: people.patient.password } })
const withWrongCode = ({ people }: Scene) => ({ body: { currentPassword: people.patient.password, code: 'aaaa-bbbb' } })

const fromElsewhere = { headers: { origin: 'https://evil.example', cookie: 'refresh_token=whatever' } }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const theType = async ({ node }: Scene): Promise<string> => String((await node.db('appointment_types').orderBy('position').first('id')).id)

const aTimeAtAny = async (scene: Scene) => {
	const [doctorId, minute] = scene.aSlot().split('-')
	return { typeId: await theType(scene), startsAt: new Date(Number(minute) * 60_000).toISOString(), anyOf: { doctorIds: [doctorId] } }
}

type Ask = (scene: Scene, caller: Caller) => Request | Promise<Request>

/** Valid requests, so that only the caller can be the reason of a refusal. Leaves out calls that need no parameters. */
export const requests: Record<string, Ask> = {
	'GET /metrics#with-its-token': ({ node }) => ({ headers: { authorization: `Bearer ${node.config.metricsToken}` } }),
	'ALL /docs/assets/…': () => ({ path: '/docs/assets/swagger-ui.css' }),
	'GET /{*path}': () => ({ path: '/', headers: { accept: 'text/html' } }),
	'ALL /assets/…': () => ({ path: '/assets/nothing.js' }),
	'ALL /api/v1/…': () => ({ path: '/api/v1/nothing' }),
	'GET /n/:token': async scene => ({ params: { token: await aLink(scene) } }),
	'GET /n/:token#forged': async scene => ({ params: { token: (await aLink(scene)).replace(/.$/, last => (last === '0' ? '1' : '0')) } }),
	'POST /n/:token': async scene => ({ params: { token: await aLink(scene) }, body: 'act=confirm', headers: form }),
	'POST /n/:token#forged': async () => ({
		params: { token: 'v.1.1.zzzzzz.00000000000000000000000000000000' },
		body: 'act=cancel',
		headers: form,
	}),
	'GET /dev/outbox/:id': () => ({ params: { id: '000000000-0000-1' } }),

	'POST /api/v1/auth/register': () => ({ body: newAccount() }),
	'POST /api/v1/auth/login': ({ people }) => ({ body: { email: people.otherPatient.email, password: people.otherPatient.password } }),
	'POST /api/v1/auth/login#wrong-password': ({ people }) => ({ body: { email: people.otherPatient.email, password: 'not the password' } }),
	'POST /api/v1/auth/refresh#from-another-site': () => fromElsewhere,
	'POST /api/v1/auth/logout#from-another-site': () => fromElsewhere,
	'POST /api/v1/auth/forgot-password': () => ({ body: { email: 'nobody@example.com' } }),
	'POST /api/v1/auth/reset-password': () => ({ body: { token: 'made up', password: 'long enough for this' } }),

	'POST /api/v1/auth/second-factor': () => ({ body: { challenge: 'made up', code: '123456' } }),
	'DELETE /api/v1/me#wrong-password': () => ({ body: { password: 'not the password' } }),
	'POST /api/v1/me/second-factor': withPassword,
	'POST /api/v1/me/second-factor/confirm#wrong': withWrongCode,
	'POST /api/v1/me/second-factor/recovery-codes#wrong': withWrongCode,
	'POST /api/v1/me/second-factor/disable#wrong': withWrongCode,
	'DELETE /api/v1/me/sessions/:id': anotherSession,
	'PATCH /api/v1/me': () => ({ body: { phone: null } }),
	'POST /api/v1/me/push-subscriptions': () => ({ body: subscription }),
	'DELETE /api/v1/me/push-subscriptions': () => ({ body: { endpoint: subscription.endpoint } }),
	'PATCH /api/v1/me/notifications': () => ({ body: { language: 'en' } }),

	'POST /api/v1/auth/code': () => ({ body: { email: 'nobody@example.com' } }),
	'POST /api/v1/auth/code/verify#wrong': () => ({ body: { email: 'nobody@example.com', code: '123456' } }),
	'POST /api/v1/admin/api-clients': () => ({ body: { name: 'Website', scopes: ['calendar:read'] } }),
	'POST /api/v1/admin/api-clients/:id/rotate': async scene => ({ params: { id: await aProgram(scene) }, body: {} }),
	'DELETE /api/v1/admin/api-clients/:id': async scene => ({ params: { id: await aProgram(scene) } }),
	'GET /calendars/:token.ics': async ({ node }) => {
		const { id } = await aPatient(node)
		const token = randomUUID()
		await node.db('calendar_links').insert({ user_id: id, token_hash: digestSecret(token), names: true })
		return { path: `/calendars/${token}.ics` }
	},
	'GET /calendars/:token.ics#forged': () => ({ path: `/calendars/${randomUUID()}.ics` }),
	'PUT /api/v1/admin/embed': () => ({ body: { origins: ['https://www.clinic.example'] } }),
	'POST /api/v1/admin/webhooks': async scene => {
		await aWebhook(scene)
		return { body: { url: 'https://93.184.215.14/hook', events: ['appointment.booked'] } }
	},
	'PATCH /api/v1/admin/webhooks/:id': async scene => ({ params: { id: await aWebhook(scene) }, body: { enabled: false } }),
	'POST /api/v1/admin/webhooks/:id/rotate': async scene => ({ params: { id: await aWebhook(scene) }, body: {} }),
	'DELETE /api/v1/admin/webhooks/:id': async scene => ({ params: { id: await aWebhook(scene) } }),
	'GET /api/v1/admin/webhooks/:id/deliveries': async scene => ({ params: { id: await aWebhook(scene) } }),
	'POST /api/v1/admin/webhooks/:id/deliveries/:deliveryId/replay': ofDelivery,
	'POST /api/v1/auth/first-admin': () => ({ body: { ...newAccount(), token: 'made up' } }),

	'PATCH /api/v1/clinic': () => ({ body: { locale: 'en' } }),
	'GET /api/v1/clinic/logo': async ({ node }) => {
		await node.db('clinic').update({ logo: aPng(), logo_type: 'image/png', logo_version: 'x' })
		return {}
	},
	'PUT /api/v1/clinic/logo': () => ({ body: aPng() }),
	'POST /api/v1/sites': () => ({ body: { name: 'A site', timeZone: 'UTC' } }),
	'PATCH /api/v1/sites/:id': async ({ node }) => ({
		params: { id: String((await node.db('sites').first('id')).id) },
		body: { directions: 'Third floor' },
	}),
	'POST /api/v1/appointment-types': () => ({ body: { name: randomUUID(), minutes: 15 } }),
	'PATCH /api/v1/appointment-types/:id': async ({ node }) => ({
		params: { id: String((await node.db('appointment_types').first('id')).id) },
		body: { description: 'To talk' },
	}),
	'PATCH /api/v1/doctors/:id': scene => ({ ...ofDoctor(scene), body: { bio: 'Hearts since 1999' } }),
	'PATCH /api/v1/doctors/:id#specialty': scene => ({ ...ofDoctor(scene), body: { specialty: 'Cardiology' } }),
	'GET /api/v1/doctors/:id/photo': async scene => {
		const { node, people } = scene
		await node.db('doctors').where({ id: people.doctor.id }).update({ photo: aPng(), photo_type: 'image/png', photo_version: 'x' })
		return ofDoctor(scene)
	},
	'PUT /api/v1/doctors/:id/photo': scene => ({ ...ofDoctor(scene), body: aPng() }),
	'DELETE /api/v1/doctors/:id/photo': ofDoctor,
	'POST /api/v1/admin/invitations': () => ({ body: { email: `${randomUUID()}@example.com`, fullName: 'Somebody New', role: 'doctor' } }),

	'GET /api/v1/doctors/:id': ofDoctor,
	'GET /api/v1/availability': async scene => ({ query: { typeId: await theType(scene), from: '2095-01-01', to: '2095-01-02' } }),
	'GET /api/v1/next-free': ({ people }) => ({ query: { doctorIds: people.doctor.id } }),
	'GET /api/v1/doctors/:id/slots': scene => ({ ...ofDoctor(scene), query: soon() }),
	'GET /api/v1/doctors/:id/schedule': ofDoctor,
	'PUT /api/v1/doctors/:id/schedule': scene => ({ ...ofDoctor(scene), body: hours }),
	'POST /api/v1/doctors/:id/schedule/preview': scene => ({ ...ofDoctor(scene), body: { ...hours, days: 1 } }),
	'GET /api/v1/doctors/:id/plans': ofDoctor,
	'POST /api/v1/doctors/:id/plans': async scene => ({ ...ofDoctor(scene), body: await aFarPlan(scene) }),
	'POST /api/v1/doctors/:id/plans/preview': async scene => ({ ...ofDoctor(scene), body: await aFarPlan(scene) }),
	'PATCH /api/v1/doctors/:id/plans/:planId': async scene => ({ ...(await ofPlan(scene)), body: { slotMinutes: 20 } }),
	'POST /api/v1/doctors/:id/plans/:planId/preview': async scene => ({ ...(await ofPlan(scene)), body: { remove: true } }),
	'DELETE /api/v1/doctors/:id/plans/:planId': ofPlan,
	'GET /api/v1/doctors/:id/hours': scene => ({ ...ofDoctor(scene), query: soon() }),
	'PUT /api/v1/doctors/:id/hours/:date': async scene => ({ ...(await ofFarDay(scene)), body: { ranges: [] } }),
	'POST /api/v1/doctors/:id/hours/:date/preview': async scene => ({ ...(await ofFarDay(scene)), body: { ranges: null } }),
	'DELETE /api/v1/doctors/:id/hours/:date': ofFarDay,
	'POST /api/v1/closures': () => ({ body: farClosure }),
	'POST /api/v1/closures/preview': () => ({ body: farClosure }),
	'GET /api/v1/closures/holidays': () => ({ query: { country: 'DE', year: '2095' } }),
	'POST /api/v1/closures/:id/preview': ofClosure,
	'DELETE /api/v1/closures/:id': ofClosure,
	'GET /api/v1/doctors/:id/time-off': ofDoctor,
	'POST /api/v1/doctors/:id/time-off': scene => ({ ...ofDoctor(scene), body: farOff }),
	'POST /api/v1/doctors/:id/time-off/preview': scene => ({ ...ofDoctor(scene), body: farOff }),
	'DELETE /api/v1/doctors/:id/time-off/:timeOffId': async scene => ({
		params: { id: scene.people.doctor.id, timeOffId: await aTimeOff(scene) },
	}),
	'POST /api/v1/doctors/:id/slots/generate': scene => ({ ...ofDoctor(scene), body: { days: 1 } }),

	'POST /api/v1/holds': async scene => ({ body: await aTimeAtAny(scene) }),
	'POST /api/v1/slots/:id/hold': scene => ({ params: { id: scene.aSlot() }, body: {} }),
	'POST /api/v1/guest-holds': async ({ node }) => ({
		body: { slotId: (await someSlots(node, (await aDoctor(node)).id, { count: 1 }))[0] },
	}),
	'DELETE /api/v1/guest-holds': async scene => ({ body: { guestToken: await aGuestHold(scene) } }),
	'DELETE /api/v1/guest-holds#forged': () => ({ body: { guestToken: 'forged.forged' } }),
	'POST /api/v1/me/claim-hold': async scene => ({ body: { guestToken: await aGuestHold(scene) } }),
	'POST /api/v1/me/claim-hold#forged': () => ({ body: { guestToken: 'forged.forged' } }),
	'DELETE /api/v1/slots/:id/hold': async scene => ({ params: { id: await scene.aHeldSlot() } }),

	'POST /api/v1/appointments': (scene, caller) => ({
		body: { slotId: scene.aSlot(), ...(booksForOthers(caller) && { patientId: scene.people.patient.id }) },
	}),
	'POST /api/v1/appointments#extra': ({ people }) => ({
		body: { doctorId: people.doctor.id, startsAt: anyMinute(), minutes: 1, patientId: people.patient.id, extra: { reason: 'In pain' } },
	}),
	'POST /api/v1/appointments#for-the-patient': scene => ({ body: { slotId: scene.aSlot(), patientId: scene.people.patient.id } }),
	'GET /api/v1/appointments#of-the-patient': ({ people }) => ({ query: { patientId: people.patient.id } }),
	'GET /api/v1/appointments#of-the-doctor': ({ people }) => ({ query: { doctorId: people.doctor.id } }),
	'GET /api/v1/appointments/:id': ofShown,
	'GET /api/v1/appointments/:id/calendar.ics': ofShown,
	'POST /api/v1/appointments/:id/cancel': async scene => ({ ...(await ofAppointment(scene)), body: {} }),
	'POST /api/v1/appointments/:id/reschedule': async scene => ({ ...(await ofAppointment(scene)), body: { slotId: scene.aSlot() } }),
	'POST /api/v1/appointments/:id/status': async scene => ({ ...(await ofAppointment(scene)), body: { status: 'checked_in' } }),
	'GET /o/:token': async scene => ({ params: { token: await offerLink(scene) } }),
	'GET /o/:token#forged': async scene => ({ params: { token: forged(await offerLink(scene)) } }),
	'POST /o/:token': async scene => ({ params: { token: await offerLink(scene) }, body: 'act=decline', headers: form }),
	'POST /o/:token#forged': async scene => ({ params: { token: forged(await offerLink(scene)) }, body: 'act=accept', headers: form }),
	'POST /api/v1/waitlist': async scene => ({
		body: { typeId: await theTypeId(scene), patientId: scene.people.patient.id, ...anEntryWish },
	}),
	'PATCH /api/v1/waitlist/:id': async scene => ({ params: { id: await anEntry(scene) }, body: { noticeMinutes: 30 } }),
	'DELETE /api/v1/waitlist/:id': async scene => ({ params: { id: await anEntry(scene) } }),
	'POST /api/v1/offers': async scene => {
		await endOffers(scene)
		return { body: { slotId: scene.aSlot(), patientId: scene.people.patient.id } }
	},
	'GET /api/v1/offers/:id': async scene => ({ params: { id: await anOffer(scene) } }),
	'POST /api/v1/offers/:id/accept': async scene => ({ params: { id: await anOffer(scene) }, body: {} }),
	'POST /api/v1/offers/:id/accept#by-link': async scene => {
		const id = await anOffer(scene)
		return { params: { id }, body: { link: tokenOf(scene, id) } }
	},
	'POST /api/v1/offers/:id/decline': async scene => ({ params: { id: await anOffer(scene) }, body: {} }),
	'POST /api/v1/offers/:id/withdraw': async scene => ({ params: { id: await anOffer(scene) } }),
	'POST /api/v1/doctors/:id/absences/preview': scene => ({ ...ofDoctor(scene), body: farOff }),
	'POST /api/v1/doctors/:id/absences': scene => ({ ...ofDoctor(scene), body: farOff }),
	'GET /api/v1/rebookings/:id': async scene => ({ params: { id: await anAbsence(scene) } }),
	'POST /api/v1/rebookings/:id/undo': async scene => ({ params: { id: await anAbsence(scene) } }),
	'POST /api/v1/walk-ins': async ({ node, people }) => {
		const patient = await aPatient(node)
		return { body: { doctorId: people.doctor.id, patientId: patient.id } }
	},
	'POST /api/v1/appointments/:id/check-in': async scene => ({ ...(await ofAppointment(scene)), body: {} }),
	'POST /api/v1/appointments/:id/check-in#by-link': async scene => {
		const id = await soonToBegin(scene)
		return { params: { id }, body: { link: linkTo(scene, id) } }
	},
	'POST /api/v1/appointments/:id/call': async scene => ({ params: { id: await arrived(scene) }, body: { room: '1' } }),
	'POST /api/v1/appointments/:id/step-out': async scene => ({ params: { id: await arrived(scene) } }),
	'POST /api/v1/appointments/:id/step-in': async scene => ({ params: { id: await arrived(scene, { stepped_out_at: new Date() }) } }),
	'GET /api/v1/waiting-room': ({ people }) => ({ query: { doctorId: people.doctor.id } }),
	'POST /api/v1/visit-links': async scene => ({ body: { link: linkTo(scene, await scene.theAppointment()) } }),
	'POST /api/v1/screens': async ({ node }) => ({ body: { siteId: String((await node.db('sites').first('id')).id), kind: 'wall' } }),
	'DELETE /api/v1/screens/:id': async scene => ({ params: { id: (await aScreen(scene)).id } }),
	'POST /api/v1/screens/pair': async scene => ({ body: { code: (await aScreen(scene)).code } }),
	'POST /api/v1/screens/pair#wrong': () => ({ body: { code: '2222-2222' } }),
	'POST /api/v1/screens/check-in#wrong': () => ({ body: { token: 'made up', birthDate: '1980-01-01', name: 'Any' } }),
	'POST /api/v1/appointments/:id/undo': ofAppointment,
	'GET /api/v1/appointments/:id/history': ofShown,
	'GET /api/v1/slots/:id/history': scene => ({ params: { id: scene.aSlot() } }),
	'GET /api/v1/day-list': () => ({ query: { date: soon().to } }),
	'GET /api/v1/day-list#of-the-doctor': ({ people }) => ({ query: { date: soon().to, doctorId: people.doctor.id } }),
	'POST /api/v1/list-messages/preview': async scene => ({ body: { appointmentIds: [await scene.theAppointment()] } }),
	'POST /api/v1/list-messages': async scene => ({
		body: { appointmentIds: [await scene.theAppointment()], text: 'Please use the side door.' },
	}),
	'GET /api/v1/vanished-visits': () => ({ query: { date: soon().to } }),
	'GET /api/v1/vanished-visits#of-the-doctor': ({ people }) => ({ query: { date: soon().to, doctorId: people.doctor.id } }),
	'GET /api/v1/appointments/:id/notifications': ofShown,
	'POST /api/v1/notifications/:id/retry': async scene => ({ params: { id: await aFailedMessage(scene) } }),

	'POST /api/v1/patients': () => ({ body: { fullName: 'A Caller', phone: '+49 30 7654321' } }),
	'GET /api/v1/patients/:id': ofPatient,
	'PATCH /api/v1/patients/:id': scene => ({ ...ofPatient(scene), body: { birthDate: '1990-01-01' } }),
	'POST /api/v1/patients/duplicates': () => ({ body: { fullName: 'A Caller', phone: '+49 30 7654321' } }),
	'GET /api/v1/patients/:id/changes': ofPatient,
	'POST /api/v1/patients/:id/merge': async scene => {
		const [{ params }, other] = [await aPatientOnly(scene), await aPatientOnly(scene)]
		return { params, body: { otherId: other.params.id } }
	},
	'POST /api/v1/patients/:id/merge/undo': aMergedPatient,
	'GET /api/v1/doctors/:id/changes': ofDoctor,
	'GET /api/v1/doctors/:id/patients/:patientId': async scene => {
		await scene.theAppointment()
		return { params: { id: scene.people.doctor.id, patientId: scene.people.patient.id } }
	},
	'POST /api/v1/recalls': ({ people }) => ({ body: { patientId: people.patient.id, dueOn: '2095-05-01' } }),
	'PATCH /api/v1/recalls/:id': async scene => ({ params: { id: await aRecall(scene) }, body: { status: 'dropped' } }),
	'GET /api/v1/patients/:id/notifications': ofPatient,
	'GET /api/v1/patients/:id/export': ofPatient,
	'GET /api/v1/patients/:id/export#without-an-account': aPatientOnly,
	'DELETE /api/v1/patients/:id': aFreshPatient,
	'DELETE /api/v1/patients/:id#without-an-account': aPatientOnly,
	'PATCH /api/v1/patients/:id/notifications': scene => ({ ...ofPatient(scene), body: { language: 'en' } }),

	'GET /fhir/R4/:type': () => ({ params: { type: 'Slot' } }),
	'GET /fhir/R4/:type#personal': () => ({ params: { type: 'Appointment' } }),
	'POST /fhir/R4/:type': () => ({ params: { type: 'Patient' }, body: { resourceType: 'Patient' } }),
	'POST /fhir/R4/:type/_search': () => ({ params: { type: 'Practitioner' } }),
	'POST /fhir/R4/:type/_search#personal': () => ({ params: { type: 'Patient' } }),
	'GET /fhir/R4/:type/:id': ({ people }) => ({ params: { type: 'Practitioner', id: people.doctor.id } }),
	'GET /fhir/R4/:type/:id#personal': ({ people }) => ({ params: { type: 'Patient', id: people.patient.id } }),
	'PUT /fhir/R4/:type/:id': ({ people }) => ({
		params: { type: 'Patient', id: people.patient.id },
		body: { resourceType: 'Patient', id: people.patient.id },
	}),
	'POST /fhir/R4/Appointment/$find': () => ({ body: { resourceType: 'Parameters' } }),
	'POST /fhir/R4/Appointment/$hold': () => ({ body: { resourceType: 'Parameters' } }),
	'POST /fhir/R4/Appointment/$book': () => ({ body: { resourceType: 'Parameters' } }),
	'GET /fhir/R4/bulk/:file': () => ({ params: { file: 'Slot.ndjson' } }),
	'POST /api/v1/admin/users': () => ({ body: { ...newAccount(), role: 'receptionist' } }),
	'PATCH /api/v1/admin/users/:id': scene => ({ ...ofPatient(scene), body: { status: 'active' } }),
	'DELETE /api/v1/admin/users/:id/second-factor': aGuardedColleague,
	'GET /api/v1/admin/analytics': () => ({ query: soon() }),
	'GET /api/v1/admin/appointments.csv': () => ({ query: soon() }),
	'POST /api/v1/admin/jobs/:name/run': () => ({ params: { name: 'clean up' } }),
}

type Payload = (scene: Scene, caller: Caller) => unknown

/** Valid payloads of events. */
export const payloads: Record<string, Payload> = {
	'calendar:watch': ({ people }) => ({ doctorId: people.doctor.id, ...soon() }),
	'calendar:unwatch': ({ people }) => ({ doctorId: people.doctor.id }),
	'slot:hold': scene => ({ slotId: scene.aSlot() }),
	'slot:hold-any': scene => aTimeAtAny(scene),
	'slot:release': async scene => ({ slotId: await scene.aHeldSlot() }),
	'appointment:book': (scene, caller) => ({
		slotId: scene.aSlot(),
		idempotencyKey: randomUUID(),
		...(booksForOthers(caller) && { patientId: scene.people.patient.id }),
	}),
	'appointment:book#for-the-patient': scene => ({
		slotId: scene.aSlot(),
		idempotencyKey: randomUUID(),
		patientId: scene.people.patient.id,
	}),
	'appointment:cancel': async scene => ({ appointmentId: await scene.anAppointment() }),
	'appointment:reschedule': async scene => ({
		appointmentId: await scene.anAppointment(),
		slotId: scene.aSlot(),
		idempotencyKey: randomUUID(),
	}),
	'room:watch': ({ people }) => ({ doctorId: people.doctor.id }),
	'room:watch#by-link': async scene => ({ link: linkTo(scene, await scene.theAppointment()) }),
	'room:watch#by-a-wrong-screen': () => ({ siteId: '1', screenToken: 'made up' }),
	'room:unwatch': ({ people }) => ({ doctorId: people.doctor.id }),
	'session:renew': ({ people }) => ({ token: people.patient.token }),
}
