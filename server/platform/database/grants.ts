import { type Db, inTurn, readSql } from './database.ts'

/** Whether there is a role apart for servers, and this connection is the owner's, who says what that role may do. */
export async function mayGrant(db: Db): Promise<boolean> {
	const { rows } = await db.raw(`
		SELECT FROM pg_roles, pg_class
		WHERE rolname = 'liveslot_app' AND pg_class.oid = 'audit_log'::regclass
		  AND pg_has_role(relowner, 'USAGE')`)
	return rows.length > 0
}

const roles = readSql('../../../db/roles.sql', import.meta.url)

/** Tells the database what servers may do with the tables that there are now. */
export const grantToServer = (db: Db): Promise<void> => inTurn(db, 'liveslot migrations', async trx => void (await trx.raw(roles)))
