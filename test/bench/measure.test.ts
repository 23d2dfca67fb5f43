import { expect } from 'chai'
import { alternate, quantile, type Row, ratioRow, summarise } from '../../bench/support/measure.ts'
import { asJson, chart, table } from '../../bench/support/report.ts'

const aRow = (overrides: Partial<Row> = {}): Row => ({
	name: 'bookings',
	target: { atLeast: 1.5, unit: 'x' },
	values: [1.6, 1.2, 2],
	...overrides,
})

describe('measuring', () => {
	it('interpolates quantiles between values', () => {
		expect(quantile([4, 1, 3, 2], 0.5)).to.equal(2.5)
		expect(quantile([1, 2, 3, 4, 5], 1)).to.equal(5)
		expect(quantile([7], 0.99)).to.equal(7)
		expect(quantile([], 0.5)).to.be.NaN
	})

	it('computes the ratio of each round, not of the sums', () => {
		const pairs = [
			{ subject: 20, baseline: 10 },
			{ subject: 300, baseline: 100 },
		]
		expect(ratioRow('x', { atLeast: 1, unit: 'x' }, pairs, 'a second').values).to.deep.equal([2, 3])
	})

	it('compares the median with the target', () => {
		expect(summarise(aRow())).to.deep.equal({ min: 1.2, median: 1.6, max: 2, met: true })
		expect(summarise(aRow({ target: { atMost: 1.5, unit: 'x' } })).met).to.equal(false)
		expect(summarise(aRow({ values: [] })).met).to.equal(false)
	})

	it('measures both sides in turns, alternates which goes first, and ignores the warm-up round', async () => {
		const order: string[] = []
		const side = (name: string) => async (round: number) => {
			order.push(name + round)
			return round
		}
		const pairs = await alternate({ rounds: 2, subject: side('s'), baseline: side('b') })
		expect(order).to.deep.equal(['s0', 'b0', 'b1', 's1', 's2', 'b2'])
		expect(pairs).to.deep.equal([
			{ subject: 1, baseline: 1 },
			{ subject: 2, baseline: 2 },
		])
	})
})

describe('the report', () => {
	const measured = { unit: 'a second', subject: [300, 310, 290], baseline: [100, 99, 101] }
	const rows = [
		aRow({ measured }),
		aRow({ name: 'hold <to> sight', target: { atMost: 2, unit: 'ms' }, values: [3, 150], note: 'two nodes' }),
	]

	it('has a line for each benchmark with its target and whether it was met', () => {
		expect(table(rows).split('\n')).to.deep.equal([
			'benchmark        target    min  median   max',
			'bookings         >= 1.5x  1.20    1.60  2.00  met      300 : 100 a second',
			'hold <to> sight  <= 2 ms  3.00   76.50   150  NOT MET  two nodes',
		])
	})

	it('has a well-formed chart', () => {
		const svg = chart(rows)
		expect(svg)
			.to.match(/^<svg /)
			.and.to.include('hold &lt;to&gt; sight')
		expect(svg).not.to.match(/NaN|undefined/)
		expect(svg.match(/<circle /g)).to.have.length(2)
	})

	it('has all results as JSON for programs', () => {
		const machine = { cpus: 2, model: 'a', loadAverage: [0, 0, 0], node: 'v20', at: '2026-01-01T00:00:00.000Z' }
		const { rows: read } = JSON.parse(asJson(rows, machine))
		expect(read[0]).to.include({ name: 'bookings', median: 1.6, met: true })
	})
})
