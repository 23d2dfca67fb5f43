import { identityEndpoints } from '../../contract/index.ts'
import { ensureProfile, insertAccount } from '../identity/accounts.ts'
import { hashPassword } from '../identity/secrets.ts'
import { type Db, inTransaction, migrate } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Command, CommandError, type Context, withDatabase } from './command.ts'

/** Admins follow the rules of registration. */
const NewAdmin = identityEndpoints.register.body.pick({ email: true, fullName: true, password: true })

const flagOf: Record<string, string> = { email: '--email', fullName: '--name', password: 'The password' }

export const createAdmin: Command = {
	summary: 'Makes the first admin. The password is asked for, or taken from ADMIN_PASSWORD or the first line of the input.',
	options: {
		email: { type: 'string', explain: 'the address to sign in with' },
		name: { type: 'string', explain: 'the full name' },
		another: { type: 'boolean', explain: 'even if there is an admin already' },
	},
	run: async (context, given) => {
		const [email, fullName] = [given.text('email'), given.text('name')]
		if (!email) throw new CommandError('--email is missing')
		if (!fullName) throw new CommandError('--name is missing')
		const password = await readPassword(context)
		try {
			const address = await withDatabase(context, async db => {
				await migrate(db)
				return await insertAdmin(db, { email, fullName, password }, given.isOn('another'))
			})
			context.terminal.say(`${address} is an admin now`)
			return 0
		} catch (error) {
			if (error instanceof Refusal && error.code === 'email_taken') throw new CommandError('There is an account with this e-mail address')
			throw error
		}
	},
}

async function readPassword({ settings, terminal }: Context): Promise<string> {
	if (settings.adminPassword) return settings.adminPassword
	const password = await terminal.askSecretly('Password')
	if (terminal.isInteractive && (await terminal.askSecretly('The same again')) !== password)
		throw new CommandError('The two passwords differ')
	return password
}

async function insertAdmin(db: Db, input: unknown, evenIfThereIsOne: boolean): Promise<string> {
	const parsed = NewAdmin.safeParse(input)
	if (!parsed.success) {
		const [issue] = parsed.error.issues
		throw new CommandError(`${flagOf[String(issue?.path[0])]}: ${issue?.message}`)
	}
	const { email, fullName, password } = parsed.data
	const passwordHash = await hashPassword(password)
	return await inTransaction(db, async trx => {
		const admin = await trx('users').where({ role: 'admin', status: 'active' }).first('id')
		if (admin && !evenIfThereIsOne)
			throw new CommandError('There is an admin already, who makes further accounts; --another makes one all the same')
		const account = await insertAccount(trx, { email, passwordHash, fullName, phone: null, role: 'admin', status: 'active' })
		await ensureProfile(trx, account)
		await recordAudit(trx, {
			actor: null,
			action: 'created',
			entity: 'user',
			entityId: account.id,
			details: { role: 'admin', by: 'command line' },
		})
		return account.email
	})
}
