import { expect } from 'chai'
import { searchCondition } from '../../server/patients/search.ts'

const valuesOf = (query: string) => searchCondition(query)?.values

describe('the condition of a search', () => {
	it('is none for an empty query', () => {
		for (const query of ['', ' ', '\t\n']) expect(searchCondition(query)).to.equal(undefined)
	})

	it('requires every word, anywhere in the name or e-mail address', () => {
		expect(valuesOf('anna  miller')).to.deep.equal(['anna', 'anna', 'miller', 'miller'])
	})

	it('searches only the name for one or two letters', () => {
		expect(valuesOf('an')).to.deep.equal(['an'])
		expect(valuesOf('李')).to.deep.equal(['李'])
		expect(searchCondition('an')?.sql).not.to.include('email')
	})

	it('searches phone numbers too for three digits or more', () => {
		expect(valuesOf('0176-55')).to.include('%17655%')
		expect(valuesOf('+49 (30) 1')).to.include('%301%')
		expect(valuesOf('anna 0176')).to.include('%176%')
		for (const query of ['12', 'room101', '+-()']) expect(searchCondition(query)?.sql).not.to.include('phone')
	})

	it('takes the database’s wildcards literally', () => {
		expect(valuesOf('100%')).to.include('100%')
		expect(searchCondition('100%')?.sql).to.include('LIKE containing(folded(?))')
		expect(searchCondition(`x'; DROP TABLE patients`)?.sql).not.to.include('DROP')
	})

	it('is the same for composed and decomposed accents, and has each word once', () => {
		expect(valuesOf('Zoe\u0308')).to.deep.equal(valuesOf('Zoë'))
		expect(valuesOf('anna anna')).to.deep.equal(valuesOf('anna'))
	})
})
