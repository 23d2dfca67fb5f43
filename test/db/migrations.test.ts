import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { createDatabase, type Db, migrate, migrationSource } from '../../server/platform/database/database.ts'
import { useDatabase } from '../support/servers.ts'

const shapeOf = async (db: Db): Promise<string[]> => {
	const { rows } = await db.raw(`
		SELECT format('column %s.%s %s %s', table_name, column_name, data_type, is_nullable) AS part
		FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT 'extension ' || extname FROM pg_extension
		UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
		ORDER BY part`)
	return rows
		.map(({ part }: { part: string }) => part)
		.filter((part: string) => !/ migrations(_lock)?\b|\bmigrations(_lock)?[._]/.test(part))
}

describe('the migrations', () => {
	const database = useDatabase()

	it('revert one by one to an empty schema, and run again to the same schema', async () => {
		const { db } = database
		const built = await shapeOf(db)
		expect(built).to.include('extension btree_gist').and.include('extension pg_trgm')
		for (let left = (await db.migrate.list())[0].length; left > 0; left--) {
			await db.migrate.down()
			expect((await db.migrate.list())[0]).to.have.lengthOf(left - 1)
		}
		expect(await shapeOf(db)).to.deep.equal(['extension plpgsql'])
		expect(await migrate(db)).not.to.be.empty
		expect(await shapeOf(db)).to.deep.equal(built)
		expect(await migrate(db)).to.be.empty
	})

	it('run once when several nodes start at once on an empty database', async () => {
		const { db } = database
		await db.migrate.rollback(undefined, true)
		await db.schema.dropTable('migrations').dropTable('migrations_lock')
		const nodes = Array.from({ length: 4 }, () => createDatabase({ url: database.url, poolSize: 1 }))
		const outcomes = await Promise.allSettled(nodes.map(node => migrate(node)))
		await Promise.all(nodes.map(node => node.destroy()))
		expect(outcomes.map(({ status }) => status)).to.deep.equal(nodes.map(() => 'fulfilled'))
		expect(await migrate(db)).to.be.empty
	})

	it('are named by time and purpose, and can each be reverted', async () => {
		const source = migrationSource()
		const files = await source.getMigrations([])
		expect(files).to.have.lengthOf(readdirSync(new URL('../../db/migrations/', import.meta.url)).length)
		for (const file of files) {
			expect(file).to.match(/^\d{12}_[a-z]+(_[a-z]+)+\.[jt]s$/)
			expect(await source.getMigration(file)).to.include.keys('up', 'down')
		}
	})
})
