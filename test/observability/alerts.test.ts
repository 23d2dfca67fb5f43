import { execFileSync, spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { parse } from 'yaml'
import { readQuery } from './a-query.ts'
import { alerts, dashboard, queries, readRoot, rootFile } from './rules.ts'

const promtool = process.env.PROMTOOL ?? 'promtool'

describe('an alert', () => {
	const names = alerts.map(({ alert }) => alert)

	it('has a unique name, a severity, and one line that says what is wrong', () => {
		expect(names.length).to.be.above(10)
		expect(new Set(names).size).to.equal(names.length)
		for (const { alert, labels, annotations } of alerts) {
			expect(alert).to.match(/^Liveslot[A-Z]\w+$/)
			expect(labels.severity, alert).to.be.oneOf(['page', 'ticket'])
			expect(annotations.summary, alert).to.match(/^\S[^\n]{10,80}$/)
		}
	})

	it('has a section in the runbook that says what it means and what to do', () => {
		const page = readRoot('docs/runbook.md')
		for (const { alert, annotations } of alerts) {
			expect(annotations.runbook, alert).to.equal(`docs/runbook.md#${alert.toLowerCase()}`)
			const [, section = ''] = page.split(new RegExp(`^### ${alert}$`, 'm'))
			const text = section.split(/^#{2,3} /m)[0] ?? ''
			expect(text, alert).to.match(/\*\*Means\.\*\* \S/)
			expect(text.split('**Do.**')[1]?.match(/^\d\. \S/gm) ?? [], `${alert}: steps`).to.have.length.at.least(2)
		}
		expect(
			anchorsOf(page).filter(anchor => anchor.startsWith('liveslot')),
			'sections without an alert',
		).to.have.members(names.map(name => name.toLowerCase()))
	})

	it('refers only to panels that exist', () => {
		const shown = new Set(
			dashboard.panels.flatMap(({ title, targets = [] }) => [title, ...targets.map(({ legendFormat }) => legendFormat)]),
		)
		const wanted = [...readRoot('docs/runbook.md').matchAll(/“([^”]+)”/g)].map(([, name = '']) => name.replace(/\s+/g, ' ').toLowerCase())
		expect(wanted.length).to.be.above(10)
		const known = [...shown].map(name => name.toLowerCase())
		for (const name of wanted)
			expect(
				known.some(each => each.startsWith(name)),
				name,
			).to.equal(true)
	})

	it('fires in the rules’ own tests', () => {
		const { tests } = parse(readRoot('deploy/prometheus/alerts.test.yml')) as {
			tests: { promql_expr_test: { exp_samples: { labels: string }[] }[] }[]
		}
		const ring = tests.flatMap(test => test.promql_expr_test.flatMap(each => each.exp_samples.map(({ labels }) => labels)))
		expect(ring.map(labels => /alertname="(\w+)"/.exec(labels)?.[1])).to.have.members(names)
	})

	// Needs promtool, of Debian's package `prometheus`; the tests above do not.
	if (spawnSync(promtool, ['--version']).error === undefined) {
		it('fires when it should, and not on a good day, says promtool', () => {
			expect(execFileSync(promtool, ['check', 'config', rootFile('deploy/prometheus/prometheus.yml')], { encoding: 'utf8' })).to.include(
				'SUCCESS',
			)
			expect(execFileSync(promtool, ['test', 'rules', rootFile('deploy/prometheus/alerts.test.yml')], { encoding: 'utf8' })).to.include(
				'SUCCESS',
			)
		})
	}
})

describe('the dashboard', () => {
	const { panels, templating } = dashboard

	it('has only valid PromQL', () => {
		expect(queries().length).to.be.above(60)
		for (const { where, expr } of queries()) expect(() => readQuery(expr), where).not.to.throw()
		expect(() => readQuery('sum(rate(up[))'), 'a slip is noticed').to.throw('no PromQL')
	})

	it('can be imported anywhere: no panel names a data source, and each one filters by the chosen nodes', () => {
		expect(templating.list.map(({ name }) => name)).to.deep.equal(['datasource', 'job', 'instance'])
		for (const { title, targets = [] } of panels) {
			for (const { expr, datasource } of targets) {
				expect(datasource, title).to.deep.equal({ type: 'prometheus', uid: `\${datasource}` })
				for (const { metric, labels } of readQuery(expr).selected)
					expect(labels, `${title}: ${metric}`).to.include.members(metric === 'up' ? ['job'] : ['job', 'instance'])
			}
		}
	})

	it('has no panels that overlap', () => {
		expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length)
		const taken = new Set<string>()
		for (const { type, title, targets = [], gridPos } of panels) {
			if (type !== 'row') expect(targets, title).to.have.length.at.least(1)
			expect(gridPos.x + gridPos.w, title).to.be.at.most(24)
			for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
				for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
					expect(taken.has(`${x} ${y}`), `${title} lies over another`).to.equal(false)
					taken.add(`${x} ${y}`)
				}
			}
		}
	})
})

/** The anchors of a page's sections. */
function anchorsOf(page: string) {
	return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
		title
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replaceAll(' ', '-'),
	)
}
