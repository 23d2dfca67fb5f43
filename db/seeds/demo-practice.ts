/** Who the demo clinic is: one group practice at three sites. */
export const clinic = {
	name: 'Meridian Group Practice',
	address: { line: 'Invalidenstraße 117', postalCode: '10115', city: 'Berlin', country: 'DE' },
	phone: '+49 30 5550100',
	email: 'hello@clinic.example',
	website: 'https://clinic.example/',
	timeZone: 'Europe/Berlin',
	privacyUrl: 'https://clinic.example/privacy',
	imprintUrl: 'https://clinic.example/imprint',
	accent: '#2456a6',
}

export const sites = [
	{
		name: 'Berlin Mitte',
		address: clinic.address,
		phone: '+49 30 5550100',
		timeZone: 'Europe/Berlin',
		directions: 'Second floor. The lift is in the courtyard. U6 Naturkundemuseum, tram M5 and M8.',
	},
	{
		name: 'New York Chelsea',
		address: { line: '210 West 23rd Street', postalCode: '10011', city: 'New York', region: 'NY', country: 'US' },
		phone: '+1 212 5550100',
		timeZone: 'America/New_York',
		directions: 'Ring at suite 4. Step-free from 23rd Street. Subway C, E and 1.',
	},
	{
		name: 'Kolkata Park Street',
		address: { line: '56 Park Street', postalCode: '700016', city: 'Kolkata', region: 'West Bengal', country: 'IN' },
		phone: '+91 33 55501000',
		timeZone: 'Asia/Kolkata',
		directions: 'Ground floor, opposite the bookshop. Metro Park Street, exit 2.',
	},
]

/** Days off: at one site, or without a site at all of them. The first Wednesday three weeks ahead, and the next New Year's Day. */
export const closuresAfter = (now: Date) => {
	const teamDay = new Date(now.getTime() + 21 * 86_400_000)
	teamDay.setUTCDate(teamDay.getUTCDate() + ((3 - teamDay.getUTCDay() + 7) % 7))
	return [
		{ site: 'Berlin Mitte', day: teamDay.toISOString().slice(0, 10), name: 'Team day' },
		{ site: null, day: `${now.getUTCFullYear() + 1}-01-01`, name: 'New Year’s Day' },
	]
}

/** What the clinic offers. With a specialty: by its doctors alone. */
export const types = [
	{
		name: 'Consultation',
		minutes: 15,
		description: 'A question, a symptom, a result to talk about.',
		price: '€ 40',
		color: '#2563eb',
		names: { de: 'Sprechstunde', es: 'Consulta', ar: 'استشارة' },
	},
	{
		name: 'Check-up',
		minutes: 30,
		description: 'A thorough look at everything once a year.',
		instructions: 'Please do not eat for eight hours before. Water is fine.',
		price: '€ 80',
		color: '#059669',
		names: { de: 'Vorsorge', es: 'Revisión', ar: 'فحص عام' },
	},
	{
		name: 'Vaccination',
		minutes: 15,
		description: 'Against influenza, tetanus and what your travels ask for.',
		instructions: 'Bring your vaccination card, if you have one.',
		price: '€ 25',
		color: '#d97706',
		names: { de: 'Impfung', es: 'Vacunación', ar: 'تطعيم' },
	},
	{
		name: 'Long consultation',
		minutes: 60,
		description: 'For what needs time.',
		price: '€ 150',
		color: '#7c3aed',
		names: { de: 'Ausführliches Gespräch', es: 'Consulta larga', ar: 'استشارة مطولة' },
	},
	{
		name: 'Skin screening',
		minutes: 20,
		description: 'Every mole, from head to toe.',
		instructions: 'Please come without make-up and nail polish.',
		minNoticeMinutes: 1440,
		dailyLimit: 6,
		price: '€ 60',
		color: '#db2777',
		names: { de: 'Hautkrebsvorsorge', es: 'Revisión de la piel', ar: 'فحص الجلد' },
		specialty: 'Dermatology',
	},
	{
		name: 'Emergency',
		minutes: 15,
		description: 'Given out by the desk only.',
		visibility: 'staff',
		color: '#dc2626',
		names: { de: 'Notfall', es: 'Urgencia', ar: 'حالة طارئة' },
	},
]
