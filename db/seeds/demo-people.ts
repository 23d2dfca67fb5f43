import type { WeeklyHours } from '../../contract/index.ts'

type DemoDoctor = {
	email: string
	fullName: string
	title: string
	specialty: string
	specialtyCode: string
	timeZone: string
	bio: string
	languages: string[]
	slotMinutes: number
	weekly: WeeklyHours[]
}

const [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = [1, 2, 3, 4, 5, 6, 7] as const
const workdays = [monday, tuesday, wednesday, thursday, friday]

/** Doctors at three sites in three time zones, some with hours at weekends, so that there is always a slot to book soon. */
export const doctors: DemoDoctor[] = [
	{
		email: 'doctor@clinic.example',
		fullName: 'Dr. Anna Lindner',
		title: 'Specialist in general practice',
		specialty: 'General practice',
		specialtyCode: '208D00000X',
		timeZone: 'Europe/Berlin',
		bio: 'Family doctor since 2004, and of three generations of some families. Likes to explain.',
		languages: ['de', 'en'],
		slotMinutes: 30,
		weekly: on(workdays, ['08:00', '12:00'], ['13:00', '17:00']),
	},
	{
		email: 'marcus.okafor@clinic.example',
		fullName: 'Dr. Marcus Okafor',
		title: 'MD, FACC',
		specialty: 'Cardiology',
		specialtyCode: '207RC0000X',
		timeZone: 'America/New_York',
		bio: 'Hearts, and what keeps them well. Trained in Lagos and New York.',
		languages: ['en', 'fr'],
		slotMinutes: 30,
		weekly: on([monday, wednesday, friday], ['09:00', '12:00'], ['13:30', '16:30']),
	},
	{
		email: 'priya.raman@clinic.example',
		fullName: 'Dr. Priya Raman',
		title: 'MBBS, DCH',
		specialty: 'Paediatrics',
		specialtyCode: '208000000X',
		timeZone: 'Asia/Kolkata',
		bio: 'Children from the first day to the last school year. Parents may ask anything.',
		languages: ['en', 'hi', 'bn', 'ta'],
		slotMinutes: 20,
		weekly: on([monday, tuesday, thursday, saturday], ['09:30', '12:50']),
	},
	{
		email: 'isla.mckenzie@clinic.example',
		fullName: 'Dr. Isla McKenzie',
		title: 'MD, board-certified',
		specialty: 'General practice',
		specialtyCode: '208D00000X',
		timeZone: 'America/New_York',
		bio: 'There on seven days a week, for everything that cannot wait for a specialist.',
		languages: ['en'],
		slotMinutes: 15,
		weekly: on([...workdays, saturday, sunday], ['10:00', '12:00']),
	},
	{
		email: 'rafael.lima@clinic.example',
		fullName: 'Dr. Rafael Lima',
		title: 'Specialist in dermatology',
		specialty: 'Dermatology',
		specialtyCode: '207N00000X',
		timeZone: 'Europe/Berlin',
		bio: 'Skin, hair and nails. Looks after children’s eczema as carefully as after moles.',
		languages: ['pt-BR', 'de', 'en', 'es'],
		slotMinutes: 20,
		weekly: on([monday, tuesday, thursday], ['08:00', '12:00']),
	},
	{
		email: 'meiling.chen@clinic.example',
		fullName: 'Dr. Mei-Ling Chen',
		title: 'MD, eye surgeon',
		specialty: 'Ophthalmology',
		specialtyCode: '207W00000X',
		timeZone: 'America/New_York',
		bio: 'Eyes: glasses, cataracts, glaucoma. Works when others are off.',
		languages: ['en', 'zh-Hans'],
		slotMinutes: 15,
		weekly: on([friday, saturday, sunday], ['10:00', '13:00']),
	},
	{
		email: 'yusuf.demir@clinic.example',
		fullName: 'Dr. Yusuf Demir',
		title: 'Specialist in orthopaedics and surgery',
		specialty: 'Orthopaedics',
		specialtyCode: '207X00000X',
		timeZone: 'Europe/Berlin',
		bio: 'Knees, shoulders and backs. Surgery when nothing else helps.',
		languages: ['de', 'tr', 'en'],
		slotMinutes: 20,
		weekly: on([monday, wednesday, thursday], ['08:00', '13:00']),
	},
	{
		email: 'sofia.hartmann@clinic.example',
		fullName: 'Dr. Sofia Hartmann',
		title: 'Specialist in gynaecology',
		specialty: 'Gynaecology',
		specialtyCode: '207VG0400X',
		timeZone: 'Europe/Berlin',
		bio: 'Takes time, and speaks plainly.',
		languages: ['de', 'en', 'ar'],
		slotMinutes: 30,
		weekly: on([tuesday, thursday, friday], ['09:00', '12:00'], ['14:00', '18:00']),
	},
	{
		email: 'arjun.mehta@clinic.example',
		fullName: 'Dr. Arjun Mehta',
		title: 'MS (ENT)',
		specialty: 'Ear, nose and throat',
		specialtyCode: '207Y00000X',
		timeZone: 'Asia/Kolkata',
		bio: 'Ears, noses and throats, of singers and everyone else.',
		languages: ['en', 'hi', 'bn'],
		slotMinutes: 15,
		weekly: on([wednesday, saturday, sunday], ['16:00', '19:00']),
	},
	{
		email: 'camila.duarte@clinic.example',
		fullName: 'Dr. Camila Duarte',
		title: 'MD, psychotherapist',
		specialty: 'Psychiatry',
		specialtyCode: '2084P0800X',
		timeZone: 'America/New_York',
		bio: 'Listens. Talks, medicines, and both.',
		languages: ['en', 'es', 'pt-BR'],
		slotMinutes: 30,
		weekly: on([monday, wednesday, friday], ['13:00', '18:00']),
	},
]

export const staff = [
	{ email: 'admin@clinic.example', fullName: 'Helena Novak', role: 'admin' },
	{ email: 'reception@clinic.example', fullName: 'Tom Becker', role: 'receptionist' },
]

const firstNames =
	'Amara Ben Chloé Diego Elif Farid Grace Hiroshi Ingrid Jamal Katya Liam Maya Noor Olga Pedro Quinn Rosa Samuel Thandi'.split(' ')
const lastNames = 'Abebe Brandt Costa Dubois Eriksen Fischer García Haddad Ivanova Jensen Kaya Lopes Müller Nguyen Okoye Patel'.split(' ')

const phone = (n: number) => `+49 30 555${String(10_000 + n * 37).padStart(5, '0')}`

/** Patients with an account: `patient@`, `patient2@` … `patient20@clinic.example`. */
export const patients = Array.from({ length: 20 }, (_, n) => ({
	...personNamed(n * 3),
	email: `patient${n === 0 ? '' : n + 1}@clinic.example`,
}))

/** Patients without an account, who telephone the desk. Every third left an e-mail address. */
export const callers = Array.from({ length: 220 }, (_, n) => ({
	...personNamed(100 + n),
	email: n % 3 === 0 ? `caller${n}@example.com` : null,
}))

function on(weekdays: number[], ...hours: [start: string, end: string][]): WeeklyHours[] {
	return weekdays.flatMap(weekday => hours.map(([start, end]) => ({ weekday, start, end })))
}

function personNamed(n: number) {
	return {
		fullName: `${firstNames[n % firstNames.length]} ${lastNames[(n * 7 + Math.floor(n / firstNames.length)) % lastNames.length]}`,
		phone: phone(n),
		birthDate: new Date(Date.UTC(1936 + ((n * 29) % 84), (n * 5) % 12, 1 + ((n * 11) % 28))).toISOString().slice(0, 10),
	}
}
