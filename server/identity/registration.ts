import type { z } from 'zod'
import type { identityEndpoints } from '../../contract/index.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { ensureProfile, insertAccount } from './accounts.ts'
import { hashPassword } from './passwords.ts'
import { type Client, openSession } from './sessions.ts'
import type { SignedIn } from './sign-in.ts'

export type Registration = z.output<typeof identityEndpoints.register.body>

/** Opens an account and its first session. A doctor's account is pending until an admin approves it. @throws Refusal email_taken */
export async function register(db: Db, registration: Registration, client: Client): Promise<SignedIn> {
	const { email, password, fullName, phone = null, role, specialty, timeZone } = registration
	const passwordHash = await hashPassword(password)
	return await inTransaction(db, async trx => {
		const status = role === 'doctor' ? 'pending' : 'active'
		const account = await insertAccount(trx, { email, passwordHash, fullName, phone, role, status })
		await ensureProfile(trx, account, { specialty, timeZone })
		const session = await openSession(trx, account.id, client)
		await recordAudit(trx, {
			actor: { userId: account.id },
			origin: client.origin,
			action: 'registered',
			entity: 'user',
			entityId: account.id,
			details: { role },
		})
		return { account, session }
	})
}
