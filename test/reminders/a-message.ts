import type { Message } from '../../server/reminders/message.ts'

/** A reminder to a patient who can be reached by every channel. */
export const aMessage = (changes: Partial<Message> = {}): Message => ({
	id: '77',
	kind: 'reminder',
	patient: { id: '5', fullName: 'Ada', email: 'ada@example.com', phone: '+49 (30) 123-456', userId: '5', language: 'en' },
	visit: {
		id: '9',
		sequence: 0,
		startsAtMs: Date.parse('2031-07-09T08:00:00Z'),
		endsAtMs: Date.parse('2031-07-09T08:30:00Z'),
		updatedAtMs: Date.parse('2031-07-01T08:00:00Z'),
		doctorName: 'Dr. Grace',
		timeZone: 'Europe/Berlin',
		face: { clinic: { name: 'Liveslot', locale: 'en' }, typeName: 'Consultation' },
	},
	links: { visit: 'https://clinic.example/n/visit', unsubscribe: 'https://clinic.example/n/stop' },
	...changes,
})
