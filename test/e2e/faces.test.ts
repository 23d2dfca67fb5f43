import { expect } from 'chai'
import ICAL from 'ical.js'
import { mailsWhen } from '../reminders/a-clinic.ts'
import { desktop, phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { anAdmin } from '../support/people.ts'

describe('a patient who looks for a clinic', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()
	const address = 'Invalidenstraße 117, 10115 Berlin'

	it('finds a doctor for “Haut” in German, reads where and for how long, books, and reads the same in the letter and the calendar', async () => {
		const patient = await browsing.visitor({ ...phone, locale: 'de-DE' })
		await signIn(patient, node.url, 'patient5@clinic.example', { path: '/' })
		await patient.getByLabel('Wo', { exact: true }).selectOption('Berlin Mitte')
		await patient.getByRole('link', { name: 'Dr. Isla McKenzie', exact: true }).waitFor({ state: 'detached' })
		await patient.getByRole('searchbox').fill('Haut')
		await patient.getByRole('link', { name: 'Dr. Anna Lindner', exact: true }).waitFor({ state: 'detached' })
		const card = patient.getByRole('listitem').filter({ hasText: 'Dr. Rafael Lima' })
		expect(await card.first().innerText())
			.to.include('Dermatologie')
			.and.include('Berlin Mitte')
		await patient.getByRole('link', { name: 'Dr. Rafael Lima', exact: true }).click()
		await patient.getByText(address).first().waitFor()
		await patient.getByText('Spricht').waitFor()
		expect(await patient.title()).to.equal('Dr. Rafael Lima · Meridian Group Practice')

		await patient.getByRole('button', { name: 'Spätere Tage' }).click()
		await patient
			.getByRole('button', { name: /, ([5-9]|\d\d) freie Zeiten$/ })
			.first()
			.click()
		await patient
			.getByRole('button', { name: /^\d\d:\d\d, frei/ })
			.first()
			.click()
		const sheet = patient.getByRole('dialog')
		await sheet.getByText(address).waitFor()
		await sheet.getByText('Sprechstunde').waitFor()
		await sheet.getByText('Für diesen Termin sind 20 Minuten reserviert.').waitFor()
		await sheet.getByText('€ 40').waitFor()
		const span = await sheet.getByText(/\d\d:\d\d – \d\d:\d\d/).innerText()
		await sheet.getByRole('button', { name: 'Termin buchen' }).click()
		await sheet.getByTestId('booked').waitFor()

		const [letter] = await mailsWhen(node, 'patient5@clinic.example', 1)
		const [from = '', until = ''] = span.split(' – ')
		expect(letter?.text).to.match(new RegExp(`${from}\\s?–\\s?${until}`))
		for (const text of ['Berlin Mitte', address, '+49 30 5550100', '€ 40', 'https://clinic.example/imprint'])
			expect(letter?.text).to.include(text)
		const visit = await node
			.db('appointments as a')
			.join('patients as p', 'p.id', 'a.patient_id')
			.where({ 'p.email': 'patient5@clinic.example', 'a.status': 'booked' })
			.where('a.starts_at', '>', new Date())
			.first('a.*')
		const { body } = await call(node, 'POST', '/auth/login', { body: { email: 'patient5@clinic.example', password: 'demo-clinic-2026' } })
		const file = await fetch(`${node.url}/api/v1/appointments/${visit.id}/calendar.ics`, {
			headers: { authorization: `Bearer ${body.accessToken}` },
		})
		const event = new ICAL.Event(new ICAL.Component(ICAL.parse(await file.text())).getFirstSubcomponent('vevent') as ICAL.Component)
		expect(event.location).to.equal(`Berlin Mitte, ${address}`)
		expect(event.endDate.toJSDate().getTime() - event.startDate.toJSDate().getTime()).to.equal(20 * 60_000)
		expect(browsing.complaints).to.deep.equal([])
	})

	it('reads who the clinic is, where its sites are and how to call them, and goes on to the doctors of a site', async () => {
		const visitor = await browsing.visitor(desktop)
		await visitor.goto(node.url)
		await visitor.getByRole('contentinfo').getByRole('link', { name: 'Meridian Group Practice' }).click()
		await visitor.getByRole('heading', { level: 1, name: 'Meridian Group Practice' }).waitFor()
		const site = visitor.getByRole('listitem').filter({ has: visitor.getByRole('heading', { name: 'Kolkata Park Street' }) })
		expect(await site.innerText())
			.to.include('56 Park Street')
			.and.include('Metro Park Street')
		expect(await site.getByRole('link', { name: '+91 33 55501000' }).getAttribute('href')).to.equal('tel:+913355501000')
		expect(await site.getByRole('link', { name: 'Show on a map' }).getAttribute('href')).to.match(
			/^https:\/\/www\.openstreetmap\.org\/search\?query=56%20Park/,
		)
		for (const [name, href] of [
			['Imprint', 'https://clinic.example/imprint'],
			['Privacy', 'https://clinic.example/privacy'],
		] as const)
			expect(await visitor.getByRole('contentinfo').getByRole('link', { name }).getAttribute('href')).to.equal(href)
		await site.getByRole('link', { name: 'Doctors at Kolkata Park Street' }).click()
		await visitor.getByRole('link', { name: 'Dr. Priya Raman', exact: true }).waitFor()
		expect(await visitor.getByRole('link', { name: 'Dr. Anna Lindner', exact: true }).count()).to.equal(0)
		await visitor.getByLabel('Language', { exact: true }).first().waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	it('sees the clinic’s name and colour before a script has run, in the manifest too, and a new name at once', async () => {
		const page = async () => await (await fetch(node.url)).text()
		const manifest = async () =>
			(await fetch(`${node.url}/manifest.webmanifest`)).json() as Promise<{ name: string; theme_color: string; icons: { src: string }[] }>
		expect(await page())
			.to.include('<title>Meridian Group Practice</title>')
			.and.match(/<meta name="theme-color" content="#2[0-9a-f]{5}"/)
		const before = await manifest()
		expect(before.name).to.equal('Meridian Group Practice')
		expect(before.icons[0]?.src).to.match(/^\/api\/v1\/clinic\/logo\?v=/)
		expect(before.theme_color)
			.to.match(/^#[0-9a-f]{6}$/)
			.and.not.equal('#0b7285')
		const { token } = await anAdmin(node)
		const name = 'A </script><b>new</b> "name" & more'
		expect((await call(node, 'PATCH', '/clinic', { token, body: { name, accent: null } })).status).to.equal(200)
		expect(await manifest()).to.include({ name, theme_color: '#0b7285' })
		const html = await page()
		expect(html).to.include('<title>A &#60;/script&#62;&#60;b&#62;new').and.not.include('</script><b>')
		const visitor = await browsing.visitor(desktop)
		await visitor.goto(node.url)
		await visitor.getByRole('heading', { level: 1, name: 'Find a doctor' }).waitFor()
		expect(await visitor.title()).to.equal(`Find a doctor · ${name}`)
		await visitor.getByRole('banner').getByText(name).waitFor()
	})
})
