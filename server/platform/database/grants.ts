import { type Db, inTurn, readSql } from './database.ts'

/** Whether servers have a role of their own and this connection is the owner's, who grants that role its rights. */
export async function mayGrant(db: Db): Promise<boolean> {
	const { rows } = await db.raw(`
		SELECT FROM pg_roles, pg_class
		WHERE rolname = 'liveslot_app' AND pg_class.oid = 'audit_log'::regclass
		  AND pg_has_role(relowner, 'USAGE')`)
	return rows.length > 0
}

const roles = readSql('../../../db/roles.sql', import.meta.url)

/** Grants the server's role its rights on the present tables. */
export const grantToServer = (db: Db): Promise<void> => inTurn(db, 'liveslot migrations', async trx => void (await trx.raw(roles)))
