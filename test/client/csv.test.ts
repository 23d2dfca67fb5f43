import { expect } from 'chai'
import { toCsv } from '../../contract/csv.ts'

describe('a CSV file', () => {
	const linesOf = (...cells: (string | number | null)[]) => toCsv(['a'], [cells]).slice(1).split('\r\n')

	it('begins with the mark of UTF-8, and ends every line as RFC 4180 says', () => {
		expect(toCsv(['Day', 'Gebucht'], [['2026-11-23', 3]])).to.equal('\uFEFF"Day","Gebucht"\r\n"2026-11-23",3\r\n')
	})

	it('keeps separators, quotes and line breaks inside their cell', () => {
		expect(linesOf('a "b", c')[1]).to.equal('"a ""b"", c"')
		expect(toCsv([], [['a\r\nb']])).to.contain('"a\r\nb"')
	})

	it('turns no text into a formula, and leaves numbers unchanged', () => {
		for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '＝1', '＠x']) expect(linesOf(text)[1]).to.equal(`"'${text}"`)
		expect(linesOf('Dr. Ann-Marie = A+', -2.5, null)[1]).to.equal('"Dr. Ann-Marie = A+",-2.5,')
	})
})
